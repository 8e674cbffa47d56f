//! Formulas follow: references move with rows, columns and tab titles, and with copies; an
//! entered one is kept with its references in the service's own spelling.

use std::sync::Arc;

use super::lex::{End, LOST, Reference, Token, tokens};
use crate::sheets::cell::Cell;
use crate::sheets::model::{Spreadsheet, Tab};
use crate::sheets::range::Dimension;
use crate::sheets::shift::{Change, Shift};

/// Every formula follows a structural change.
pub fn shift(spreadsheet: &mut Spreadsheet, shift: &Shift) {
    let Some(title) = spreadsheet.tab(shift.sheet).ok().map(|tab| tab.title.clone()) else {
        return;
    };
    each(spreadsheet, |home, formula| {
        rewrite(formula, |reference| {
            let meant = match &reference.sheet {
                Some(sheet) => sheet.eq_ignore_ascii_case(&title),
                None => home == shift.sheet,
            };
            if meant { shifted(reference, shift) } else { Some(reference.clone()) }
        })
    });
}

/// Every formula follows a new title of a tab.
pub fn rename(spreadsheet: &mut Spreadsheet, old: &str, new: &str) {
    each(spreadsheet, |_, formula| {
        rewrite(formula, |reference| {
            let mut reference = reference.clone();
            if reference.sheet.as_ref().is_some_and(|sheet| sheet.eq_ignore_ascii_case(old)) {
                reference.sheet = Some(new.to_owned());
            }
            Some(reference)
        })
    });
}

/// The formula of a copy that lies `rows` further down and `columns` further right:
/// references without `$` move along.
pub fn copied(formula: &str, rows: isize, columns: isize) -> String {
    let along = |end: &mut End| {
        let step = |place: Option<(usize, bool)>, by: isize| match place {
            Some((index, false)) => Some(Some((index.checked_add_signed(by)?, false))),
            other => Some(other),
        };
        end.row = step(end.row, rows)?;
        end.column = step(end.column, columns)?;
        Some(())
    };
    rewrite(formula, |reference| {
        let mut reference = reference.clone();
        along(&mut reference.from)?;
        if let Some(to) = &mut reference.to {
            along(to)?;
        }
        Some(reference)
    })
}

/// A cell as it is kept when it is entered: only a formula is spelled anew.
pub fn entered(spreadsheet: &Spreadsheet, cell: Cell) -> Cell {
    let Cell::Formula(formula) = cell else { return cell };
    let mut text = String::from("=");
    for (token, source) in tokens(formula.strip_prefix('=').unwrap_or(&formula)) {
        let reference = match token {
            Token::Reference(reference) => canonical(spreadsheet, reference),
            _ => None,
        };
        text.push_str(&reference.map_or_else(|| source.to_owned(), |reference| reference.write()));
    }
    Cell::Formula(text.into())
}

/// The reference with its tab's title as the tab has it, corners in order and a range of
/// one cell as that cell; `None` when there is no such tab.
fn canonical(spreadsheet: &Spreadsheet, mut reference: Reference) -> Option<Reference> {
    if let Some(title) = &mut reference.sheet {
        title.clone_from(&spreadsheet.tab_named(title)?.title);
    }
    let from = &mut reference.from;
    if let Some(to) = &mut reference.to {
        for (first, second) in [(&mut from.row, &mut to.row), (&mut from.column, &mut to.column)] {
            if let (Some((a, _)), Some((b, _))) = (&first, &second)
                && a > b
            {
                std::mem::swap(first, second);
            }
        }
        if from == to && from.row.is_some() && from.column.is_some() {
            reference.to = None;
        }
    }
    Some(reference)
}

fn each(spreadsheet: &mut Spreadsheet, change: impl Fn(i64, &str) -> String) {
    for tab in &mut spreadsheet.tabs {
        for (row, column, formula) in formulas(tab) {
            let new = change(tab.id, &formula);
            if new != *formula {
                Arc::make_mut(tab).grid.set(row, column, Cell::Formula(new.into()));
            }
        }
    }
}

fn formulas(tab: &Tab) -> Vec<(usize, usize, Box<str>)> {
    let mut found = Vec::new();
    for (row, cells) in tab.grid.rows().iter().enumerate() {
        for (column, cell) in cells.cells().iter().enumerate() {
            if let Cell::Formula(formula) = cell {
                found.push((row, column, formula.clone()));
            }
        }
    }
    found
}

/// Writes a formula anew with its references changed; one that is gone becomes `#REF!`.
fn rewrite(formula: &str, change: impl Fn(&Reference) -> Option<Reference>) -> String {
    let mut text = String::from("=");
    for (token, source) in tokens(formula.strip_prefix('=').unwrap_or(formula)) {
        match token {
            Token::Reference(reference) => match change(&reference) {
                Some(same) if same == reference => text.push_str(source),
                Some(changed) => text.push_str(&changed.write()),
                None => text.push_str(LOST),
            },
            _ => text.push_str(source),
        }
    }
    text
}

fn shifted(reference: &Reference, shift: &Shift) -> Option<Reference> {
    let mut moved = reference.clone();
    let place = |end: &End| match shift.dimension {
        Dimension::Rows => end.row,
        Dimension::Columns => end.column,
    };
    let put = |end: &mut End, value: Option<(usize, bool)>| match shift.dimension {
        Dimension::Rows => end.row = value,
        Dimension::Columns => end.column = value,
    };
    let Some(to) = &mut moved.to else {
        if let Some((index, fixed)) = place(&reference.from) {
            put(&mut moved.from, Some((shift.change.index(index)?, fixed)));
        }
        return Some(moved);
    };
    match (place(&reference.from), place(to)) {
        (Some((a, a_fixed)), Some((b, b_fixed))) => {
            let (start, end) = shift.change.span(a.min(b), a.max(b) + 1)?;
            put(&mut moved.from, Some((start, a_fixed)));
            put(to, Some((end - 1, b_fixed)));
        }
        (Some((a, fixed)), None) => {
            let start = match shift.change {
                Change::Delete { start, end } if (start..end).contains(&a) => start,
                change => change.index(a)?,
            };
            put(&mut moved.from, Some((start, fixed)));
        }
        _ => {}
    }
    Some(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_moves_only_what_is_not_fixed() {
        assert_eq!(copied("=A1+$A$1+A$1+SUM(B2:B3)", 1, 1), "=B2+$A$1+B$1+SUM(C3:C4)");
        assert_eq!(copied("=A1", -1, 0), "=#REF!");
    }

    #[test]
    fn rows_move_references() {
        let change = Change::Insert { at: 1, count: 1 };
        let shift = Shift { sheet: 0, dimension: Dimension::Rows, change };
        let moved = |text: &str| rewrite(text, |reference| shifted(reference, &shift));
        assert_eq!(moved("=A1+A2+SUM( A1:A3 )+SUM(C:C)"), "=A1+A3+SUM( A1:A4 )+SUM(C:C)");
        let change = Change::Delete { start: 1, end: 2 };
        let shift = Shift { sheet: 0, dimension: Dimension::Rows, change };
        let moved = |text: &str| rewrite(text, |reference| shifted(reference, &shift));
        assert_eq!(moved("=A2+A3+SUM(A1:A3)"), "=#REF!+A2+SUM(A1:A2)");
    }
}
