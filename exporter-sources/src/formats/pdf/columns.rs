//! Columns without lines between them: from gaps that run through all rows.
//!
//! Pieces of text are never cut by a gap (see `pieces`), so a strip that no piece of any row
//! touches parts two columns, however narrow it is, provided both sides have a heading.

use super::lines::Line;
use super::pieces::Piece;

/// Where columns meet: `n - 1` positions for `n` columns, left to right.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Columns {
    pub(super) borders: Vec<f32>,
}

impl Columns {
    pub(super) fn count(&self) -> usize {
        self.borders.len() + 1
    }

    /// The column `x` lies in.
    pub(super) fn of(&self, x: f32) -> usize {
        self.borders.partition_point(|&border| border <= x)
    }

    /// Whether `piece` reaches over a border by more than `slack` on both sides.
    pub(super) fn crossed_by(&self, piece: &Piece, slack: f32) -> bool {
        self.borders.iter().any(|&border| piece.x0 < border - slack && piece.x1 > border + slack)
    }
}

/// A stretch of the page's width and how much text covers it.
#[derive(Debug, Clone, Copy)]
struct Strip {
    from: f32,
    to: f32,
    cover: usize,
}

/// Finds the columns of `body` under the heading row `headings`; `joints` are places where cells
/// touch.
pub(super) fn find(body: &[&Line], headings: &[&Line], joints: &[f32], em: f32) -> Columns {
    let all = || headings.iter().chain(body).flat_map(|line| &line.pieces);
    let least = 0.05 * em;
    let mut borders = free_borders(&strips(all()), 0, least);
    for &joint in joints {
        if !borders.iter().any(|b| (b - joint).abs() < 0.3 * em) {
            borders.push(joint);
        }
    }
    borders.sort_by(f32::total_cmp);
    // A heading over several columns, or a few overlong cells, may reach over a gap that
    // everything else keeps free: it counts if it parts two headings.
    let below = strips(body.iter().flat_map(|line| &line.pieces));
    for tolerance in [0, body.len() / 20] {
        for border in free_borders(&below, tolerance, least) {
            let known = borders.iter().any(|b| (b - border).abs() < 0.6 * em);
            if !known && parts_headings(&borders, border, headings) {
                borders.push(border);
                borders.sort_by(f32::total_cmp);
            }
        }
    }
    let heads: Vec<&Piece> = headings.iter().flat_map(|line| &line.pieces).collect();
    merge_halves(&mut borders, body, &heads, em);
    merge_headless(&mut borders, body, &heads, em);
    Columns { borders }
}

/// Columns within `ruled` ones that no line parts, as under headings with a coloured box over
/// several columns: both parts must have a heading and text of their own.
pub(super) fn refine(ruled: &Columns, body: &[&Line], headings: &[&Line], em: f32) -> Columns {
    let mut borders = ruled.borders.clone();
    let below = strips(body.iter().flat_map(|line| &line.pieces));
    for border in free_borders(&below, 0, 0.3 * em) {
        let known = borders.iter().any(|b| (b - border).abs() < 1.5 * em);
        let (left, right) = neighbours(&borders, border);
        let filled = |from: f32, to: f32| {
            let has = |line: &&&Line| line.pieces.iter().any(|p| p.center() > from && p.center() < to);
            20 * body.iter().filter(has).count() >= body.len()
        };
        if !known
            && filled(left, border)
            && filled(border, right)
            && parts_headings(&borders, border, headings)
        {
            borders.push(border);
            borders.sort_by(f32::total_cmp);
        }
    }
    Columns { borders }
}

/// More columns than any export has.
const MAX_BORDERS: usize = 250;

/// Sweeps over the edges of all pieces.
fn strips<'a>(pieces: impl Iterator<Item = &'a Piece>) -> Vec<Strip> {
    let mut edges: Vec<(f32, i32)> = pieces.flat_map(|piece| [(piece.x0, 1), (piece.x1, -1)]).collect();
    edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let mut strips = Vec::new();
    let mut cover = 0_i32;
    for pair in edges.windows(2) {
        cover += pair[0].1;
        if pair[1].0 > pair[0].0 {
            strips.push(Strip { from: pair[0].0, to: pair[1].0, cover: usize::try_from(cover).unwrap_or(0) });
        }
    }
    strips
}

/// Middles of the stretches that at most `tolerance` pieces cover.
fn free_borders(strips: &[Strip], tolerance: usize, least: f32) -> Vec<f32> {
    let mut borders = Vec::new();
    let mut open: Option<(f32, f32)> = None;
    let inner = strips.iter().skip_while(|strip| strip.cover <= tolerance);
    for strip in inner {
        if strip.cover <= tolerance {
            open = Some((open.map_or(strip.from, |(from, _)| from), strip.to));
        } else if let Some((from, to)) = open.take()
            && to - from >= least
        {
            borders.push(f32::midpoint(from, to));
        }
    }
    borders.truncate(MAX_BORDERS);
    borders
}

