//! A spreadsheet as the Drive API exports it to CSV: the first tab, as it is shown.

use csv::{Terminator, WriterBuilder};

use super::clock::Moment;
use super::errors::{Answer, ApiError};
use super::model::Spreadsheet;
use super::view::View;

/// The text of the export: every row is as wide as the widest, and no line break ends the
/// last one.
pub fn write(spreadsheet: &Spreadsheet, now: Moment) -> Answer<Vec<u8>> {
    let view = View::new(spreadsheet, now);
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    if let Some(tab) = spreadsheet.tabs.first() {
        let used = tab.grid.used();
        for row in 0..used.bottom {
            let cells = (0..used.right).map(|column| view.formatted(tab, row, column));
            writer.write_record(cells).map_err(|_| ApiError::internal())?;
        }
    }
    let mut text = writer.into_inner().map_err(|_| ApiError::internal())?;
    text.truncate(text.len().saturating_sub(2));
    Ok(text)
}
