//! How wide text is: what `autoResizeDimensions` makes of a column.

use crate::sheets::model::Tab;
use crate::sheets::view::View;

/// Advance widths of Arial, the font of a new spreadsheet, for the characters from the space
/// to `~`, in thousandths of the font's size.
const ARIAL: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Width of a character outside that table: an em.
const EM: u16 = 1000;

/// Pixels that the real service makes of a thousandth of an em at ten points, times 667,000:
/// it made a column with 1,024 letters A in one cell 9,483 pixels wide.
const MEASURED: (u64, u64) = (9_483, 1_024 * 667);

/// Pixels of a column without anything in it.
const EMPTY: u64 = 21;

/// Pixels that a column takes for its widest line.
pub fn fitting<'a>(view: &View<'a>, tab: &'a Tab, column: usize) -> u32 {
    let widest = (0..tab.grid.rows().len()).map(|row| cell(view, tab, row, column)).max().unwrap_or(0);
    u32::try_from(widest.max(EMPTY)).unwrap_or(u32::MAX)
}

fn cell<'a>(view: &View<'a>, tab: &'a Tab, row: usize, column: usize) -> u64 {
    let shown = view.formatted(tab, row, column);
    let format = view.spreadsheet.formats.get(tab.grid.row(row).format(column));
    let points = format.and_then(|format| format["textFormat"]["fontSize"].as_u64()).unwrap_or(10);
    let widest = shown.lines().map(line).max().unwrap_or(0);
    (widest * MEASURED.0 * points).div_ceil(MEASURED.1 * 10)
}

/// Thousandths of an em.
fn line(text: &str) -> u64 {
    text.chars().map(advance).sum()
}

fn advance(letter: char) -> u64 {
    let place = u32::from(letter).checked_sub(u32::from(' ')).and_then(|place| usize::try_from(place).ok());
    u64::from(*place.and_then(|place| ARIAL.get(place)).unwrap_or(&EM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_the_widths_of_the_font() {
        assert_eq!(line("A"), 667);
        assert_eq!(line("0123456789"), 5_560);
        assert_eq!(line("~"), 584);
        assert_eq!(line("é"), 1_000);
    }
}
