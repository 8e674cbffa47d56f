//! One page as the table finder sees it: pieces of text, rules and boxes.

use super::error::PdfError;
use super::geometry::Area;
use super::marks::{Fill, Marks, Rule};
use super::pieces::{self, Piece};

/// What a page shows, with the table found on it; made for drawing over the page.
#[derive(Debug, Clone, Default)]
pub struct PageLayout {
    /// Page number, from 1.
    pub number: u32,
    /// Width as displayed, in points; turned if the text runs across the page.
    pub width: f32,
    /// Height as displayed, in points.
    pub height: f32,
    /// Text, in the order it was painted.
    pub pieces: Vec<Piece>,
    /// Horizontal lines.
    pub horizontal: Vec<Rule>,
    /// Vertical lines.
    pub vertical: Vec<Rule>,
    /// Filled boxes, without those behind all of the text.
    pub fills: Vec<Fill>,
    /// The cells of the table that was found, row by row.
    pub cells: Vec<Area>,
    /// Typical height of the text's em.
    pub em: f32,
    /// Fonts that do not say what their characters are.
    pub unreadable_fonts: Vec<String>,
    /// How much of the page its pictures cover, 0 to 1.
    pub pictures: f32,
    /// Whether text lies under the pictures that no one sees (the layer of a recognised scan).
    pub hidden_text: bool,
    /// Characters that run neither along nor across the table: stamps, watermarks.
    pub slanted: usize,
}

impl PageLayout {
    pub(super) fn new(number: u32, marks: Marks) -> Self {
        let pieces = pieces::pieces(&marks.glyphs, &upright_lines(&marks));
        let em = typical_size(&pieces);
        let fills = marks.fills.into_iter().filter(|fill| !is_background(&fill.area, &pieces)).collect();
        Self {
            number,
            width: marks.width,
            height: marks.height,
            pieces,
            horizontal: marks.horizontal,
            vertical: marks.vertical,
            fills,
            cells: Vec::new(),
            em,
            unreadable_fonts: marks.unreadable,
            pictures: marks.pictures.min(1.0),
            hidden_text: marks.invisible > 0,
            slanted: marks.slanted,
        }
    }
}

impl PageLayout {
    /// A page of pictures without text that can be seen may hold rows that no one could read.
    pub(super) fn refuse_scan(&self) -> Result<(), PdfError> {
        if self.pieces.is_empty() && (self.pictures >= 0.3 || (self.hidden_text && self.pictures > 0.0)) {
            return Err(PdfError::Scan { page: self.number });
        }
        Ok(())
    }
}

/// A box behind all of the text parts nothing.
fn is_background(area: &Area, pieces: &[Piece]) -> bool {
    pieces.len() > 1 && pieces.iter().all(|piece| area.contains(piece.center(), piece.y - 0.3 * piece.size))
}

/// Vertical rules and the sides of boxes, from left to right.
fn upright_lines(marks: &Marks) -> Vec<Rule> {
    let sides = marks.fills.iter().flat_map(|fill| {
        let (from, to) = (fill.area.y0, fill.area.y1);
        [fill.area.x0, fill.area.x1].map(|at| Rule { at, from, to })
    });
    let mut lines: Vec<Rule> = marks.vertical.iter().copied().chain(sides).collect();
    lines.sort_by(|a, b| a.at.total_cmp(&b.at));
    lines
}

/// The size most characters are set in.
fn typical_size(pieces: &[Piece]) -> f32 {
    let mut sizes: Vec<(f32, usize)> = pieces.iter().map(|piece| (piece.size, piece.text.len())).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sizes.iter().map(|(_, count)| count).sum::<usize>() / 2;
    let mut passed = 0;
    for (size, count) in sizes {
        passed += count;
        if passed > half {
            return size.max(0.1);
        }
    }
    8.0
}
