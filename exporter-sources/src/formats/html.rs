//! Tables of a web page, which panels like to hand out under the name `.xls`.

use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use exporter_core::{Error, ErrorKind, FileKind, Value};
use scraper::{ElementRef, Html, Node, Selector};

use super::csv::decode;
use super::grid::{Grid, Merge};
use super::{ReadOptions, Reading};

/// The largest `colspan` and `rowspan` that HTML knows (HTML Standard, 4.9.11).
const MAX_ACROSS: u32 = 1000;
const MAX_DOWN: u32 = 65_534;

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 12] = ["br", "p", "div", "li", "ul", "ol", "tr", "td", "th", "table", "h1", "h2"];
/// Elements whose text no one sees.
const HIDDEN: [&str; 3] = ["script", "style", "template"];

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

/// The rows of one table, its inner tables left out.
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
    let mut reaching: Vec<u32> = Vec::new();
    let mut count = 0;
    for (line, row) in (1_u32..).zip(table.select(&rows).filter(|row| own(row, "table") == Some(table.id())))
    {
        let mut values: Vec<Value> = Vec::new();
        for cell in row.select(&cells).filter(|cell| own(cell, "tr") == Some(row.id())) {
            while let Some(rows) = reaching.get_mut(values.len()).filter(|rows| **rows > 0) {
                *rows -= 1;
                values.push(Value::Empty);
            }
            let span = |name, most: u32| {
                let span = cell.value().attr(name).and_then(|span| span.trim().parse().ok());
                span.unwrap_or(1).clamp(1, most)
            };
            let (across, down) = (span("colspan", MAX_ACROSS), span("rowspan", MAX_DOWN));
            let left = values.len();
            values.push(Value::text(text(cell)));
            values.resize(left + across as usize, Value::Empty);
            reaching.resize(reaching.len().max(values.len()), 0);
            reaching[left..values.len()].fill(down - 1);
            grid.merge(Merge { top: line, bottom: line + down - 1, left, right: values.len() - 1 })?;
        }
        for rows in reaching.iter_mut().skip(values.len()) {
            *rows = rows.saturating_sub(1);
        }
        grid.push(values, line)?;
        count += 1;
    }
    Ok((count, grid))
}

/// The text of a cell as a browser shows it: line breaks and blocks part words, scripts are
/// not seen.
fn text(cell: ElementRef<'_>) -> String {
    let mut text = String::new();
    for edge in cell.traverse() {
        let node = match edge {
            Edge::Open(node) | Edge::Close(node) => node,
        };
        match node.value() {
            Node::Text(part) if matches!(edge, Edge::Open(_)) => {
                let hidden = |node: NodeRef<'_, Node>| {
                    node.value().as_element().is_some_and(|element| HIDDEN.contains(&element.name()))
                };
                if !node.parent().is_some_and(hidden) {
                    text.push_str(part);
                }
            }
            Node::Element(element) if BLOCKS.contains(&element.name()) => text.push(' '),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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
        assert_eq!(read.table.row(1), ["1".into(), "Ani".into(), "Medan".into()]);
    }

    #[test]
    fn line_breaks_part_words_and_scripts_are_not_seen() {
        let page =
            b"<table><tr><th>ID<th>Alamat<tr><td>1<td>Jl. A<br>RT 1<p>Kota</p><script>x()</script></table>";
        let read = read(page, &ReadOptions::default()).unwrap();
        assert_eq!(read.table.row(0)[1], "Jl. A RT 1 Kota".into());
    }

    #[test]
    fn a_header_of_two_rows() {
        let page = b"<table><tr><th rowspan=2>ID<th colspan=2>Waktu<tr><th>Mulai<th>Selesai<tr><td>1<td>8<td>9</table>";
        let read = read(page, &ReadOptions::default()).unwrap();
        let names: Vec<&str> = read.table.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["ID", "Mulai", "Selesai"]);
        assert_eq!(read.table.len(), 1);
    }
}
