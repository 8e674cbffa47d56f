//! Tables out of PDFs, exactly: every row, or a reason why not.
//!
//! A page goes through small steps, one file each: the file is opened (`document`), its
//! content run (`interpreter`) with `fonts` into marks (`marks`); glyphs become lines (`drawn`) and pieces of
//! text (`pieces`) and lines (`lines`), drawn lines and boxes `separators`; the table's
//! place is found (`region`, `blocks`), its columns (`columns`) and rows (`rows`, `grouping`);
//! pages are joined (`joining`), the heading (`header`) and what is not data (`summary`)
//! set apart, and wrapped values made whole (`wrap`).

mod blocks;
mod check;
mod columns;
mod document;
mod drawn;
mod error;
mod flow;
mod fonts;
mod frame;
mod furniture;
mod geometry;
mod grouping;
mod header;
mod interpreter;
mod joining;
mod layout;
mod lexer;
mod limits;
mod lines;
mod marks;
mod notpdf;
mod object;
mod overflow;
mod paths;
mod pieces;
mod region;
mod rows;
mod separators;
mod state;
mod stream;
mod summary;
mod table;
mod text;
mod wrap;

pub use error::PdfError;
pub use geometry::Area;
pub use layout::PageLayout;
pub use limits::Limits;
pub use marks::{Fill, Rule};
pub use pieces::Piece;

/// What reading a PDF needs beside its bytes.
#[derive(Clone, Copy, Default)]
pub struct PdfOptions<'a> {
    /// The user or owner password, if the file has one.
    pub password: Option<&'a str>,
    /// Bounds on the file's cost.
    pub limits: Limits,
}

impl std::fmt::Debug for PdfOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PdfOptions")
            .field("password", &self.password.map(|_| "***"))
            .field("limits", &self.limits)
            .finish()
    }
}

/// The table of a PDF, all pages joined, as text.
#[derive(Debug, Clone, PartialEq)]
pub struct PdfTable {
    /// One name per column.
    pub header: Vec<String>,
    /// The body, in the order of the pages.
    pub rows: Vec<PdfRow>,
    /// Totals rows, kept apart from the body.
    pub totals: Vec<Vec<String>>,
    /// Number of pages in the file.
    pub pages: u32,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// One row of the body.
#[derive(Debug, Clone, PartialEq)]
pub struct PdfRow {
    /// One value per column.
    pub cells: Vec<String>,
    /// The page it begins on, from 1.
    pub page: u32,
    /// Its upper edge on that page, in points from the top.
    pub top: f32,
    /// Its lower edge.
    pub bottom: f32,
}

/// Reads the table in the PDF `bytes`.
pub fn read(bytes: &[u8], options: &PdfOptions<'_>) -> Result<PdfTable, PdfError> {
    table(pages(bytes, options)?)
}

/// What [`read`] sees, for drawing it over the page.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// All pages with their text, lines and boxes, and the cells of the table that was found.
    pub pages: Vec<PageLayout>,
    /// The table, or why it could not be read.
    pub table: Result<PdfTable, PdfError>,
}

/// What [`read`] sees; also where it refuses the file because no table is certain.
///
/// # Errors
/// The file itself cannot be opened, so that there is nothing to look at.
pub fn inspect(bytes: &[u8], options: &PdfOptions<'_>) -> Result<Inspection, PdfError> {
    let mut pages = pages(bytes, options)?;
    let table = guarded(|| table::build(pages.clone())).map(|(table, cells)| {
        for (number, area) in cells {
            if let Some(page) = pages.iter_mut().find(|page| page.number == number) {
                page.cells.push(area);
            }
        }
        table
    });
    Ok(Inspection { pages, table })
}

/// The first half of [`read`]: all pages, reduced to pieces of text, lines and boxes.
///
/// # Errors
/// The file cannot be opened, or a page cannot be read as a whole.
pub fn pages(bytes: &[u8], options: &PdfOptions<'_>) -> Result<Vec<PageLayout>, PdfError> {
    guarded(|| layouts(bytes, options))
}

/// The second half of [`read`]: the table on these pages.
///
/// # Errors
/// There is no table, or none that is certain.
pub fn table(pages: Vec<PageLayout>) -> Result<PdfTable, PdfError> {
    guarded(|| Ok(table::build(pages)?.0))
}

/// lopdf asserts in places what a damaged file does not keep.
fn guarded<T>(work: impl FnOnce() -> Result<T, PdfError>) -> Result<T, PdfError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(PdfError::Corrupt { detail: "its objects contradict one another".into() }))
}

/// As many characters beyond the edge of a page are a mark of the program that wrote it.
const FOOTNOTE: usize = 120;

/// All pages, reduced to pieces of text, rules and boxes.
fn layouts(bytes: &[u8], options: &PdfOptions<'_>) -> Result<Vec<PageLayout>, PdfError> {
    let mut budget = limits::Budget::new(options.limits);
    let document = document::open(bytes, options.password, &budget)?;
    let pages = document::pages(&document, &budget)?;
    let mut fonts = interpreter::FontCache::default();
    let mut bars = drawn::Bars::default();
    let mut layouts = Vec::with_capacity(pages.len());
    for (number, page) in (1..).zip(&pages) {
        budget.tick()?;
        let mut marks = interpreter::run(&document, page, number, &mut fonts, &mut budget)?;
        if let Some(font) = marks.lost.first() {
            let detail = format!("page {number} shows text in the font /{font}, which is not in the file");
            return Err(PdfError::Corrupt { detail });
        }
        if marks.beside > FOOTNOTE.max(marks.glyphs.len() / 4) {
            let detail = format!("much of the text of page {number} lies above or below the visible page");
            return Err(PdfError::Uncertain { detail });
        }
        bars.lift(&mut marks);
        let layout = PageLayout::new(number, marks);
        layout.refuse_scan()?;
        layouts.push(layout);
    }
    Ok(layouts)
}
