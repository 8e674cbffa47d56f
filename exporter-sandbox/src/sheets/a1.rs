//! A1 notation, read as the API reads it and written as it answers.

use super::errors::{Answer, ApiError};
use super::model::{MAX_COLUMNS, Spreadsheet, Tab};
use super::range::{GridRange, Rect};

/// What a range in A1 notation stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The range, clipped to nothing.
    pub range: GridRange,
    /// Whether a single cell was named: such a range is an anchor for writes.
    pub anchor: bool,
}

/// Reads `text`: `Sheet1`, `'It''s'!A1:B2`, `A1:B2` (first tab), `A:A`, `1:1`, `B2:C`, a
/// named range, `Sheet1!Name`, or R1C1 notation.
pub fn read(text: &str, spreadsheet: &Spreadsheet) -> Answer<Asked> {
    let unreadable = || ApiError::invalid(format!("Unable to parse range: {text}"));
    let (title, cells) = split(text).ok_or_else(unreadable)?;
    if let Some(title) = title {
        if title.is_empty() {
            // `!A1` is the first tab, and only before cells.
            let asked = cells.and_then(parse_cells).ok_or_else(unreadable)?;
            return spreadsheet.tabs.first().map(|first| at(first, asked)).ok_or_else(unreadable);
        }
        let Some(tab) = spreadsheet.tab_named(&title) else {
            // A title may hold an exclamation mark itself.
            return spreadsheet.tab_named(text).map(whole).ok_or_else(unreadable);
        };
        let Some(cells) = cells else {
            return Ok(whole(tab));
        };
        return match parse_cells(cells) {
            Some(asked) => Ok(at(tab, asked)),
            None => named(cells, spreadsheet).ok_or_else(unreadable),
        };
    }
    let cells = cells.unwrap_or_default();
    if let Some(asked) = named(cells, spreadsheet) {
        return Ok(asked);
    }
    if let Some(asked) = parse_cells(cells) {
        // Cells come before titles: a bare D3 is the cell, whatever the tabs are called.
        return spreadsheet.tabs.first().map(|first| at(first, asked)).ok_or_else(unreadable);
    }
    spreadsheet.tab_named(cells).map(whole).ok_or_else(unreadable)
}

/// Splits the tab's title off; a quoted title alone has no cells.
fn split(text: &str) -> Option<(Option<String>, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('\'') {
        let mut title = String::new();
        let mut letters = rest.char_indices();
        while let Some((place, letter)) = letters.next() {
            let after = &rest[place + letter.len_utf8()..];
            match letter {
                '\'' if after.starts_with('\'') => {
                    letters.next();
                    title.push('\'');
                }
                '\'' if after.is_empty() => return Some((Some(title), None)),
                '\'' => return Some((Some(title), Some(after.strip_prefix('!')?))),
                _ => title.push(letter),
            }
        }
        return None;
    }
    Some(match text.rsplit_once('!') {
        Some((title, cells)) => (Some(title.to_owned()), Some(cells)),
        None => (None, Some(text)),
    })
}

fn whole(tab: &Tab) -> Asked {
    Asked { range: GridRange { sheet: tab.id, ..GridRange::default() }, anchor: false }
}

fn at(tab: &Tab, (range, anchor): (GridRange, bool)) -> Asked {
    Asked { range: GridRange { sheet: tab.id, ..range }, anchor }
}

fn named(name: &str, spreadsheet: &Spreadsheet) -> Option<Asked> {
    let named = spreadsheet.named.iter().find(|named| named.name.eq_ignore_ascii_case(name))?;
    let range = GridRange::read(&named.range).ok()?;
    Some(Asked { range, anchor: false })
}

/// The cells that a text without a tab's title names, of no tab in particular.
pub fn cells(text: &str) -> Option<GridRange> {
    parse_cells(text).map(|(range, _)| range)
}

/// Reads the part after the `!`; the flag tells a single cell.
fn parse_cells(text: &str) -> Option<(GridRange, bool)> {
    // A token is read as A1 first: R1 is a cell of column R.
    a1_cells(text).or_else(|| row_column(text))
}

fn a1_cells(text: &str) -> Option<(GridRange, bool)> {
    let Some((from, to)) = text.split_once(':') else {
        let (row, column) = corner(text)?;
        let rect = Rect::cell(row?, column?);
        return Some((GridRange::of(0, rect), true));
    };
    let (from, to) = (corner(from)?, corner(to)?);
    let (top, bottom) = sides(from.0, to.0);
    let (left, right) = sides(from.1, to.1);
    let range = GridRange { sheet: 0, top, bottom, left, right };
    // A1:1 is a row and A1:A a column; A:1 names nothing.
    let crossed = (from.0.is_none() && to.1.is_none()) || (from.1.is_none() && to.0.is_none());
    (!crossed).then_some((range, false))
}

