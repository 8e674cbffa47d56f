//! Joins the pages: a row cut by a page break becomes one row again.

use super::rows::Row;

/// Rows of all pages in one list.
pub(super) fn join(pages: Vec<Vec<Row>>, notes: &mut Vec<String>) -> Vec<Row> {
    let always = always_filled(&pages);
    let key = always.iter().position(|&always| always).unwrap_or(0);
    let tallest = usual_lines(&pages, key);
    let mut joined: Vec<Row> = Vec::new();
    for page in pages {
        for (at, row) in page.into_iter().enumerate() {
            match joined.last_mut() {
                Some(last) if at == 0 && is_one_row(last, &row, &always, tallest) => {
                    notes.push(format!("page {}: a row cut by the page break was joined", row.page));
                    append(last, row);
                }
                _ => joined.push(row),
            }
        }
    }
    joined
}

fn lines(row: &Row, column: usize) -> usize {
    row.cells.get(column).map_or(0, Vec::len)
}

/// How many lines nine of ten cells of a column have at least.
fn usual_lines(pages: &[Vec<Row>], column: usize) -> usize {
    let mut counts: Vec<usize> = pages.iter().flatten().map(|row| lines(row, column)).collect();
    counts.sort_unstable();
    counts.get(counts.len() / 10).copied().unwrap_or(0)
}

/// Columns that have text in (nearly) every row: a part of a row lacks them.
fn always_filled(pages: &[Vec<Row>]) -> Vec<bool> {
    let rows = || pages.iter().flatten();
    let count = rows().count();
    let width = rows().map(|row| row.cells.len()).max().unwrap_or(0);
    // Every page may begin with a part of a row.
    let allowed = pages.len().saturating_sub(1).min(count / 4).max(count / 50);
    (0..width).map(|column| rows().filter(|row| !row.has(column)).count() <= allowed).collect()
}

/// Whether two parts make a row: together they have what every row has, and none has it twice.
/// `tallest` is how many lines keys have.
fn is_one_row(above: &Row, below: &Row, always: &[bool], tallest: usize) -> bool {
    let columns = || (0..always.len()).filter(|&column| always[column]);
    let both = columns().filter(|&column| above.has(column) && below.has(column)).count();
    let missing_below = columns().filter(|&column| !below.has(column)).count();
    let missing_above = columns().filter(|&column| !above.has(column)).count();
    let first = columns().next();
    let total = columns().count();
    if total == 0 || missing_below + missing_above == 0 {
        return false;
    }
    // A tall cell of an always filled column goes on below; the key does only where it is wrapped.
    let key_once = first.is_some_and(|key| above.has(key) != below.has(key) || tallest > lines(above, key));
    key_once && 2 * both <= total
}

fn append(above: &mut Row, below: Row) {
    for (cell, more) in above.cells.iter_mut().zip(below.cells) {
        // Positions go on downwards on the next page.
        cell.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::CellLine;
    use super::*;

    fn row(page: u32, cells: &[&str]) -> Row {
        let cell = |text: &&str| {
            let line = CellLine {
                text: (*text).to_owned(),
                x0: 0.0,
                x1: 10.0,
                y: 0.0,
                size: 10.0,
                space_after: false,
            };
            if text.is_empty() { Vec::new() } else { vec![line] }
        };
        Row { page, top: 0.0, bottom: 10.0, cells: cells.iter().map(cell).collect() }
    }

    #[test]
    fn a_cut_row_is_joined() {
        let mut notes = Vec::new();
        let pages = vec![
            vec![row(1, &["1", "a", "x"]), row(1, &["2", "b", "y"])],
            vec![row(2, &["", "", "more"]), row(2, &["3", "c", ""])],
        ];
        let rows = join(pages, &mut notes);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1].cells[2].len(), 2);
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn a_row_whose_wrapped_key_was_cut_is_joined() {
        let tall = |page, cells: &[&str]| {
            let mut row = row(page, cells);
            let line = row.cells[0][0].clone();
            row.cells[0].push(line);
            row
        };
        let mut first: Vec<Row> = (0..30).map(|_| tall(1, &["USR-", "a", "x", "y"])).collect();
        first.push(row(1, &["USR-", "b", "x", "y"]));
        let pages = vec![first, vec![row(2, &["0031", "", "", ""]), tall(2, &["USR-", "c", "x", "y"])]];
        let rows = join(pages, &mut Vec::new());
        assert_eq!((rows.len(), rows[30].cells[0].len()), (32, 2));
    }

    #[test]
    fn whole_rows_stay_apart() {
        let pages = vec![vec![row(1, &["1", "a", ""])], vec![row(2, &["2", "b", "y"])]];
        assert_eq!(join(pages, &mut Vec::new()).len(), 2);
    }
}