/// Whether the heading lines have a heading on either side of `border` within its column.
/// Lines with a heading across it do not count: that is a heading over several columns.
fn parts_headings(borders: &[f32], border: f32, headings: &[&Line]) -> bool {
    let (left, right) = neighbours(borders, border);
    let crosses = |line: &Line| line.pieces.iter().any(|piece| piece.x0 < border && piece.x1 > border);
    let has = |from: f32, to: f32| {
        let lines = headings.iter().filter(|line| !crosses(line));
        lines.flat_map(|line| &line.pieces).any(|piece| piece.center() > from && piece.center() < to)
    };
    has(left, border) && has(border, right)
}

/// The borders left and right of `at`.
fn neighbours(borders: &[f32], at: f32) -> (f32, f32) {
    let below = borders.iter().copied().filter(|&border| border < at);
    let above = borders.iter().copied().filter(|&border| border > at);
    (below.fold(f32::NEG_INFINITY, f32::max), above.fold(f32::INFINITY, f32::min))
}

/// Where cells touch one another: text objects that begin at the same place in many of the
/// `lines`, and in a heading.
pub(super) fn joints(lines: &[&Line], headings: &[&Line], em: f32) -> Vec<f32> {
    let mut joints: Vec<f32> = lines
        .iter()
        .flat_map(|line| &line.pieces)
        .flat_map(|piece| piece.joints.iter().map(|joint| joint.1))
        .collect();
    joints.sort_by(f32::total_cmp);
    let headed = |at: f32| {
        let near = |x: f32| (x - at).abs() < 0.5 * em;
        let mut heads = headings.iter().flat_map(|line| &line.pieces);
        heads.any(|head| near(head.x0) || head.joints.iter().any(|joint| near(joint.1)))
    };
    joints
        .chunk_by(|a, b| b - a <= 0.1 * em)
        .filter(|group| group.len() * 4 >= lines.len())
        .map(|group| group[group.len() / 2])
        .filter(|&at| headed(at))
        .collect()
}

/// What a column between two gaps holds.
#[derive(Clone, Copy)]
struct Part {
    /// Where its headings stand, the highest and the lowest.
    heads: Option<(f32, f32)>,
    text: bool,
}

impl Part {
    fn of((from, to): (f32, f32), body: &[&Line], heads: &[&Piece]) -> Self {
        let inside = |piece: &&Piece| piece.center() > from && piece.center() < to;
        // A heading that comes again on the next page is no text of the body.
        let again = |piece: &Piece| {
            heads.iter().any(|head| head.text == piece.text && (head.x0 - piece.x0).abs() < head.size)
        };
        let own = heads.iter().copied().filter(inside).map(|head| head.y);
        let widen =
            |range: Option<(f32, f32)>, y: f32| Some(range.map_or((y, y), |(a, b)| (y.min(a), y.max(b))));
        Self {
            heads: own.fold(None, widen),
            text: body.iter().flat_map(|line| &line.pieces).any(|piece| inside(&piece) && !again(piece)),
        }
    }

    /// Whether this is a heading without text, and `other` text whose headings, if it has any, are
    /// those of groups above.
    fn completes(self, other: Self, above: Option<f32>) -> bool {
        let (Some((top, _)), false, true) = (self.heads, self.text, other.text) else { return false };
        match (other.heads, above) {
            (None, _) => true,
            (Some((_, lowest)), Some(em)) => lowest < top - 0.5 * em,
            (Some(_), None) => false,
        }
    }
}

/// A heading at one side of its column and the text at the other may leave a gap between that
/// runs through: of two neighbours, one with only a heading and one with only text, make one;
/// then of what is left, one with only a heading and one with only a heading of its group.
fn merge_halves(borders: &mut Vec<f32>, body: &[&Line], heads: &[&Piece], em: f32) {
    let edges = [f32::NEG_INFINITY].into_iter().chain(borders.iter().copied());
    let ends = borders.iter().copied().chain([f32::INFINITY]);
    let parts: Vec<Part> = edges.zip(ends).map(|edges| Part::of(edges, body, heads)).collect();
    let mut taken = vec![false; parts.len()];
    let mut joined = Vec::new();
    for above in [None, Some(em)] {
        for at in 1..parts.len() {
            let (left, right) = (parts[at - 1], parts[at]);
            let halves = left.completes(right, above) || right.completes(left, above);
            if halves && !taken[at - 1] && !taken[at] {
                (taken[at - 1], taken[at]) = (true, true);
                joined.push(at - 1);
            }
        }
    }
    joined.sort_unstable();
    for border in joined.into_iter().rev() {
        borders.remove(border);
    }
}

