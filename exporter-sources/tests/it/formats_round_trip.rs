//! A table written by a library for writing, in every kind of file, and read back is the same table.

use exporter_sources::formats::{ReadOptions, read};
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str};
use proptest::prelude::*;
use rust_xlsxwriter::Workbook;

type Rows = Vec<Vec<String>>;

/// A header and rows; the first cell of a row is never empty, the others may be. Cells are words
/// with what `marks` adds between them.
fn rows(marks: &'static str) -> impl Strategy<Value = Rows> {
    let word = "[a-z0-9A-Z]{1,7}";
    let cell = prop_oneof![
        3 => word.prop_map(String::from),
        2 => (word, proptest::sample::select(marks.chars().collect::<Vec<_>>()), word)
            .prop_map(|(a, mark, b)| format!("{a}{mark}{b}")),
        1 => Just(String::new()),
    ];
    let total = |text: &str| text.to_lowercase().starts_with("total");
    (2..6_usize).prop_flat_map(move |width| {
        let row = proptest::collection::vec(cell.clone(), width).prop_map(move |mut row| {
            if row[0].is_empty() || total(&row[0]) {
                row[0] = "x1".into();
            }
            row
        });
        let header: Vec<String> =
            ["Kode", "Nama", "Kota", "Status", "Catatan"][..width].iter().map(ToString::to_string).collect();
        proptest::collection::vec(row, 1..25).prop_map(move |rows| {
            let mut all = vec![header.clone()];
            all.extend(rows);
            // Every column is used, as it is in a table that someone made.
            all[1].iter_mut().filter(|cell| cell.is_empty()).for_each(|cell| *cell = "y2".into());
            all
        })
    })
}

fn read_back(bytes: &[u8]) -> Result<Rows, TestCaseError> {
    let reading =
        read(bytes, &ReadOptions::default()).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let header = reading.table.columns().iter().map(|column| column.name.to_string()).collect();
    let rows = reading.table.rows().map(|row| row.iter().map(ToString::to_string).collect());
    Ok(std::iter::once(header).chain(rows).collect())
}

fn csv(rows: &Rows, delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("written to memory");
    }
    writer.into_inner().expect("written to memory")
}

fn xlsx(rows: &Rows) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (line, row) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(row).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(line, column, cell).expect("within a sheet");
        }
    }
    book.save_to_buffer().expect("written to memory")
}

fn html(rows: &Rows) -> Vec<u8> {
    let mut page = String::from("<html><body><table>");
    for row in rows {
        page.push_str("<tr>");
        for cell in row {
            page.push_str("<td>");
            page.push_str(&cell.replace('&', "&amp;").replace('<', "&lt;"));
            page.push_str("</td>");
        }
        page.push_str("</tr>");
    }
    page.push_str("</table></body></html>");
    page.into_bytes()
}

/// One page with a grid, in a font of fixed width.
fn pdf(rows: &Rows) -> Vec<u8> {
    const WIDTH: f32 = 110.0;
    const HEIGHT: f32 = 16.0;
    let place = |at: usize| f32::from(u16::try_from(at).expect("few"));
    let (mut pdf, mut content) = (Pdf::new(), Content::new());
    let (right, bottom) = (30.0 + WIDTH * place(rows[0].len()), 800.0 - HEIGHT * place(rows.len()));
    for line in 0..=rows.len() {
        let y = 800.0 - HEIGHT * place(line);
        content.move_to(30.0, y).line_to(right, y).stroke();
    }
    for column in 0..=rows[0].len() {
        let x = 30.0 + WIDTH * place(column);
        content.move_to(x, 800.0).line_to(x, bottom).stroke();
    }
    for (line, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let (x, y) = (34.0 + WIDTH * place(column), 800.0 - HEIGHT * place(line) - 11.0);
            content
                .begin_text()
                .set_font(Name(b"F1"), 9.0)
                .next_line(x, y)
                .show(Str(cell.as_bytes()))
                .end_text();
        }
    }
    let [catalog, tree, page, font, stream] = [1, 2, 3, 4, 5].map(Ref::new);
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids([page]).count(1);
    let mut writer = pdf.page(page);
    writer.media_box(Rect::new(0.0, 0.0, 612.0, 820.0)).parent(tree).contents(stream);
    writer.resources().fonts().pair(Name(b"F1"), font);
    writer.finish();
    pdf.type1_font(font).base_font(Name(b"Courier"));
    pdf.stream(stream, &content.finish());
    pdf.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn delimited_text(rows in rows(" ,;|\"\n'-./"), delimiter in proptest::sample::select(vec![b',', b';', b'\t'])) {
        prop_assert_eq!(read_back(&csv(&rows, delimiter))?, rows);
    }

    #[test]
    fn workbooks(rows in rows(" ,;|\"\n'-./&<")) {
        prop_assert_eq!(read_back(&xlsx(&rows))?, rows);
    }

    #[test]
    fn web_pages(rows in rows(" ,;|\"'-./&<>")) {
        prop_assert_eq!(read_back(&html(&rows))?, rows);
    }

    #[test]
    fn pdfs(rows in rows(" ,;\"-./&<>()")) {
        prop_assert_eq!(read_back(&pdf(&rows))?, rows);
    }
}
