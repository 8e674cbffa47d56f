//! Page furniture: what comes back on every page and belongs to no table.

use std::collections::HashMap;

use super::lines::Line;

/// Page numbers and running heads: lines of few cells that come back on other pages at the
/// same height, with the same text but for digits.
pub(super) struct Furniture {
    seen: HashMap<String, Vec<f32>>,
    pages: usize,
}

impl Furniture {
    /// How many lines from either edge of the page are looked at.
    const EDGE: usize = 4;

    /// Looks at the lines of all pages.
    pub(super) fn of<'a>(pages: impl ExactSizeIterator<Item = &'a [Line]>) -> Self {
        let count_of_pages = pages.len();
        let mut seen: HashMap<String, Vec<f32>> = HashMap::new();
        for lines in pages {
            let count = lines.len();
            for (at, line) in lines.iter().enumerate() {
                let edge = at < Self::EDGE || at + Self::EDGE >= count;
                if edge && line.segments() <= 3 {
                    seen.entry(shape(&line.text())).or_default().push(line.y);
                }
            }
        }
        Self { seen, pages: count_of_pages }
    }

    /// Whether the line numbers its page, as in `report.html 2/7`: few texts, one of them with the
    /// right numbers. Printers set it close below the last row, or between rows by mistake.
    pub(super) fn numbers(&self, line: &Line, page: u32) -> bool {
        let counts = |text: &str| {
            let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            ["/", "of", "dari"].iter().any(|between| text == format!("{page}{between}{}", self.pages))
        };
        line.pieces.len() <= 3 && line.pieces.iter().any(|piece| counts(&piece.text))
    }

    /// Whether the line comes back on most pages.
    pub(super) fn has(&self, line: &Line) -> bool {
        self.seen.get(&shape(&line.text())).is_some_and(|heights| {
            let same = |y: &&f32| (**y - line.y).abs() < 0.5 * line.size;
            let count = heights.iter().filter(same).count();
            count >= 2 && count * 5 >= self.pages * 3
        })
    }
}

/// A text with all numbers alike.
fn shape(text: &str) -> String {
    let mut shape = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if c != '#' || !shape.ends_with('#') {
            shape.push(c);
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::super::pieces::Piece;
    use super::*;

    fn line(y: f32, text: &str) -> Line {
        let piece = Piece {
            x0: 0.0,
            x1: 50.0,
            y,
            size: 10.0,
            text: text.to_owned(),
            space_after: false,
            joints: Vec::new(),
        };
        Line { y, size: 10.0, pieces: vec![piece] }
    }

    #[test]
    fn page_numbers_are_told_by_their_shape_and_place() {
        let pages = [
            vec![line(20.0, "A"), line(800.0, "Halaman 1 dari 12")],
            vec![line(60.0, "B"), line(800.0, "Halaman 2 dari 12")],
        ];
        let furniture = Furniture::of(pages.iter().map(Vec::as_slice));
        assert!(furniture.has(&line(801.0, "Halaman 10 dari 12")));
        assert!(!furniture.has(&line(700.0, "Halaman 1 dari 12")));
        assert!(!furniture.has(&line(20.0, "A")));
    }

    #[test]
    fn a_line_that_numbers_its_page() {
        let pages = [vec![line(800.0, "1/2")], vec![line(800.0, "2/2")]];
        let furniture = Furniture::of(pages.iter().map(Vec::as_slice));
        assert!(furniture.numbers(&line(800.0, "2 / 2"), 2));
        assert!(furniture.numbers(&line(800.0, "1 of 2"), 1));
        for other in ["2/2", "1/3", "Bab 1/2"] {
            assert!(!furniture.numbers(&line(800.0, other), 1), "{other}");
        }
    }
}
