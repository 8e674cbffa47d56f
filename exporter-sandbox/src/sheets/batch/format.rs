//! `updateBorders`

use serde_json::{Map, Value};

use super::{Context, colours};
use crate::sheets::errors::Answer;
use crate::sheets::protect;
use crate::sheets::range::GridRange;

/// Sets the outer and inner borders of a range.
pub fn borders(context: &mut Context, body: &Value) -> Answer<()> {
    let range = GridRange::read(&body["range"])?;
    let (_, rect) = range.inside(context.spreadsheet)?;
    protect::check(context.spreadsheet, &range, context.actor)?;
    for row in rect.top..rect.bottom {
        for column in rect.left..rect.right {
            let side =
                |outer: bool, name: &str, inner: &str| body.get(if outer { name } else { inner }).cloned();
            let sides = [
                ("top", side(row == rect.top, "top", "innerHorizontal")),
                ("bottom", side(row + 1 == rect.bottom, "bottom", "innerHorizontal")),
                ("left", side(column == rect.left, "left", "innerVertical")),
                ("right", side(column + 1 == rect.right, "right", "innerVertical")),
            ];
            set(context, range.sheet, row, column, sides)?;
        }
    }
    Ok(())
}

fn set(
    context: &mut Context,
    sheet: i64,
    row: usize,
    column: usize,
    sides: [(&str, Option<Value>); 4],
) -> Answer<()> {
    let old = context.spreadsheet.tab(sheet)?.grid.row(row).format(column);
    let mut format = match context.spreadsheet.formats.get(old) {
        Some(Value::Object(format)) => format.clone(),
        _ => Map::new(),
    };
    let mut borders = match format.remove("borders") {
        Some(Value::Object(borders)) => borders,
        _ => Map::new(),
    };
    for (name, border) in sides {
        if let Some(mut border) = border {
            colours::complete_all(&mut border);
            if border["style"] == "NONE" {
                borders.remove(name);
            } else {
                borders.insert(name.to_owned(), border);
            }
        }
    }
    if !borders.is_empty() {
        format.insert("borders".to_owned(), Value::Object(borders));
    }
    let id = context.spreadsheet.format_id(Value::Object(format));
    context.spreadsheet.tab_mut(sheet)?.grid.row_mut(row).set_format(column, id);
    Ok(())
}
