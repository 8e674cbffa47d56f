//! The header of a grid: which rows it is, and the names of the columns.

use std::collections::{HashMap, HashSet};

use exporter_core::Value;

use super::grid::{Merge, blank};

/// A header stands within this many rows.
pub(super) const DEPTH: usize = 50;
/// No header has more rows.
const TALLEST: usize = 4;

type Rows = [(u32, Vec<Value>)];

/// Whether a row holds all these names.
pub(super) fn holds(row: &[Value], names: &[String]) -> bool {
    !names.is_empty()
        && names
            .iter()
            .all(|name| row.iter().any(|cell| cell.as_text().is_some_and(|text| text.trim() == name)))
}

/// The header: the row with all expected names; else the first row of texts that is about as
/// wide as the widest row.
pub(super) fn find(rows: &Rows, expect: &[String]) -> Option<usize> {
    if let Some(place) = rows.iter().take(DEPTH).position(|(_, row)| holds(row, expect)) {
        return Some(place);
    }
    let filled = |row: &[Value]| row.iter().filter(|cell| !blank(cell)).count();
    let widest = rows.iter().map(|(_, row)| filled(row)).max()?;
    let enough = (widest * 3).div_ceil(4);
    rows.iter().position(|(_, row)| filled(row) >= enough && are_texts(row))
}

fn are_texts(row: &[Value]) -> bool {
    row.iter().all(|cell| matches!(cell, Value::Text(_) | Value::Empty))
}

/// Headings over several columns in files that do not know merged cells: a row of names with gaps,
/// and right below it one that has names in these gaps. Returns the groups.
pub(super) fn groups(rows: &Rows, expect: &[String]) -> Vec<Merge> {
    let found = find(rows, expect);
    let widest = rows.iter().map(|(_, row)| row.len()).max().unwrap_or(0);
    for pair in rows.windows(2).take(found.unwrap_or(DEPTH).min(DEPTH)) {
        let ((line, upper), (next, lower)) = (&pair[0], &pair[1]);
        let name = |row: &[Value], column: usize| {
            let text =
                row.get(column).and_then(Value::as_text).map(str::trim).filter(|text| !text.is_empty());
            text.is_some_and(|text| !text.contains(|c: char| c.is_ascii_digit()))
        };
        let filled = |row: &[Value], column: usize| row.get(column).is_some_and(|cell| !blank(cell));
        let ends = |column: usize| (column + 1..widest).find(|at| filled(upper, *at)).unwrap_or(widest);
        // Every column has a name in one of the rows, and all that stands there are names; below
        // a name there is only room where it stands over others as well.
        let whole = (0..widest).all(|column| {
            let (up, low) = (name(upper, column), name(lower, column));
            (up || low)
                && filled(upper, column) == up
                && filled(lower, column) == low
                && (!(up && low) || ends(column) > column + 1 && name(lower, column + 1))
        });
        let starts: Vec<usize> = (0..widest).filter(|&at| name(upper, at) && name(lower, at)).collect();
        if whole && next == &(line + 1) && !starts.is_empty() {
            let group = |left: usize| Merge { top: *line, bottom: *line, left, right: ends(left) - 1 };
            let mut merges: Vec<Merge> = starts.into_iter().map(group).collect();
            let single = (0..widest).filter(|&at| name(upper, at) && !name(lower, at));
            merges.extend(single.map(|at| Merge { top: *line, bottom: *next, left: at, right: at }));
            return merges;
        }
    }
    Vec::new()
}

/// The last row of the header that begins in row `first`: below headings over several columns
/// stand the names of these columns.
pub(super) fn end(rows: &Rows, merges: &[Merge], first: usize) -> usize {
    let mut last = first;
    while last + 1 < rows.len() && last - first + 1 < TALLEST {
        let (line, next) = (rows[last].0, &rows[last + 1]);
        let named = |merge: &Merge| {
            let end = next.1.len().min(merge.right + 1);
            next.1
                .get(merge.left..end)
                .is_some_and(|cells| cells.iter().filter(|cell| !blank(cell)).count() > 1)
        };
        let groups = merges.iter().filter(|merge| merge.is_wide() && merge.bottom == line);
        let mut groups = groups.filter(|merge| rows[last].1.get(merge.left).is_some_and(|cell| !blank(cell)));
        if next.0 != line + 1 || !are_texts(&next.1) || !groups.any(named) {
            break;
        }
        last += 1;
    }
    last
}

/// One name for each column: the lowest that stands over it. Group headings come first only
/// where names would not tell columns apart; a column without a name gets its number.
pub(super) fn names(
    rows: &Rows,
    merges: &[Merge],
    (first, last): (usize, usize),
    width: usize,
) -> Vec<String> {
    let text = |row: usize, column: usize| {
        let text = rows[row].1.get(column).map(ToString::to_string).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let mut names: Vec<String> = (0..width)
        .map(|column| {
            (first..=last)
                .rev()
                .map(|row| text(row, column))
                .find(|text| !text.is_empty())
                .unwrap_or_default()
        })
        .collect();
    let mut seen = HashSet::new();
    if !names.iter().all(|name| name.is_empty() || seen.insert(name)) {
        let upper = rows[..last].iter().rposition(|(line, _)| line + 1 == rows[last].0);
        if let Some(upper) = upper {
            for (column, name) in names.iter_mut().enumerate() {
                let group =
                    merges.iter().find(|merge| merge.is_wide() && merge.covers(rows[upper].0, column));
                let group = group.map(|merge| text(upper, merge.left)).unwrap_or_default();
                if !group.is_empty() && !name.is_empty() {
                    *name = format!("{group} {name}");
                }
            }
        }
    }
    unique(names)
}

/// Names that stand only once: the second `Nama` is `Nama (2)`.
fn unique(names: Vec<String>) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::with_capacity(names.len());
    let mut copies: HashMap<String, usize> = HashMap::new();
    let numbered = names.into_iter().enumerate().map(|(index, text)| {
        let base = if text.is_empty() { format!("Column {}", index + 1) } else { text };
        let mut name = base.clone();
        while !taken.insert(name.clone()) {
            let copy = copies.entry(base.clone()).or_insert(1);
            *copy += 1;
            name = format!("{base} ({copy})");
        }
        name
    });
    numbered.collect()
}
