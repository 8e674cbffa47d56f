//! Which lines make a row where no rule says so.
//!
//! The tallest cell of a row fills it from top to bottom, however the others are aligned. So
//! lines within a row are never further apart than its leading, and rows are parted by more,
//! by the padding of their cells. The distance that parts them is chosen so that some column
//! has exactly one line in every row.

use super::columns::Columns;
use super::lines::Line;
use super::rows::Band;

/// How rows are told apart in one file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spacing {
    /// Every band between rules is a row.
    Rules,
    /// A row begins after a distance above this (in ems).
    Gap(f32),
    /// Each line with text in `column` stands for a row, and the others join it.
    Anchors { column: usize, place: Place },
}

/// Where a row's line in the key column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    Bottom,
}

/// The columns a line has text in, one bit each.
type Mask = u128;

pub(super) fn mask(line: &Line, columns: &Columns) -> Mask {
    line.pieces.iter().fold(0, |mask, piece| {
        let first = columns.of(piece.x0.min(piece.center()));
        let column = if piece.joints.is_empty() { columns.of(piece.center()) } else { first };
        mask | 1_u128.checked_shl(u32::try_from(column).unwrap_or(127)).unwrap_or(0)
    })
}

/// A band as distances and masks, line by line.
struct Sketch {
    /// Distance to the line above, in ems; infinite for the first.
    gaps: Vec<f32>,
    masks: Vec<Mask>,
}

/// Chooses how rows are told apart. `bands` and `columns` have one entry per page.
pub(super) fn spacing(bands: &[Vec<Band<'_>>], columns: &[&Columns]) -> Spacing {
    let sketches: Vec<Sketch> = bands
        .iter()
        .zip(columns)
        .flat_map(|(bands, columns)| bands.iter().map(move |band| sketch(band, columns)))
        .collect();
    if by_rules(&sketches) {
        return Spacing::Rules;
    }
    let mut distances: Vec<f32> =
        sketches.iter().flat_map(|sketch| sketch.gaps.iter().skip(1).copied()).collect();
    distances.sort_by(f32::total_cmp);
    let mut candidates = vec![0.0];
    for pair in distances.windows(2) {
        if pair[1] - pair[0] > 0.04 {
            candidates.push(f32::midpoint(pair[0], pair[1]));
        }
    }
    candidates.push(f32::INFINITY);
    candidates.truncate(64);
    let scored = candidates.iter().filter_map(|&gap| Some((gap, score(&sketches, gap)?)));
    let best = scored.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.total_cmp(&a.0)));
    match (best, anchors(&sketches)) {
        (Some((gap, fullness)), Some((_, by_key))) if by_key <= 1.05 * fullness => Spacing::Gap(gap),
        (_, Some((spacing, _))) => spacing,
        (Some((gap, _)), None) => Spacing::Gap(gap),
        (None, None) => Spacing::Gap(0.0),
    }
}

fn sketch(band: &Band<'_>, columns: &Columns) -> Sketch {
    let mut gaps = vec![f32::INFINITY];
    for pair in band.lines.windows(2) {
        let em = pair[0].size.max(pair[1].size);
        gaps.push((pair[1].y - pair[0].y) / em.max(0.1));
    }
    Sketch { gaps, masks: band.lines.iter().map(|line| mask(line, columns)).collect() }
}

/// Whether two lines look like the beginnings of two rows.
fn alike(a: Mask, b: Mask) -> bool {
    let (both, any) = ((a & b).count_ones(), (a | b).count_ones());
    a.trailing_zeros() == b.trailing_zeros() && 5 * both >= 3 * any
}

/// Whether each band holds one row: with several bands, hardly more than one full line each.
fn by_rules(sketches: &[Sketch]) -> bool {
    let full: usize = sketches
        .iter()
        .map(|sketch| {
            let widest = sketch.masks.iter().copied().max_by_key(|mask| mask.count_ones());
            let widest = widest.unwrap_or(0);
            sketch.masks.iter().filter(|&&mask| alike(mask, widest)).count()
        })
        .sum();
    match sketches.len() {
        0 => true,
        bands @ 1..=2 => full <= bands,
        bands => 2 * full <= 5 * bands,
    }
}