/// Two ends of one direction: reversed ends are turned, a missing one leaves its side open.
fn sides(from: Option<usize>, to: Option<usize>) -> (Option<usize>, Option<usize>) {
    match (from, to) {
        (Some(from), Some(to)) => (Some(from.min(to)), Some(from.max(to) + 1)),
        (Some(from), None) => (Some(from), None),
        (None, Some(to)) => (Some(to), None),
        (None, None) => (None, None),
    }
}

/// `B2`, `B`, `2`, with or without `$`.
fn corner(text: &str) -> Option<(Option<usize>, Option<usize>)> {
    let text = text.strip_prefix('$').unwrap_or(text);
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (letters, digits) = text.split_at(letters);
    let digits = digits.strip_prefix('$').unwrap_or(digits);
    let column = if letters.is_empty() { None } else { Some(column_index(letters)?) };
    let row = if digits.is_empty() {
        None
    } else if digits.bytes().all(|digit| digit.is_ascii_digit()) {
        Some(digits.parse::<usize>().ok()?.checked_sub(1)?)
    } else {
        return None;
    };
    (row.is_some() || column.is_some()).then_some((row, column))
}

/// A letter of R1C1 notation: not there, there without a number, or with one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Axis {
    Absent,
    Bare,
    At(usize),
}

/// One end in R1C1 notation: `R2C3`, `R[1]C[2]` (counted from A1), `R2`, `C3`; a letter
/// without a number is the first, a missing one beside a number leaves its side open.
fn row_column_end(text: &str) -> Option<(Option<usize>, Option<usize>)> {
    let upper = text.to_ascii_uppercase();
    let (row, rest) = axis(&upper, 'R')?;
    let (column, rest) = axis(rest, 'C')?;
    if !rest.is_empty() || (row == Axis::Absent && column == Axis::Absent) {
        return None;
    }
    let index = |own: Axis, other: Axis| match (own, other) {
        (Axis::At(index), _) => Some(index),
        (Axis::Absent, Axis::At(_)) => None,
        _ => Some(0),
    };
    Some((index(row, column), index(column, row)))
}

