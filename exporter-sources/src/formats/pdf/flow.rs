//! Which way wrapped lines flow: a line is broken only where the next word does not fit. This
//! tells rows of equal distances whose other cells stand at the top from those with the other
//! cells at the bottom.

use super::columns::Columns;
use super::lines::Line;
use super::pieces::Piece;
use super::rows::Band;

/// Fewer wrapped cells than this are no witnesses.
const WITNESSES: usize = 3;

/// How many line breaks a reading would leave unexplained, of how many.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    wrong: usize,
    of: usize,
}

impl Tally {
    fn count(&mut self, explained: bool) {
        self.of += 1;
        self.wrong += usize::from(!explained);
    }

    fn fits(self) -> bool {
        self.of >= WITNESSES && 10 * self.wrong <= self.of
    }

    fn fails(self) -> bool {
        self.of >= WITNESSES && 3 * self.wrong >= self.of
    }
}

/// Whether the lines without text in the column `key` go on with the row above them (`true`) or
/// begin the row below (`false`); `None` if the line breaks do not tell.
pub(super) fn downwards(bands: &[(&[Band<'_>], &Columns)], key: usize) -> Option<bool> {
    let (mut above, mut below) = (Tally::default(), Tally::default());
    for (bands, columns) in bands {
        let widths = widths(bands, columns);
        for band in *bands {
            for (at, line) in band.lines.iter().enumerate() {
                if cells(line, columns).any(|(column, _)| column == key) {
                    continue;
                }
                let before = at.checked_sub(1).and_then(|at| band.lines.get(at));
                let after = band.lines.get(at + 1);
                for (column, piece) in cells(line, columns) {
                    let width = widths.get(column).copied().unwrap_or(0.0);
                    above
                        .count(before.is_some_and(|line| {
                            broken(in_column(line, columns, column), Some(piece), width)
                        }));
                    below
                        .count(after.is_some_and(|line| {
                            broken(Some(piece), in_column(line, columns, column), width)
                        }));
                }
            }
        }
    }
    match (above.fits() && below.fails(), below.fits() && above.fails()) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

fn cells<'a>(line: &'a Line, columns: &Columns) -> impl Iterator<Item = (usize, &'a Piece)> {
    line.pieces.iter().map(|piece| (columns.of(piece.center()), piece))
}

fn in_column<'a>(line: &'a Line, columns: &Columns, column: usize) -> Option<&'a Piece> {
    cells(line, columns).find(|(at, _)| *at == column).map(|(_, piece)| piece)
}

/// The widest line of each column.
fn widths(bands: &[Band<'_>], columns: &Columns) -> Vec<f32> {
    let mut widths = vec![0.0_f32; columns.count()];
    for (column, piece) in bands.iter().flat_map(|band| &band.lines).flat_map(|line| cells(line, columns)) {
        widths[column] = widths[column].max(piece.x1 - piece.x0);
    }
    widths
}

/// Whether a line ended after `first` because the first word of `second` had no room there.
fn broken(first: Option<&Piece>, second: Option<&Piece>, width: f32) -> bool {
    let (Some(first), Some(second)) = (first, second) else { return false };
    let word = second.text.split(' ').next().unwrap_or_default().chars().count();
    #[expect(clippy::cast_precision_loss, reason = "characters of a line")]
    let share = word as f32 / second.text.chars().count().max(1) as f32;
    let needed = first.x1 - first.x0 + 0.2 * first.size + share * (second.x1 - second.x0);
    needed > width
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of a key at 0 and text at 100, five units a character.
    fn lines(rows: &[(&str, &str)]) -> Vec<Line> {
        let mut y = 0.0;
        let piece = |x0: f32, y: f32, text: &str| Piece {
            x0,
            #[expect(clippy::cast_precision_loss, reason = "short")]
            x1: x0 + 5.0 * text.len() as f32,
            y,
            size: 10.0,
            text: text.to_owned(),
            space_after: false,
            joints: Vec::new(),
        };
        rows.iter()
            .map(|(key, text)| {
                y += 12.0;
                let mut pieces = vec![piece(100.0, y, text)];
                if !key.is_empty() {
                    pieces.insert(0, piece(0.0, y, key));
                }
                Line { y, size: 10.0, pieces }
            })
            .collect()
    }

    fn told(rows: &[(&str, &str)]) -> Option<bool> {
        let lines = lines(rows);
        let columns = Columns { borders: vec![70.0] };
        let bands = [Band { lines: lines.iter().collect() }];
        downwards(&[(&bands[..], &columns)], 0)
    }

    #[test]
    fn full_lines_go_on_below() {
        let top = [
            ("1", "Copper wire,"),
            ("", "insulated"),
            ("2", "Steel bolt"),
            ("3", "Label roll 1"),
            ("", "x 50 mm"),
            ("4", "Plastic tray"),
            ("5", "Packing tape"),
            ("", "clear"),
            ("6", "Box"),
        ];
        assert_eq!(told(&top), Some(true));
        let bottom = [
            ("1", "Box"),
            ("", "Copper wire,"),
            ("2", "insulated"),
            ("3", "Steel bolt"),
            ("", "Label roll 1"),
            ("4", "x 50 mm"),
            ("", "Packing tape"),
            ("5", "clear"),
            ("6", "Box"),
        ];
        assert_eq!(told(&bottom), Some(false));
    }

    #[test]
    fn lines_that_end_by_choice_tell_nothing() {
        assert_eq!(
            told(&[("1", "a"), ("", "b"), ("2", "a"), ("", "b"), ("3", "a"), ("", "b"), ("4", "long text")]),
            None
        );
    }
}
