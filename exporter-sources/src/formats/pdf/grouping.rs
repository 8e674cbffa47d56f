//! Which lines make a row where no rule says so.
//!
//! The tallest cell of a row fills it from top to bottom, however the others are aligned. So
//! lines within a row are never further apart than its leading, and rows are parted by more,
//! by the padding of their cells. The distance that parts them is chosen so that some column
//! has exactly one line in every row. Without padding all distances are alike; then each line
//! with a key stands for a row.

use std::ops::Range;

use super::columns::Columns;
use super::lines::Line;
use super::rows::Band;
use super::summary;

/// How rows are told apart in one file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spacing {
    /// Every band between rules is a row.
    Rules,
    /// A row begins after a distance above this (in ems).
    Gap(f32),
    /// Each line with text in `column` stands for a row, and the others join it; `sure` if they
    /// could not as well join the next one.
    Keys { column: usize, place: Place, sure: bool },
    /// Nothing tells which rows some lines belong to.
    Unclear,
}

/// Where the lines of a wrapped cell stand beside the row's line in the key column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Below it: cells are aligned at the top.
    Below,
    /// Above it: cells are aligned at the bottom.
    Above,
    /// On both sides alike: cells are centred.
    Around,
}

/// The columns a line has text in, one bit each.
type Mask = u128;

const MAX_COLUMNS: usize = 128;

fn bit(column: usize) -> Mask {
    u32::try_from(column).ok().and_then(|at| 1_u128.checked_shl(at)).unwrap_or(0)
}

fn mask(line: &Line, columns: &Columns) -> Mask {
    line.pieces.iter().fold(0, |mask, piece| {
        let x = if piece.joints.is_empty() { piece.center() } else { piece.x0 };
        let joints = piece.joints.iter().fold(0, |mask, joint| mask | bit(columns.of(joint.1 + 0.1)));
        mask | bit(columns.of(x)) | joints
    })
}

fn begins_totals(line: &Line) -> bool {
    line.pieces.first().is_some_and(|piece| summary::names_totals(&piece.text))
}

/// A band reduced to the places of its lines and the columns they have text in.
pub(super) struct Sketch {
    ys: Vec<f32>,
    sizes: Vec<f32>,
    masks: Vec<Mask>,
    /// Lines that begin with a word for totals: rows of their own, though they lack a key.
    totals: Vec<bool>,
}

impl Sketch {
    pub(super) fn of(band: &Band<'_>, columns: &Columns) -> Self {
        Self {
            ys: band.lines.iter().map(|line| line.y).collect(),
            sizes: band.lines.iter().map(|line| line.size.max(0.1)).collect(),
            masks: band.lines.iter().map(|line| mask(line, columns)).collect(),
            totals: band.lines.iter().map(|line| begins_totals(line)).collect(),
        }
    }

    /// Distance from line `at` to the one above it, in ems.
    fn gap(&self, at: usize) -> f32 {
        (self.ys[at] - self.ys[at - 1]) / self.sizes[at].max(self.sizes[at - 1])
    }

    /// Where the first row begins in a band that holds the heading as well: the lines above it
    /// and below it look like rows, and it stands apart from them.
    pub(super) fn below_heading(&self) -> Option<usize> {
        if full_lines(&self.masks) < 2 {
            return None;
        }
        let at = (1..self.masks.len()).max_by(|&a, &b| self.gap(a).total_cmp(&self.gap(b)))?;
        let mut others: Vec<f32> =
            (1..self.masks.len()).filter(|&other| other != at).map(|other| self.gap(other)).collect();
        others.sort_by(f32::total_cmp);
        let usual = others.last().copied().unwrap_or(1.2);
        let union = |masks: &[Mask]| masks.iter().fold(0, |union, mask| union | mask);
        let whole = alike(union(&self.masks[..at]), union(&self.masks[at..]));
        (whole && self.gap(at) > 1.3 * usual).then_some(at)
    }

    /// The lines of each row.
    pub(super) fn split(&self, spacing: Spacing) -> Vec<Range<usize>> {
        let count = self.masks.len();
        let starts: Vec<usize> = match spacing {
            Spacing::Rules | Spacing::Unclear => vec![0],
            Spacing::Gap(gap) => {
                (0..count).filter(|&at| at == 0 || self.gap(at) > gap || self.totals[at]).collect()
            }
            Spacing::Keys { column, place, .. } => self.starts_by_key(bit(column), place),
        };
        let ends = starts.iter().skip(1).copied().chain([count]);
        starts.iter().copied().zip(ends).map(|(from, to)| from..to).collect()
    }