/// How well the rows at this distance fit; `None` if no column has one line in every row.
fn score(sketches: &[Sketch], gap: f32) -> Option<f32> {
    let mut ones = [0_u32; 128];
    let mut any = [0_u32; 128];
    let (mut rows, mut torn) = (0_u32, 0_u32);
    for sketch in sketches {
        let mut start = 0;
        for end in 1..=sketch.masks.len() {
            if end < sketch.masks.len() && sketch.gaps[end] <= gap {
                continue;
            }
            let group = &sketch.masks[start..end];
            start = end;
            rows += 1;
            let (mut once, mut twice, mut widest) = (0, 0, 0_u128);
            for &mask in group {
                twice |= once & mask;
                once |= mask;
                if mask.count_ones() > widest.count_ones() {
                    widest = mask;
                }
            }
            torn += u32::from(group.iter().filter(|&&mask| alike(mask, widest)).count() > 1);
            for column in 0..128 {
                let bit = 1_u128 << column;
                any[column] += u32::from(once & bit != 0);
                ones[column] += u32::from(once & !twice & bit != 0);
            }
        }
    }
    // A few rows (headings, a row cut by the page's end) may differ.
    let most = rows - rows / 30;
    if rows == 0 || torn > rows / 30 || !ones.iter().any(|&count| count >= most) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "rows of one file")]
    Some(any.iter().map(|&count| count as f32 / rows as f32).sum())
}

/// Equal distances throughout: each line with a key is a row, and the lines between are the
/// rest of wrapped cells. Returns also how full the rows are; `None` if the lines between hold
/// more than that.
fn anchors(sketches: &[Sketch]) -> Option<(Spacing, f32)> {
    let masks = || sketches.iter().flat_map(|sketch| &sketch.masks);
    let total = masks().count();
    let filled = |bit: Mask| masks().filter(|&&mask| mask & bit != 0).count();
    let column = (0..128).find(|&column| filled(1 << column) * 3 >= total)?;
    let bit = 1_u128 << column;
    let keys = filled(bit);
    let cells = |with_key: bool| -> u32 {
        let chosen = masks().filter(|&&mask| (mask & bit != 0) == with_key);
        chosen.map(|mask| mask.count_ones()).sum()
    };
    #[expect(clippy::cast_precision_loss, reason = "lines of one file")]
    let mean = |cells: u32, lines: usize| cells as f32 / lines.max(1) as f32;
    if mean(cells(false), total - keys) > 0.4 * mean(cells(true), keys) {
        return None;
    }
    let (mut top, mut bottom) = (0_usize, 0_usize);
    for sketch in sketches {
        for (at, &mask) in sketch.masks.iter().enumerate() {
            if mask & bit != 0 {
                continue;
            }
            let has_key = |mask: &&Mask| **mask & bit != 0;
            let before = sketch.masks[..at].iter().rev().find(has_key);
            let after = sketch.masks[at..].iter().find(has_key);
            // A continuation has text only where its row has.
            top += usize::from(before.is_some_and(|row| mask & !row == 0));
            bottom += usize::from(after.is_some_and(|row| mask & !row == 0));
        }
    }
    let place = if bottom > top { Place::Bottom } else { Place::Top };
    Some((Spacing::Anchors { column, place }, mean(cells(true), keys)))
}

/// Rows parted by more than `gap` ems.
pub(super) fn by_gap<'a>(lines: &[&'a Line], gap: f32) -> Vec<Vec<&'a Line>> {
    let mut rows: Vec<Vec<&Line>> = Vec::new();
    for line in lines {
        match rows.last_mut() {
            Some(row)
                if row
                    .last()
                    .is_some_and(|above| line.y - above.y <= gap * above.size.max(line.size).max(0.1)) =>
            {
                row.push(line);
            }
            _ => rows.push(vec![line]),
        }
    }
    rows
}

/// One row per line with text in `column`.
pub(super) fn by_anchor<'a>(
    lines: &[&'a Line],
    columns: &Columns,
    column: usize,
    place: Place,
) -> Vec<Vec<&'a Line>> {
    let has_key = |line: &Line| {
        let bit = u32::try_from(column).ok().and_then(|at| 1_u128.checked_shl(at));
        mask(line, columns) & bit.unwrap_or(0) != 0
    };
    let mut rows: Vec<Vec<&Line>> = Vec::new();
    let mut complete = true;
    for line in lines {
        let key = has_key(line);
        let begins = match place {
            Place::Top => key,
            Place::Bottom => complete,
        };
        match rows.last_mut() {
            Some(row) if !begins => row.push(line),
            _ => rows.push(vec![line]),
        }
        complete = key;
    }
    rows
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
        let spacing = spacing(&[vec![Band { lines: band.lines.clone() }]], &[&columns]);
        let rows = match spacing {
            Spacing::Rules => vec![band.lines],
            Spacing::Gap(gap) => by_gap(&band.lines, gap),
            Spacing::Anchors { column, place } => by_anchor(&band.lines, &columns, column, place),
        };
        (spacing, rows.iter().map(Vec::len).collect())
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
        assert!(matches!(spacing, Spacing::Anchors { place: Place::Bottom, .. }), "{spacing:?}");
        assert_eq!(rows, [1, 2, 1, 2, 1]);
    }
}
