//! The heading of the table: its names, headings over several columns, repeated headings.

use super::columns::Columns;
use super::region::{Region, aligned};
use super::rows::{CellLine, Row};
use super::wrap::{self, ColumnFacts, Words};

/// The heading row or rows.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) names: Vec<String>,
    /// Texts of its rows without spaces, to recognise it on other pages.
    signature: Vec<Vec<String>>,
}

impl Header {
    /// Reads the heading from the top of the first region.
    pub(super) fn read(rows: &[Row], region: &Region, columns: &Columns) -> Option<Self> {
        let first = rows.first()?;
        let mut zone = vec![first];
        let all: Vec<&Row> = rows.iter().take(4).collect();
        let lines = placed(&all);
        for next in rows.iter().skip(1).take(2) {
            if !goes_on(&zone, next, &lines, region, columns) {
                break;
            }
            zone.push(next);
        }
        let names = names(&zone, rows, region, columns);
        Some(Self { names, signature: zone.iter().map(|row| signature(row)).collect() })
    }

    /// Takes the heading out of the rows of a page, wherever it comes again. What stands below
    /// it in the same row is the rest of a row cut by the page break.
    pub(super) fn strip(&self, rows: Vec<Row>) -> (Vec<Row>, usize) {
        let mut kept = Vec::with_capacity(rows.len());
        let mut found = 0;
        let mut rows = rows.into_iter();
        let mut queue: Vec<Row> = Vec::new();
        loop {
            queue.extend(rows.by_ref().take(self.signature.len() - queue.len()));
            if queue.is_empty() {
                return (kept, found);
            }
            match self.rest_below(&queue) {
                Some(rest) => {
                    found += 1;
                    queue.clear();
                    kept.extend(Some(rest).filter(|row| row.filled() > 0));
                }
                None => kept.push(queue.remove(0)),
            }
        }
    }

    /// What is left of the last of `rows` if they are the heading; `None` if they are not.
    fn rest_below(&self, rows: &[Row]) -> Option<Row> {
        if rows.len() != self.signature.len() {
            return None;
        }
        let (last, before) = rows.split_last()?;
        let (texts, above) = self.signature.split_last()?;
        if !before.iter().zip(above).all(|(row, texts)| signature(row) == *texts) {
            return None;
        }
        let mut rest = last.clone();
        for (cell, heading) in rest.cells.iter_mut().zip(texts) {
            let mut seen = String::new();
            let mut lines = 0;
            while seen != *heading {
                let line = cell.get(lines)?;
                seen.extend(line.text.chars().filter(|c| !c.is_whitespace()));
                lines += 1;
                if seen.len() > heading.len() {
                    return None;
                }
            }
            cell.drain(..lines);
        }
        Some(rest)
    }

    /// Forgets columns that have neither a name nor any text.
    pub(super) fn drop_empty_columns(&mut self, pages: &mut [Vec<Row>]) -> usize {
        let empty: Vec<bool> = self
            .names
            .iter()
            .enumerate()
            .map(|(column, name)| name.is_empty() && !pages.iter().flatten().any(|row| row.has(column)))
            .collect();
        let count = empty.iter().filter(|empty| **empty).count();
        if count > 0 {
            keep(&mut self.names, &empty);
            for row in pages.iter_mut().flatten() {
                keep(&mut row.cells, &empty);
            }
        }
        count
    }
}

/// Removes the items that are marked.
fn keep<T>(items: &mut Vec<T>, dropped: &[bool]) {
    let mut at = 0;
    items.retain(|_| {
        at += 1;
        !dropped.get(at - 1).copied().unwrap_or(false)
    });
}

fn signature(row: &Row) -> Vec<String> {
    row.cells
        .iter()
        .map(|cell| {
            let text = cell.iter().flat_map(|line| line.text.chars());
            text.filter(|c| !c.is_whitespace()).collect()
        })
        .collect()
}

/// A heading line with its column.
type Placed<'a> = (usize, &'a CellLine);

fn placed<'a>(zone: &[&'a Row]) -> Vec<Placed<'a>> {
    zone.iter()
        .flat_map(|row| row.cells.iter().enumerate())
        .flat_map(|(column, cell)| cell.iter().map(move |line| (column, line)))
        .collect()
}

