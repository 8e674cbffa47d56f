//! What a page paints, in upright page coordinates: glyphs, rules and filled boxes.

use super::geometry::Area;

/// One character as shown on the page. `y` grows downwards and is the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Glyph {
    pub(super) x0: f32,
    pub(super) x1: f32,
    pub(super) y: f32,
    /// Height of the font's em on the page.
    pub(super) size: f32,
    pub(super) ch: char,
    /// Which text-showing operator painted it.
    pub(super) run: u32,
    /// Which text object (`BT` … `ET`) it stands in.
    pub(super) block: u32,
}

/// A straight line along an axis, however it was drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// `y` of a horizontal rule, `x` of a vertical one.
    pub at: f32,
    /// Where it begins.
    pub from: f32,
    /// Where it ends.
    pub to: f32,
}

/// A filled box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// Where it is.
    pub area: Area,
    /// `0xRRGGBB`.
    pub color: u32,
}

/// Everything found on one page.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) glyphs: Vec<Glyph>,
    pub(super) horizontal: Vec<Rule>,
    pub(super) vertical: Vec<Rule>,
    pub(super) fills: Vec<Fill>,
    /// Fonts with characters that nothing gives a meaning.
    pub(super) unreadable: Vec<String>,
    /// Fonts that text is shown in and that are not in the file.
    pub(super) lost: Vec<String>,
    /// Glyphs that no one sees (text mode 3: the layer under a scan).
    pub(super) invisible: usize,
    /// Glyphs that run neither along nor across the page: stamps, watermarks.
    pub(super) slanted: usize,
    /// Characters that lie beside the visible page.
    pub(super) beside: usize,
    /// Share of the page covered by its pictures, 0 to 1.
    pub(super) pictures: f32,
}

impl Marks {
    /// Whether a box of this colour is not seen, because it lies on a larger one of the same
    /// colour: some writers paint one behind each word.
    pub(super) fn hides(&self, area: &Area, color: u32) -> bool {
        /// The cell's own box was painted not long before.
        const RECENT: usize = 48;
        let (x, y) = (f32::midpoint(area.x0, area.x1), f32::midpoint(area.y0, area.y1));
        // The topmost box under it decides what is seen.
        let below = self.fills.iter().rev().take(RECENT).find(|fill| fill.area.contains(x, y));
        below.is_some_and(|fill| {
            let common = fill.area.intersect(area);
            fill.color == color
                && common.width() >= 0.99 * area.width()
                && common.height() >= 0.99 * area.height()
        })
    }
}