    fn starts_by_key(&self, key: Mask, place: Place) -> Vec<usize> {
        let keys: Vec<usize> =
            (0..self.masks.len()).filter(|&at| self.masks[at] & key != 0 || self.totals[at]).collect();
        let mut starts = vec![0];
        for pair in keys.windows(2) {
            let (here, next) = (pair[0], pair[1]);
            starts.push(match place {
                Place::Below => next,
                Place::Above => here + 1,
                Place::Around => {
                    let first = *starts.last().unwrap_or(&0);
                    let reach = self.ys[here] - self.ys[first] + 0.2 * self.sizes[here];
                    let below = (here + 1..next).take_while(|&at| self.ys[at] - self.ys[here] <= reach);
                    below.last().unwrap_or(here) + 1
                }
            });
        }
        starts
    }

    /// How many lines of wrapped cells stand where `place` would not put them.
    fn misplaced(&self, column: usize, place: Place, leading: f32) -> usize {
        let key = bit(column);
        let rows = self.split(Spacing::Keys { column, place, sure: true });
        rows.into_iter()
            .map(|row| {
                let Some(at) = row.clone().find(|&at| self.masks[at] & key != 0 || self.totals[at]) else {
                    return row.len();
                };
                let fits = |line: usize| match place {
                    // Such a cell has text on the line of the key as well.
                    Place::Below => line > at && self.masks[line] & !self.masks[at] == 0,
                    Place::Above => line < at && self.masks[line] & !self.masks[at] == 0,
                    // Such a cell has a line as far away on the other side.
                    Place::Around => row.clone().any(|other| {
                        let (a, b) = (self.ys[line] - self.ys[at], self.ys[at] - self.ys[other]);
                        (a - b).abs() <= 0.3 * self.sizes[at] && self.masks[other] & self.masks[line] != 0
                    }),
                };
                // Lines of a cell are as close as lines get.
                let far = |line: usize| line > row.start && self.gap(line) > 1.1 * leading;
                row.clone().filter(|&line| (line != at && !fits(line)) || far(line)).count()
            })
            .sum()
    }
}

/// Chooses how rows are told apart.
pub(super) fn spacing(sketches: &[Sketch]) -> Spacing {
    if by_rules(sketches) {
        return Spacing::Rules;
    }
    let mut distances: Vec<f32> =
        sketches.iter().flat_map(|sketch| (1..sketch.masks.len()).map(|at| sketch.gap(at))).collect();
    distances.sort_by(f32::total_cmp);
    let steps = distances.windows(2).filter(|pair| pair[1] - pair[0] > 0.04);
    let mut gaps: Vec<f32> = steps.map(|pair| f32::midpoint(pair[0], pair[1])).collect();
    gaps.truncate(64);
    let gaps = [0.0].into_iter().chain(gaps).chain([f32::INFINITY]);
    let by_gap = best(sketches, gaps.map(Spacing::Gap));
    // The closest lines that stand under one another: those of wrapped cells, or rows.
    let leading = distances.iter().copied().find(|&gap| gap > 0.8).unwrap_or(f32::INFINITY);
    let by_key = best(sketches, keys(sketches, leading).into_iter());
    match (by_gap, by_key) {
        (Some((gap, fullness)), Some((keys, by_key))) => {
            // A distance that parts near lines from far ones is the better witness.
            let clear = matches!(gap, Spacing::Gap(gap) if gap > 0.0 && gap.is_finite());
            let margin = if clear { 1.2 } else { 1.02 };
            if by_key > margin * fullness { keys } else { gap }
        }
        (Some((spacing, _)), None) | (None, Some((spacing, _))) => spacing,
        // Rows with many empty cells, but one line each, stand at equal distances.
        (None, None) => match (distances.first(), distances.last()) {
            (Some(least), Some(most)) if most - least > 0.2 => Spacing::Unclear,
            _ => Spacing::Gap(0.0),
        },
    }
}

/// The candidate with the fullest rows; of equals the first.
fn best(sketches: &[Sketch], candidates: impl Iterator<Item = Spacing>) -> Option<(Spacing, f32)> {
    let mut best: Option<(Spacing, f32)> = None;
    for spacing in candidates {
        if let Some(score) = score(sketches, spacing)
            && best.is_none_or(|(_, most)| score > most + 1e-4)
        {
            best = Some((spacing, score));
        }
    }
    best
}

