//! A plan for people: what would be added, and which cells would change from what to what.

use std::fmt::Write as _;

use exporter_core::{Plan, Value};

/// How many rows of each sort are shown.
const SHOWN: usize = 20;

/// Counts, then the changed cells old → new, then the new rows by their first columns.
pub fn text(plan: &Plan) -> String {
    let counts = plan.changes.counts();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{} → {}: {} new, {} updated, {} unchanged; {} more calls to write it",
        plan.export, plan.target, counts.new, counts.updated, counts.unchanged, plan.expected_calls
    );
    for update in plan.changes.updates.iter().take(SHOWN) {
        for cell in &update.cells {
            let column = &plan.table.columns()[cell.column as usize].name;
            let _ = writeln!(
                text,
                "  ~ {} row {} · {column}: {} → {}",
                update.key,
                update.stored_row,
                shown(&cell.before),
                shown(&cell.after)
            );
        }
    }
    more(&mut text, "updated", plan.changes.updates.len());
    for &row in plan.changes.inserts.iter().take(SHOWN) {
        let cells: Vec<_> = plan.table.row(row as usize).iter().take(4).map(ToString::to_string).collect();
        let _ = writeln!(text, "  + {}", cells.join(" | "));
    }
    more(&mut text, "new", plan.changes.inserts.len());
    text
}

fn more(text: &mut String, what: &str, count: usize) {
    if count > SHOWN {
        let _ = writeln!(text, "  … and {} more {what}", count - SHOWN);
    }
}

/// A cell in quotes where it would not show otherwise.
pub fn shown(value: &Value) -> String {
    if value.is_empty() { "(empty)".to_owned() } else { format!("`{value}`") }
}
