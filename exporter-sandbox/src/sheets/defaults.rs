//! What a new spreadsheet looks like: its default format and theme.

use serde_json::{Map, Value, json};

use super::cell::Scalar;

/// Properties that every spreadsheet has unless it says otherwise.
pub fn spreadsheet() -> Vec<(String, Value)> {
    vec![
        ("autoRecalc".to_owned(), json!("ON_CHANGE")),
        ("defaultFormat".to_owned(), cell_format()),
        ("spreadsheetTheme".to_owned(), theme()),
    ]
}

/// The format of a cell as people see it: the default one, aligned by the kind of value,
/// under the cell's own. A link shows unless the cell's own look says otherwise.
pub fn effective_format(value: &Scalar, own: Option<&Value>, link: Option<&str>) -> Value {
    let mut format = cell_format();
    format["textFormat"]["fontFamily"] = json!("Arial");
    let side = match value {
        Scalar::Number(_) => Some("RIGHT"),
        Scalar::Bool(_) | Scalar::Error(..) => Some("CENTER"),
        Scalar::Text(_) => Some("LEFT"),
        Scalar::Empty => None,
    };
    if let Some(side) = side {
        format["horizontalAlignment"] = json!(side);
    }
    if let Some(uri) = link {
        let blue = theme_color("LINK");
        let look = json!({ "link": { "uri": uri }, "underline": true, "foregroundColor": blue,
            "foregroundColorStyle": { "rgbColor": blue } });
        overlay(&mut format["textFormat"], &look);
    }
    if let Some(own) = own {
        overlay(&mut format, own);
    }
    format["hyperlinkDisplayType"] = json!(if link.is_some() { "LINKED" } else { "PLAIN_TEXT" });
    format
}

fn overlay(target: &mut Value, source: &Value) {
    match (target, source) {
        (Value::Object(target), Value::Object(source)) => {
            for (name, value) in source {
                let whole = name.contains("olor");
                match target.get_mut(name) {
                    Some(known) if !whole => overlay(known, value),
                    _ => drop(target.insert(name.clone(), value.clone())),
                }
            }
        }
        (target, source) => *target = source.clone(),
    }
}

fn cell_format() -> Value {
    let white = json!({ "red": 1, "green": 1, "blue": 1 });
    json!({
        "backgroundColor": white,
        "padding": { "top": 2, "right": 3, "bottom": 2, "left": 3 },
        "verticalAlignment": "BOTTOM",
        "wrapStrategy": "OVERFLOW_CELL",
        "textFormat": {
            "foregroundColor": {},
            "fontFamily": "arial,sans,sans-serif",
            "fontSize": 10,
            "bold": false,
            "italic": false,
            "strikethrough": false,
            "underline": false,
            "foregroundColorStyle": { "rgbColor": {} },
        },
        "backgroundColorStyle": { "rgbColor": white },
    })
}

/// The theme's colours, as bytes.
const THEME: [(&str, [u8; 3]); 9] = [
    ("TEXT", [0, 0, 0]),
    ("BACKGROUND", [255, 255, 255]),
    ("ACCENT1", [66, 133, 244]),
    ("ACCENT2", [234, 67, 53]),
    ("ACCENT3", [251, 188, 4]),
    ("ACCENT4", [52, 168, 83]),
    ("ACCENT5", [255, 109, 1]),
    ("ACCENT6", [70, 189, 198]),
    ("LINK", [17, 85, 204]),
];

/// The colour behind a role in the theme, for instance `ACCENT1`.
pub fn theme_color(role: &str) -> Option<Value> {
    THEME.iter().find(|(name, _)| *name == role).map(|(_, bytes)| color(*bytes))
}

fn theme() -> Value {
    let colors: Vec<Value> = THEME
        .iter()
        .map(|(name, bytes)| json!({ "colorType": name, "color": { "rgbColor": color(*bytes) } }))
        .collect();
    json!({ "primaryFontFamily": "Arial", "themeColors": colors })
}

fn color(bytes: [u8; 3]) -> Value {
    let mut color = Map::new();
    for (name, byte) in ["red", "green", "blue"].into_iter().zip(bytes) {
        if byte > 0 {
            // The shortest text of the 32-bit share, as the API prints colours.
            let share = f32::from(byte) / 255.0;
            let printed = share.to_string().parse::<f64>().unwrap_or_default();
            color.insert(name.to_owned(), json!(printed));
        }
    }
    Value::Object(color)
}
