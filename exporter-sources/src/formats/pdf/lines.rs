//! Lines of a page: pieces that share a baseline.

use super::pieces::Piece;

/// Pieces on one baseline, left to right.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) y: f32,
    pub(super) size: f32,
    pub(super) pieces: Vec<Piece>,
}

/// Baselines closer than this (in ems) are one line.
const SAME_LINE: f32 = 0.25;
/// A gap wider than this (in ems) parts two cells when counting the cells of a line.
const CELL_GAP: f32 = 0.3;

impl Line {
    /// A line of 10 points with cells between two places each, for tests.
    #[cfg(test)]
    pub(super) fn sample(y: f32, cells: &[(f32, f32, &str)]) -> Self {
        let piece = |&(x0, x1, text): &(f32, f32, &str)| Piece {
            x0,
            x1,
            y,
            size: 10.0,
            text: text.to_owned(),
            space_after: false,
            joints: Vec::new(),
        };
        Self { y, size: 10.0, pieces: cells.iter().map(piece).collect() }
    }

    /// Left edge.
    pub(super) fn x0(&self) -> f32 {
        self.pieces.first().map_or(0.0, |piece| piece.x0)
    }

    /// How many cells the line seems to hold.
    pub(super) fn segments(&self) -> usize {
        let gaps = self.pieces.windows(2).filter(|pair| {
            let joint = pair[0].x1 >= pair[1].x0 - CELL_GAP * self.size;
            !joint || !pair[0].joints.is_empty()
        });
        let joints: usize = self.pieces.iter().map(|piece| piece.joints.len()).sum();
        1 + gaps.count() + joints
    }

    pub(super) fn same_text(&self, other: &Self) -> bool {
        self.pieces.len() == other.pieces.len()
            && self.pieces.iter().zip(&other.pieces).all(|(a, b)| a.text == b.text)
    }

    /// The whole text, for comparing lines.
    pub(super) fn text(&self) -> String {
        let texts: Vec<&str> = self.pieces.iter().map(|piece| piece.text.as_str()).collect();
        texts.join(" ")
    }
}

/// The lines of a page, top to bottom.
pub(super) fn lines(mut pieces: Vec<Piece>, em: f32) -> Vec<Line> {
    pieces.sort_by(|a, b| a.y.total_cmp(&b.y));
    let mut lines: Vec<Line> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if piece.y - line.y <= SAME_LINE * em => {
                line.size = line.size.max(piece.size);
                line.pieces.push(piece);
            }
            _ => lines.push(Line { y: piece.y, size: piece.size, pieces: vec![piece] }),
        }
    }
    for line in &mut lines {
        line.pieces.sort_by(|a, b| a.x0.total_cmp(&b.x0));
    }
    lines
}