/// Whether two lines look like the beginnings of two rows.
fn alike(a: Mask, b: Mask) -> bool {
    let (both, any) = ((a & b).count_ones(), (a | b).count_ones());
    a.trailing_zeros() == b.trailing_zeros() && 5 * both >= 3 * any
}

/// How many lines look like the beginning of a row: they have text in the leftmost column, and
/// in about the same ones. Centred cells have lines above and below, but not in the leftmost.
fn full_lines(masks: &[Mask]) -> usize {
    let union = masks.iter().fold(0, |union, mask| union | mask);
    let left = union & union.wrapping_neg();
    let keyed = || masks.iter().copied().filter(|mask| mask & left != 0);
    let widest = keyed().max_by_key(|mask| mask.count_ones()).unwrap_or(0);
    let keys = keyed().count();
    if 2 * widest.count_ones() < union.count_ones() || (keys == 1 && masks.len() > 3) {
        // The key itself is wrapped, or only the heading has text there: most columns tell how
        // many rows there are.
        return usual_lines(masks);
    }
    keyed().filter(|&mask| alike(mask, widest)).count()
}

/// How many lines most columns have at least.
fn usual_lines(masks: &[Mask]) -> usize {
    let mut counts: Vec<usize> = (0..MAX_COLUMNS)
        .map(|column| masks.iter().filter(|&&mask| mask & bit(column) != 0).count())
        .filter(|&count| count > 0)
        .collect();
    counts.sort_unstable();
    counts.get(counts.len() / 4).copied().unwrap_or(0)
}

/// Whether each band holds one row: with several bands, hardly more than one full line each.
fn by_rules(sketches: &[Sketch]) -> bool {
    // Rows whose lines differ much are told by their number: no cell is wrapped so often in most
    // columns.
    let many = |sketch: &Sketch| Some(usual_lines(&sketch.masks)).filter(|&count| count > 3).unwrap_or(0);
    let full: usize = sketches.iter().map(|sketch| full_lines(&sketch.masks).max(many(sketch))).sum();
    match sketches.len() {
        0 => true,
        bands @ 1..=2 => full <= bands,
        bands => 2 * full <= 5 * bands,
    }
}

/// How full the rows are; `None` if no column has one line in (nearly) every row, or if rows
/// hold two lines that each look like a row.
fn score(sketches: &[Sketch], spacing: Spacing) -> Option<f32> {
    let mut ones = [0_u32; MAX_COLUMNS];
    let mut any = [0_u32; MAX_COLUMNS];
    let (mut rows, mut torn) = (0_u32, 0_u32);
    for sketch in sketches {
        for row in sketch.split(spacing) {
            let masks = &sketch.masks[row];
            let (mut once, mut twice) = (0, 0);
            for &mask in masks {
                twice |= once & mask;
                once |= mask;
            }
            rows += 1;
            // Wrapped cells beside others of one line are one row, however full their lines are.
            let single = (once & !twice).count_ones();
            torn += u32::from(full_lines(masks) > 1 && 3 * single < once.count_ones());
            let mut left = once;
            while left != 0 {
                let column = left.trailing_zeros() as usize;
                left &= left - 1;
                any[column] += 1;
                ones[column] += u32::from(twice & bit(column) == 0);
            }
        }
    }
    // A heading of two rows, a row cut by the page's end: a few rows may differ.
    let spare = rows / 30 + (rows / 6).min(2);
    if rows == 0 || torn > rows / 30 || !ones.iter().any(|&count| count + spare >= rows) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "rows of one file")]
    Some(any.iter().map(|&count| count as f32 / rows as f32).sum())
}

