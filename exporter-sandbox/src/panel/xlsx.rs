//! A workbook as panels make them: numbers as numbers, days as days, codes as text.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::data::Cell;

/// A sheet with a header and rows.
pub(crate) fn table(header: &[&str], rows: &[Vec<Cell>]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let (bold, time) = (Format::new().set_bold(), Format::new().set_num_format("dd/mm/yyyy hh:mm"));
    let sheet = book.add_worksheet().set_name("Transaksi")?;
    for (column, name) in (0..).zip(header) {
        sheet.write_with_format(0, column, *name, &bold)?;
    }
    for (line, row) in (1..).zip(rows) {
        for (column, cell) in (0..).zip(row) {
            match cell {
                Cell::Text(text) if text.is_empty() => {}
                Cell::Text(text) => {
                    sheet.write_string(line, column, text)?;
                }
                Cell::Number(number) | Cell::Money(number) => {
                    #[expect(
                        clippy::cast_precision_loss,
                        reason = "workbooks store doubles; amounts are far below 2^53"
                    )]
                    sheet.write_number(line, column, *number as f64)?;
                }
                Cell::Time(at) => {
                    sheet.write_datetime_with_format(line, column, at, &time)?;
                }
            }
        }
    }
    book.save_to_buffer()
}