/// A letter and its number at the start of a text, and what follows. Numbers count from 1,
/// numbers in brackets from 0.
fn axis(text: &str, letter: char) -> Option<(Axis, &str)> {
    let Some(rest) = text.strip_prefix(letter) else {
        return Some((Axis::Absent, text));
    };
    let number = |digits: &str| -> Option<usize> {
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    if let Some(inner) = rest.strip_prefix('[') {
        let (digits, rest) = inner.split_once(']')?;
        return Some((Axis::At(number(digits)?), rest));
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Some((Axis::Bare, rest));
    }
    Some((Axis::At(number(&rest[..digits])?.checked_sub(1)?), &rest[digits..]))
}

fn row_column(text: &str) -> Option<(GridRange, bool)> {
    let (from, to) = text.split_once(':').unwrap_or((text, text));
    let (from, to) = (row_column_end(from)?, row_column_end(to)?);
    let (top, bottom) = sides(from.0, to.0);
    let (left, right) = sides(from.1, to.1);
    let range = GridRange { sheet: 0, top, bottom, left, right };
    Some((range, range.is_one_cell() && !text.contains(':')))
}

/// `A` is 0, `Z` 25, `AA` 26; `None` beyond `ZZZ`.
pub fn column_index(letters: &str) -> Option<usize> {
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let mut index = 0;
    for letter in letters.bytes() {
        if !letter.is_ascii_alphabetic() {
            return None;
        }
        index = index * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1;
    }
    (index <= MAX_COLUMNS).then_some(index - 1)
}

/// 0 is `A`, 26 is `AA`.
pub fn column_letters(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// One cell without its tab: `B2`.
pub fn write_cell(row: usize, column: usize) -> String {
    format!("{}{}", column_letters(column), row + 1)
}

/// A rectangle without its tab: `A1:B2`, one cell `A1`.
pub fn write_cells(rect: &Rect) -> String {
    let from = write_cell(rect.top, rect.left);
    if rect.height() <= 1 && rect.width() <= 1 {
        return from;
    }
    let to = write_cell(rect.bottom.max(1) - 1, rect.right.max(1) - 1);
    format!("{from}:{to}")
}

/// A rectangle as answers write it: `Sheet1!A1:B2`, one cell `Sheet1!A1`.
pub fn write(rect: &Rect, tab: &Tab) -> String {
    format!("{}!{}", quoted(&tab.title), write_cells(rect))
}

/// A `GridRange` as it was asked, for error texts: open sides stay open.
pub fn write_grid_range(range: &GridRange, tab: &Tab) -> String {
    let title = quoted(&tab.title);
    // Numbers from 1: a start is one more than its index, an end is its index.
    let end = |row: Option<usize>, column: Option<usize>| {
        let letters = column.filter(|column| (1..=MAX_COLUMNS).contains(column));
        let letters = letters.map(|column| column_letters(column - 1)).unwrap_or_default();
        format!("{letters}{}", row.map(|row| row.to_string()).unwrap_or_default())
    };
    let next = |index: Option<usize>| index.map(|index| index + 1);
    let (from, to) = (end(next(range.top), next(range.left)), end(range.bottom, range.right));
    let empty = |start: Option<usize>, end: Option<usize>| start.is_some() && start == end;
    let empty = empty(range.top, range.bottom) || empty(range.left, range.right);
    let prefix = if empty { "(empty) " } else { "" };
    if from == to { format!("{prefix}{title}!{from}") } else { format!("{prefix}{title}!{from}:{to}") }
}

/// The title, quoted unless it is a plain word that can't be mistaken for a cell.
pub fn quoted(title: &str) -> String {
    let mut letters = title.chars();
    let starts_plain = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let plain =
        starts_plain && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.'));
    if plain && parse_cells(title).is_none() {
        return title.to_owned();
    }
    format!("'{}'", title.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn spreadsheet(title: &str) -> Spreadsheet {
        let mut spreadsheet = Spreadsheet::new("id".to_owned(), "t".to_owned());
        spreadsheet.tabs.push(Arc::new(Tab::new(0, title.to_owned(), 1000, 26)));
        spreadsheet
    }

    fn answer(asked: &str, title: &str) -> Result<String, String> {
        let spreadsheet = spreadsheet(title);
        let asked = read(asked, &spreadsheet).map_err(|error| error.message)?;
        let (tab, rect) = asked.range.inside(&spreadsheet).map_err(|error| error.message)?;
        Ok(write(&rect, tab))
    }

    #[test]
    fn every_form_is_echoed_bounded() {
        for (asked, said) in [
            ("Sheet1", "Sheet1!A1:Z1000"),
            ("Sheet1!A:A", "Sheet1!A1:A1000"),
            ("Sheet1!3:3", "Sheet1!A3:Z3"),
            ("Sheet1!A1:1", "Sheet1!A1:Z1"),
            ("Sheet1!B2:C", "Sheet1!B2:C1000"),
            ("Sheet1!D4:A1", "Sheet1!A1:D4"),
            ("$B$2", "Sheet1!B2"),
            ("'Sheet1'!A1", "Sheet1!A1"),
            ("sheet1!A1:AA2000", "Sheet1!A1:Z1000"),
            ("Sheet1!R2C3:R4C1", "Sheet1!A2:C4"),
            ("R[1]C[1]", "Sheet1!B2"),
            ("R1C1:R2", "Sheet1!A1:Z2"),
            ("C[1]", "Sheet1!B1:B1000"),
            ("!A1", "Sheet1!A1"),
        ] {
            assert_eq!(answer(asked, "Sheet1"), Ok(said.to_owned()), "{asked}");
        }
    }

    #[test]
    fn titles_are_quoted_when_they_must_be() {
        for (title, said) in [
            ("D3", "'D3'!A1"),
            ("it's 1", "'it''s 1'!A1"),
            ("2026-11", "'2026-11'!A1"),
            ("Blatt_2", "Blatt_2!A1"),
            ("RC", "'RC'!A1"),
            ("A", "A!A1"),
            ("transaksi", "transaksi!A1"),
            ("user", "user!A1"),
        ] {
            let asked = format!("'{}'!A1", title.replace('\'', "''"));
            assert_eq!(answer(&asked, title), Ok(said.to_owned()));
        }
    }

    #[test]
    fn outside_and_unreadable_ranges_are_refused_as_asked() {
        assert_eq!(
            answer("Sheet1!1001:1003", "Sheet1"),
            Err("Range (Sheet1!1001:1003) exceeds grid limits. Max rows: 1000, max columns: 26".to_owned())
        );
        assert_eq!(
            answer("AA:AA", "Sheet1"),
            Err("Range (Sheet1!AA) exceeds grid limits. Max rows: 1000, max columns: 26".to_owned())
        );
        for text in [
            "Nope!A1:B2",
            "Sheet1!B",
            "Sheet1!2",
            " A1",
            "!Sheet1",
            "R0C1",
            "A0",
            "A1:",
            "Sheet1!",
            "ABCD1",
            "'Sheet1",
            "",
        ] {
            assert_eq!(answer(text, "Sheet1"), Err(format!("Unable to parse range: {text}")),);
        }
    }

    #[test]
    fn columns_count_in_letters() {
        for (index, letters) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (18_277, "ZZZ")] {
            assert_eq!(column_letters(index), letters);
            assert_eq!(column_index(letters), Some(index));
        }
        assert_eq!(column_index("AAAA"), None);
    }
}