/// Whether `next` is one more row of the heading: the rows so far have group headings or leave
/// columns without a name, and it has text only where they have none of their own.
fn goes_on(zone: &[&Row], next: &Row, lines: &[Placed<'_>], region: &Region, columns: &Columns) -> bool {
    // Names of columns seldom hold digits, rows do.
    let filled = next.cells.iter().filter(|cell| !cell.is_empty());
    let coded =
        filled.filter(|cell| cell.iter().any(|line| line.text.contains(|c: char| c.is_ascii_digit())));
    if 3 * coded.count() > next.filled() {
        return false;
    }
    let above = placed(zone);
    let own = |entry: Placed<'_>| group(entry, lines, region, columns).is_none();
    let named: Vec<usize> = above.iter().filter(|&&entry| own(entry)).map(|&(column, _)| column).collect();
    let missing = (0..columns.count()).any(|column| !named.contains(&column));
    let grouped = named.len() < above.len();
    grouped && missing && (0..columns.count()).all(|column| !next.has(column) || !named.contains(&column))
}

/// The columns `entry` stands over, if more than one.
fn group(
    (column, line): Placed<'_>,
    lines: &[Placed<'_>],
    region: &Region,
    columns: &Columns,
) -> Option<(usize, usize)> {
    let under =
        |c: usize| lines.iter().filter(move |(at, other)| *at == c && other.y > line.y + 0.5 * line.size);
    let y = line.y - 0.3 * line.size;
    let covering: Vec<f32> = region
        .vertical
        .iter()
        .filter(|separator| separator.covered(y, y + 0.01) > 0.0)
        .map(super::separators::Separator::at)
        .collect();
    if covering.len() >= 2 {
        let middle = f32::midpoint(line.x0, line.x1);
        let from = covering.iter().copied().filter(|&x| x <= middle).fold(f32::NEG_INFINITY, f32::max);
        let to = covering.iter().copied().filter(|&x| x > middle).fold(f32::INFINITY, f32::min);
        let slack = 0.5 * region.em;
        let first = columns.borders.partition_point(|&border| border <= from + slack);
        let last = columns.borders.partition_point(|&border| border < to - slack);
        let named = (first..=last).filter(|&c| under(c).next().is_some()).count();
        return (last > first && named >= 2).then_some((first, last));
    }
    // Without lines: a text in the middle over several columns that have none beside it.
    let beside = |c: usize, y: f32| {
        let near = move |(at, other): &&Placed<'_>| *at == c && (other.y - y).abs() <= 0.3 * line.size;
        lines.iter().any(move |entry| near(&entry))
    };
    let wrapped = under(column).any(|(_, below)| {
        // Lines between name columns of one row; what is below them, over others, is a row too.
        let middle = lines
            .iter()
            .any(|(_, other)| other.y > line.y + 0.3 * line.size && other.y < below.y - 0.3 * line.size);
        let more = (0..columns.count()).any(|c| beside(c, below.y) && !beside(c, line.y));
        let gap = below.y - line.y;
        // Beside a name of two lines the others stand in the middle, however far apart the two are.
        let close = if middle && !more { 2.0 } else { 1.4 };
        gap <= close * line.size
            && aligned(line.x0, line.x1, below.x0, below.x1, line.size)
            && !(middle && more)
    });
    if wrapped {
        return None;
    }
    let free = |c: usize| !beside(c, line.y) && under(c).next().is_some();
    let first = (0..column).rev().take_while(|&c| free(c)).last().unwrap_or(column);
    let last = (column + 1..columns.count()).take_while(|&c| free(c)).last().unwrap_or(column);
    let mut best: Option<(f32, (usize, usize))> = None;
    for a in first..=column {
        for b in column..=last {
            if a == b || !(a..=b).all(|c| under(c).next().is_some()) {
                continue;
            }
            let texts = || (a..=b).flat_map(under);
            let x0 = texts().map(|(_, below)| below.x0).fold(f32::INFINITY, f32::min);
            let x1 = texts().map(|(_, below)| below.x1).fold(f32::NEG_INFINITY, f32::max);
            let middle = f32::midpoint(line.x0, line.x1);
            let left = a.checked_sub(1).map_or(x0, |at| columns.borders[at]);
            let right = columns.borders.get(b).copied().unwrap_or(x1);
            let centred =
                (f32::midpoint(x0, x1) - middle).abs().min((f32::midpoint(left, right) - middle).abs());
            let off = centred.min((x0 - line.x0).abs());
            let fits = off <= (3.0 * line.size).max(0.15 * (right - left));
            if fits && best.is_none_or(|(least, _)| off < least) {
                best = Some((off, (a, b)));
            }
        }
    }
    best.map(|(_, span)| span)
}

/// One name per column: what stands over it alone. Group headings come first only where the
/// names would not tell columns apart.
fn names(zone: &[&Row], rows: &[Row], region: &Region, columns: &Columns) -> Vec<String> {
    let lines = placed(zone);
    let mut groups: Vec<(usize, usize, &CellLine)> = Vec::new();
    let mut own: Vec<Vec<CellLine>> = vec![Vec::new(); columns.count()];
    for &entry in &lines {
        match group(entry, &lines, region, columns) {
            Some((first, last)) => groups.push((first, last, entry.1)),
            None => own[entry.0].push(entry.1.clone()),
        }
    }
    let words = Words::new();
    // How wide a column is, its rows tell as well: a word was cut only where it did not fit.
    let facts =
        |column: usize| ColumnFacts::wide(rows.iter().filter_map(|row| row.cells.get(column)).flatten());
    let own = own.iter().enumerate();
    let mut names: Vec<String> =
        own.map(|(column, cell)| wrap::value(cell, &facts(column), &words)).collect();
    let unique = names.iter().enumerate().all(|(at, name)| name.is_empty() || !names[..at].contains(name));
    if !unique {
        for (column, name) in names.iter_mut().enumerate() {
            let over = groups.iter().filter(|(a, b, _)| (*a..=*b).contains(&column));
            let prefix: Vec<&str> = over.map(|(_, _, line)| line.text.as_str()).collect();
            if !prefix.is_empty() {
                name.insert(0, ' ');
                name.insert_str(0, &prefix.join(" "));
            }
        }
    }
    names
}
