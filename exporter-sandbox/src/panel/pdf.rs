//! A PDF with a ruled table, as panels make them: wrapped cells, paged, header on each page.

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str};

/// Points of a page in landscape A4, its margin, the type size and the space in a cell.
const WIDTH: f32 = 842.0;
const HEIGHT: f32 = 595.0;
const MARGIN: f32 = 30.0;
const SIZE: f32 = 7.0;
const LEADING: f32 = 8.4;
const PADDING: f32 = 2.5;

/// Widths of Helvetica's characters from space to `~`, in thousandths of the type size
/// (Adobe's font metrics for the standard fonts).
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// A table as a PDF file. Without rows it says that there is no data.
pub(crate) fn table(title: &str, header: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
    let widths = column_widths(header, rows);
    let head: Vec<String> = header.iter().map(ToString::to_string).collect();
    let mut pages = Vec::new();
    let mut page = Page::begin(Some(title), &head, &widths);
    for row in rows {
        if !page.fits(row, &widths) {
            pages.push(page);
            page = Page::begin(None, &head, &widths);
        }
        page.row(row, &widths);
    }
    if rows.is_empty() {
        page.row(&["Tidak ada data".to_owned()], &[widths.iter().sum()]);
    }
    pages.push(page);
    file(pages)
}

/// A PDF as scanners make them: something is drawn, nothing is written.
pub(super) fn lines_only() -> Vec<u8> {
    let mut content = Content::new();
    for line in 0_u8..20 {
        content
            .rect(MARGIN, HEIGHT - MARGIN - f32::from(line) * 24.0, WIDTH - 2.0 * MARGIN, 12.0)
            .fill_nonzero();
    }
    let (catalog, tree, page, stream) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids([page]).count(1);
    pdf.page(page).parent(tree).media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).contents(stream);
    pdf.stream(stream, &content.finish());
    pdf.finish()
}

/// Column widths that share the page: as wide as the longest word at least, the rest by
/// how much text there is.
fn column_widths(header: &[&str], rows: &[Vec<String>]) -> Vec<f32> {
    let cells = |column: usize| {
        std::iter::once(header[column])
            .chain(rows.iter().filter_map(move |row| row.get(column).map(String::as_str)))
    };
    let longest = |column| cells(column).map(measure).fold(0.0, f32::max) + 2.0 * PADDING;
    let natural: Vec<f32> = (0..header.len()).map(longest).collect();
    let (total, room) = (natural.iter().sum::<f32>(), WIDTH - 2.0 * MARGIN);
    let words = |column| {
        cells(column).flat_map(|cell| cell.split(' ')).map(measure).fold(0.0, f32::max) + 2.0 * PADDING
    };
    let least: Vec<f32> = (0..header.len()).map(words).collect();
    let spare = (room - least.iter().sum::<f32>()).max(0.0);
    let stretch = natural.iter().zip(&least).map(|(natural, least)| natural - least).sum::<f32>().max(1.0);
    let factor = if total <= room { 1.0 } else { (spare / stretch).min(1.0) };
    natural.iter().zip(&least).map(|(natural, least)| least + (natural - least) * factor).collect()
}

/// A page that is being filled from the top.
struct Page {
    content: Content,
    y: f32,
}

impl Page {
    fn begin(title: Option<&str>, header: &[String], widths: &[f32]) -> Self {
        let mut page = Self { content: Content::new(), y: HEIGHT - MARGIN };
        if let Some(title) = title {
            page.text(MARGIN, page.y - 10.0, title, 11.0);
            page.y -= 24.0;
        }
        page.row(header, widths);
        page
    }

    fn fits(&self, row: &[String], widths: &[f32]) -> bool {
        self.y - height(row, widths) > MARGIN + 14.0
    }

    fn row(&mut self, row: &[String], widths: &[f32]) {
        let height = height(row, widths);
        let mut x = MARGIN;
        for (cell, &width) in row.iter().zip(widths) {
            self.content.set_line_width(0.5).rect(x, self.y - height, width, height).stroke();
            for (line, text) in (0_u8..).zip(wrap(cell, width - 2.0 * PADDING)) {
                self.text(x + PADDING, self.y - PADDING - SIZE - f32::from(line) * LEADING, &text, SIZE);
            }
            x += width;
        }
        self.y -= height;
    }

    fn text(&mut self, x: f32, y: f32, text: &str, size: f32) {
        self.content
            .begin_text()
            .set_font(Name(b"F1"), size)
            .next_line(x, y)
            .show(Str(text.as_bytes()))
            .end_text();
    }
}

#[expect(clippy::cast_precision_loss, reason = "a cell has a few lines")]
fn height(row: &[String], widths: &[f32]) -> f32 {
    let lines = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| wrap(cell, width - 2.0 * PADDING).len())
        .max()
        .unwrap_or(1);
    2.0 * PADDING + SIZE + (lines.max(1) - 1) as f32 * LEADING + 1.0
}

/// Lines that are no wider than this; a word that is wider is cut.
fn wrap(text: &str, width: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let current = lines.last().cloned().unwrap_or_default();
        let joined = if current.is_empty() { word.to_owned() } else { format!("{current} {word}") };
        if measure(&joined) <= width + 0.01 {
            lines.pop();
            lines.push(joined);
            continue;
        }
        if current.is_empty() {
            lines.pop();
        }
        let mut rest = String::new();
        for letter in word.chars() {
            if measure(&format!("{rest}{letter}")) > width + 0.01 && !rest.is_empty() {
                lines.push(std::mem::take(&mut rest));
            }
            rest.push(letter);
        }
        lines.push(rest);
    }
    lines
}

fn measure(text: &str) -> f32 {
    let units: u32 = text
        .chars()
        .map(|letter| {
            let index = (u32::from(letter)).checked_sub(32).and_then(|index| usize::try_from(index).ok());
            u32::from(index.and_then(|index| HELVETICA.get(index)).copied().unwrap_or(556))
        })
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a cell's text is short")]
    let points = units as f32 * SIZE / 1000.0;
    points
}

fn file(pages: Vec<Page>) -> Vec<u8> {
    let (catalog, tree, font) = (Ref::new(1), Ref::new(2), Ref::new(3));
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    let page_ref = |index: i32| Ref::new(4 + index * 2);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids((0..count).map(page_ref)).count(count);
    pdf.type1_font(font).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    for (index, mut page) in (0..).zip(pages) {
        let footer = format!("Halaman {} dari {count}", index + 1);
        page.text(WIDTH - 120.0, MARGIN - 10.0, &footer, SIZE);
        let (id, content) = (page_ref(index), Ref::new(5 + index * 2));
        let mut dictionary = pdf.page(id);
        dictionary.parent(tree).media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).contents(content);
        dictionary.resources().fonts().pair(Name(b"F1"), font);
        dictionary.finish();
        pdf.stream(content, &page.content.finish());
    }
    pdf.finish()
}
