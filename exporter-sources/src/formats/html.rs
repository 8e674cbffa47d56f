//! Tables of a web page, which panels like to hand out under the name `.xls`.

use exporter_core::{Error, ErrorKind, FileKind, Value};
use scraper::{ElementRef, Html, Selector};

use super::csv::decode;
use super::grid::Grid;
use super::{ReadOptions, Reading};

/// More columns than a spreadsheet has: a larger `colspan` is an attack or a mistake.
const MAX_SPAN: usize = 1000;

/// Reads the table with the expected columns, else the one with the most rows.
pub(super) fn read(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let page = Html::parse_document(&decode(bytes));
    let tables = selector("table")?;
    let mut best: Option<(usize, Grid)> = None;
    for table in page.select(&tables) {
        let (rows, grid) = grid(table, options)?;
        let expected = grid.has_header(&options.expect);
        if expected || best.as_ref().is_none_or(|(most, _)| rows > *most) {
            best = Some((rows, grid));
        }
        if expected {
            break;
        }
    }
    match best {
        Some((_, grid)) => grid.into_reading(FileKind::Html, 1, "a table of a web page".into(), options),
        None => Err(Error::new(ErrorKind::NoTable, "the web page has no table")),
    }
}

/// The rows of one table, its inner tables left out; spanned cells are repeated empty.
fn grid(table: ElementRef<'_>, options: &ReadOptions) -> Result<(usize, Grid), Error> {
    let (rows, cells) = (selector("tr")?, selector("td, th")?);
    let mut grid = Grid::new(options.limits.cells);
    let own = |element: &ElementRef<'_>, name: &str| {
        element
            .ancestors()
            .filter_map(ElementRef::wrap)
            .find(|ancestor| ancestor.value().name() == name)
            .map(|found| found.id())
    };
    // How many more rows the cell above reaches down, by column.
    let mut reaching: Vec<usize> = Vec::new();
    let mut count = 0;
    for (line, row) in (1..).zip(table.select(&rows).filter(|row| own(row, "table") == Some(table.id()))) {
        let mut values: Vec<Value> = Vec::new();
        for cell in row.select(&cells).filter(|cell| own(cell, "tr") == Some(row.id())) {
            while reaching.get(values.len()).is_some_and(|rows| *rows > 0) {
                reaching[values.len()] -= 1;
                values.push(Value::Empty);
            }
            let span = |name| {
                cell.value()
                    .attr(name)
                    .and_then(|span| span.trim().parse().ok())
                    .unwrap_or(1)
                    .clamp(1, MAX_SPAN)
            };
            let (across, down) = (span("colspan"), span("rowspan"));
            let text = cell.text().collect::<String>();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for index in 0..across {
                reaching.resize(reaching.len().max(values.len() + 1), 0);
                reaching[values.len()] = down - 1;
                values.push(if index == 0 { Value::text(&text) } else { Value::Empty });
            }
        }
        for rows in reaching.iter_mut().skip(values.len()) {
            *rows = rows.saturating_sub(1);
        }
        grid.push(values, line)?;
        count += 1;
    }
    Ok((count, grid))
}

fn selector(text: &str) -> Result<Selector, Error> {
    Selector::parse(text)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("selector `{text}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_inner_tables() {
        let page = b"<html><table><tr><th>ID</th><th>Nama</th><th>Kota</th></tr>\
            <tr><td rowspan=2>1</td><td>Budi <b>S</b></td><td>Bogor<table><tr><td>x</td></tr></table></td></tr>\
            <tr><td>Ani</td><td>Medan</td></tr></table></html>";
        let read = read(page, &ReadOptions::default()).unwrap();
        assert_eq!(read.table.len(), 2);
        assert_eq!(read.table.row(0)[1], Value::text("Budi S"));
        assert_eq!(read.table.row(1), [Value::Empty, Value::text("Ani"), Value::text("Medan")]);
    }
}
