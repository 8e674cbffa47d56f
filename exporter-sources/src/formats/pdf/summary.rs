//! Rows that are not data: totals, and the one row that says there is none.

use super::rows::Row;

/// Takes the totals rows out of the body.
pub(super) fn take_totals(rows: &mut Vec<Row>, notes: &mut Vec<String>) -> Vec<Row> {
    // A file of one row and its total: the total says nothing about what is usual.
    let named = |row: &&Row| {
        row.cells.iter().position(|cell| !cell.is_empty()).is_some_and(|at| names_totals(&text(row, at)))
    };
    let mut filled: Vec<usize> = rows.iter().filter(|row| !named(row)).map(Row::filled).collect();
    filled.sort_unstable();
    let usual = filled.get(filled.len() / 4).copied().unwrap_or(0);
    let (totals, body) = std::mem::take(rows).into_iter().partition(|row| is_total(row, usual));
    *rows = body;
    let totals: Vec<Row> = totals;
    for row in &totals {
        notes.push(format!("page {}: totals row kept apart", row.page));
    }
    totals
}

fn text(row: &Row, column: usize) -> String {
    let lines = row.cells.get(column).into_iter().flatten();
    let texts: Vec<&str> = lines.map(|line| line.text.trim()).collect();
    texts.join(" ")
}

/// Whether a text is (or begins with) a word for totals.
pub(super) fn names_totals(text: &str) -> bool {
    let label = text.trim_end_matches([':', ' ']).to_lowercase();
    let word = label.split([' ', ':', '(']).next().unwrap_or_default();
    matches!(word, "total" | "totals" | "jumlah" | "subtotal" | "sum")
        || ["grand total", "sub total", "sub-total"].iter().any(|start| label.starts_with(start))
}

/// The label comes first, the rest are numbers, and there are fewer of them than in a row.
fn is_total(row: &Row, usual: usize) -> bool {
    let cells: Vec<String> =
        (0..row.cells.len()).map(|column| text(row, column)).filter(|text| !text.is_empty()).collect();
    let Some((label, values)) = cells.split_first() else {
        return false;
    };
    let named = names_totals(label);
    let numeric = |value: &String| {
        let digits = value.chars().filter(char::is_ascii_digit).count();
        let letters = value.chars().filter(|c| c.is_alphabetic()).count();
        digits > 0 && letters <= 3 || value == "-"
    };
    named && cells.len() < usual.max(2) && values.iter().all(numeric)
}

/// Whether a text says that there is no data.
pub(super) fn says_no_data(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "tidak ada",
        "belum ada",
        "tidak ditemukan",
        "data kosong",
        "kosong",
        "nihil",
        "no data",
        "no record",
        "no result",
        "no matching",
        "no entries",
        "not found",
        "no rows",
        "empty",
    ];
    let lower = text.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

/// A table with one cell that says there is no data has no rows.
pub(super) fn drop_no_data(rows: &mut Vec<Row>, notes: &mut Vec<String>) {
    // The message may be wrapped, in a file without lines between rows.
    if rows.is_empty() || rows.len() > 3 || rows[0].cells.len() < 2 {
        return;
    }
    let column = rows[0].cells.iter().position(|cell| !cell.is_empty());
    let Some(column) = column.filter(|&column| rows.iter().all(|row| row.filled() == 1 && row.has(column)))
    else {
        return;
    };
    let only = rows.iter().map(|row| text(row, column)).collect::<Vec<_>>().join(" ");
    if says_no_data(&only) {
        notes.push(format!("the table says \"{only}\": no rows"));
        rows.clear();
    }
}