/// A column without a heading is part of its nearer neighbour, unless it stands clear of both:
/// then it is a column whose heading is empty.
fn merge_headless(borders: &mut Vec<f32>, lines: &[&Line], heads: &[&Piece], em: f32) {
    if heads.is_empty() {
        return;
    }
    let mut column = 0;
    while column <= borders.len() && !borders.is_empty() {
        let from = column.checked_sub(1).map_or(f32::NEG_INFINITY, |at| borders[at]);
        let to = borders.get(column).copied().unwrap_or(f32::INFINITY);
        let inside = |piece: &&Piece| piece.center() > from && piece.center() < to;
        if heads.iter().copied().any(|head| inside(&head)) {
            column += 1;
            continue;
        }
        let extent = |from: f32, to: f32| {
            let members = lines.iter().flat_map(|line| &line.pieces);
            members
                .filter(|piece| piece.center() > from && piece.center() < to)
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(x0, x1), piece| {
                    (x0.min(piece.x0), x1.max(piece.x1))
                })
        };
        let here = extent(from, to);
        let before = column.checked_sub(1).map(|at| {
            let left = at.checked_sub(1).map_or(f32::NEG_INFINITY, |at| borders[at]);
            here.0 - extent(left, from).1
        });
        let after = borders.get(column).map(|_| {
            let right = borders.get(column + 1).copied().unwrap_or(f32::INFINITY);
            extent(to, right).0 - here.1
        });
        let (left_gap, right_gap) = (before.unwrap_or(f32::INFINITY), after.unwrap_or(f32::INFINITY));
        if left_gap.min(right_gap) > 1.2 * em {
            column += 1;
        } else if left_gap <= right_gap {
            borders.remove(column - 1);
        } else {
            borders.remove(column);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(y: f32, cells: &[(f32, f32, &str)]) -> Line {
        Line::sample(y, cells)
    }

    #[test]
    fn a_narrow_gap_through_all_rows_parts_columns() {
        let rows = [
            line(0.0, &[(20.0, 60.0, "Nominal"), (63.0, 90.0, "Status")]),
            line(12.0, &[(10.0, 60.0, "Rp 574.500"), (63.0, 110.0, "Menunggu")]),
            line(24.0, &[(30.0, 60.0, "Rp 500"), (63.0, 90.0, "Gagal")]),
        ];
        let lines: Vec<&Line> = rows.iter().collect();
        let columns = find(&lines[1..], &lines[..1], &[], 10.0);
        assert_eq!(columns.borders, vec![61.5]);
        assert_eq!((columns.of(30.0), columns.of(70.0)), (0, 1));
    }

    #[test]
    fn parts_of_a_cell_without_a_heading_of_their_own_are_joined() {
        let rows = [
            line(0.0, &[(0.0, 30.0, "Tanggal"), (120.0, 150.0, "Nama")]),
            line(12.0, &[(0.0, 50.0, "11/03/2025"), (53.0, 78.0, "00:42"), (120.0, 160.0, "Siti")]),
        ];
        let lines: Vec<&Line> = rows.iter().collect();
        let columns = find(&lines[1..], &lines[..1], &[], 10.0);
        assert_eq!(columns.count(), 2);
        assert_eq!(columns.of(60.0), 0);
    }

    #[test]
    fn a_heading_left_and_numbers_right_are_one_column() {
        let rows = [
            line(0.0, &[(0.0, 20.0, "Kode"), (100.0, 130.0, "Jumlah"), (200.0, 230.0, "Nominal")]),
            line(12.0, &[(0.0, 30.0, "A-1"), (160.0, 180.0, "145"), (250.0, 280.0, "Rp 5")]),
        ];
        let lines: Vec<&Line> = rows.iter().collect();
        assert_eq!(find(&lines[1..], &lines[..1], &[], 10.0).count(), 3);
    }

    #[test]
    fn headings_left_of_their_text_are_paired_from_the_left() {
        let heads = line(
            0.0,
            &[(0.0, 20.0, "Kode"), (30.0, 50.0, "Jumlah"), (90.0, 110.0, "Nilai"), (150.0, 170.0, "Status")],
        );
        let row = line(
            10.0,
            &[(0.0, 22.0, "A-1"), (60.0, 70.0, "12"), (120.0, 140.0, "Rp 5"), (150.0, 175.0, "Gagal")],
        );
        assert_eq!(find(&[&row], &[&heads], &[], 10.0).count(), 4);
    }

    #[test]
    fn a_group_heading_is_not_the_heading_of_the_text_below() {
        let heads = [
            line(0.0, &[(190.0, 230.0, "Barang")]),
            line(10.0, &[(60.0, 90.0, "Kode"), (320.0, 350.0, "Jumlah")]),
            line(20.0, &[(140.0, 190.0, "Nama"), (246.0, 263.0, "Satuan")]),
        ];
        let row = line(
            40.0,
            &[(40.0, 80.0, "A-1"), (130.0, 170.0, "Baut"), (210.0, 228.0, "pcs"), (340.0, 360.0, "12")],
        );
        let columns = find(&[&row], &heads.iter().collect::<Vec<_>>(), &[], 10.0);
        assert_eq!(columns.count(), 4);
        assert_eq!(columns.of(219.0), columns.of(255.0));
    }

    #[test]
    fn a_column_that_stands_clear_needs_no_heading() {
        let rows =
            [line(0.0, &[(0.0, 30.0, "Kode")]), line(12.0, &[(0.0, 30.0, "A-1"), (100.0, 130.0, "x")])];
        let lines: Vec<&Line> = rows.iter().collect();
        assert_eq!(find(&lines[1..], &lines[..1], &[], 10.0).count(), 2);
    }
}