/// Ways to tell rows by their keys: columns from the left that could be one, with the place of
/// wrapped lines that agrees with nearly all of them.
fn keys(sketches: &[Sketch], leading: f32) -> Vec<Spacing> {
    let masks = || sketches.iter().flat_map(|sketch| &sketch.masks);
    let total = masks().count();
    let filled = |column: usize| masks().filter(|&&mask| mask & bit(column) != 0).count();
    let cells = |key: Mask, with: bool| -> u32 {
        let chosen = masks().filter(|&&mask| (mask & key != 0) == with);
        chosen.map(|mask| mask.count_ones()).sum()
    };
    let columns = (0..MAX_COLUMNS).filter(|&column| filled(column) * 5 >= total).take(4);
    columns
        .filter_map(|column| {
            let rows = filled(column);
            let rest = total - rows;
            #[expect(clippy::cast_precision_loss, reason = "lines of one file")]
            let mean = |with: bool, lines: usize| cells(bit(column), with) as f32 / lines.max(1) as f32;
            // Lines between hold the rest of a few wrapped cells, not rows without a key.
            if mean(false, rest) > 0.8 * mean(true, rows) {
                return None;
            }
            let wrong = |place: Place| -> usize {
                sketches.iter().map(|sketch| sketch.misplaced(column, place, leading)).sum()
            };
            let places = [Place::Below, Place::Above, Place::Around];
            let place = places.into_iter().min_by_key(|&place| wrong(place))?;
            let least = wrong(place);
            // Lines that may as well belong to the row above as to the one below: no guess.
            let sure = rest == 0 || place != Place::Below || wrong(Place::Above) > least;
            (least * 10 <= rest).then_some(Spacing::Keys { column, place, sure })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::pieces::Piece;
    use super::*;

    /// Lines as `(y, columns)`; column `c` lies at `100 c`.
    fn lines(rows: &[(f32, &[usize])]) -> Vec<Line> {
        let piece = |y: f32, column: usize| Piece {
            #[expect(clippy::cast_precision_loss, reason = "small")]
            x0: 100.0 * column as f32,
            #[expect(clippy::cast_precision_loss, reason = "small")]
            x1: 100.0 * column as f32 + 40.0,
            y,
            size: 10.0,
            text: "x".into(),
            space_after: false,
            joints: Vec::new(),
        };
        rows.iter()
            .map(|&(y, columns)| Line {
                y,
                size: 10.0,
                pieces: columns.iter().map(|&column| piece(y, column)).collect(),
            })
            .collect()
    }

    fn grouped(rows: &[(f32, &[usize])]) -> (Spacing, Vec<usize>) {
        let lines = lines(rows);
        let columns = Columns { borders: vec![70.0, 170.0, 270.0] };
        let band = Band { lines: lines.iter().collect() };
        let sketch = [Sketch::of(&band, &columns)];
        let spacing = spacing(&sketch);
        (spacing, sketch[0].split(spacing).into_iter().map(|row| row.len()).collect())
    }

    const ALL: &[usize] = &[0, 1, 2, 3];

    #[test]
    fn single_lines_are_rows() {
        let (_, rows) = grouped(&[(0.0, ALL), (15.0, ALL), (30.0, ALL)]);
        assert_eq!(rows, [1, 1, 1]);
    }

    #[test]
    fn wrapped_cells_at_the_top() {
        let (_, rows) =
            grouped(&[(0.0, ALL), (16.0, ALL), (27.0, &[2]), (43.0, ALL), (54.0, &[2]), (65.0, &[2])]);
        assert_eq!(rows, [1, 2, 3]);
    }

    #[test]
    fn cells_centred_beside_a_tall_one() {
        let (_, rows) = grouped(&[(0.0, ALL), (16.0, &[2]), (21.5, &[0, 1, 3]), (27.0, &[2]), (43.0, ALL)]);
        assert_eq!(rows, [1, 3, 1]);
    }

    #[test]
    fn equal_distances_with_cells_at_the_bottom() {
        let (spacing, rows) = grouped(&[
            (0.0, ALL),
            (11.0, &[2]),
            (22.0, ALL),
            (33.0, &[0, 1, 3]),
            (44.0, &[2]),
            (55.0, ALL),
            (66.0, ALL),
        ]);
        assert!(matches!(spacing, Spacing::Keys { place: Place::Above, .. }), "{spacing:?}");
        assert_eq!(rows, [1, 2, 1, 2, 1]);
    }

    #[test]
    fn lines_that_may_belong_to_either_row_are_unclear() {
        let (spacing, _) =
            grouped(&[(0.0, ALL), (11.0, ALL), (22.0, &[2]), (33.0, ALL), (44.0, ALL), (55.0, ALL)]);
        assert!(matches!(spacing, Spacing::Keys { sure: false, .. }), "{spacing:?}");
    }

    #[test]
    fn equal_distances_with_centred_cells() {
        const REST: &[usize] = &[0, 1, 3];
        let (spacing, rows) = grouped(&[
            (0.0, ALL),
            (10.0, &[2]),
            (15.0, REST),
            (20.0, &[2]),
            (30.0, &[2]),
            (40.0, ALL),
            (50.0, &[2]),
            (60.0, ALL),
            (70.0, ALL),
        ]);
        assert!(matches!(spacing, Spacing::Keys { place: Place::Around, .. }), "{spacing:?}");
        assert_eq!(rows, [1, 3, 3, 1, 1]);
    }
}
