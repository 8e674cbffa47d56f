//! Columns by lines: the vertical rules and box edges that text keeps clear of.

use super::columns::Columns;
use super::lines::Line;
use super::separators::Separator;

/// The vertical lines of a table on one page.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) columns: Columns,
    /// Left to right, the outer ones included.
    pub(super) separators: Vec<Separator>,
}

impl Frame {
    /// The frame among `separators`, if it makes columns. Lines with at least `rich` cells are
    /// certainly of the table; what runs beside none of them belongs to something else.
    pub(super) fn find(separators: &[Separator], lines: &[Line], rich: usize, em: f32) -> Option<Self> {
        let full: Vec<&Line> = lines.iter().filter(|line| line.segments() >= rich).collect();
        let near = |separator: &Separator| full.iter().any(|line| runs(separator, line));
        let mut kept = respected(separators, lines, em);
        kept.retain(near);
        if kept.len() < 3 {
            return None;
        }
        let mut frame = Self { columns: Columns::default(), separators: kept };
        let held: Vec<&Line> = lines.iter().filter(|line| frame.holds(line)).collect();
        let between = |from: f32, to: f32| {
            let mut pieces = held.iter().flat_map(|line| &line.pieces);
            pieces.any(|piece| piece.center() > from && piece.center() < to)
        };
        let places: Vec<f32> = frame.separators.iter().map(Separator::at).collect();
        let (first, last) = (*places.first()?, *places.last()?);
        let mut borders: Vec<f32> = Vec::new();
        for &at in &places {
            let outer = (at == first && !between(f32::NEG_INFINITY, at))
                || (at == last && !between(at, f32::INFINITY));
            if outer {
                continue;
            }
            match borders.last_mut() {
                // No text fits between the borders of two neighbouring cells.
                Some(left) if at - *left < 1.5 * em && !between(*left, at) => {
                    *left = f32::midpoint(*left, at);
                }
                _ => borders.push(at),
            }
        }
        trim(&mut borders, first, last, em, between);
        frame.columns = Columns { borders };
        (!frame.columns.borders.is_empty()).then_some(frame)
    }

    /// Whether a line of text stands between the lines of the table.
    pub(super) fn holds(&self, line: &Line) -> bool {
        beside(&self.separators, line) >= 3.max(self.separators.len() / 2)
    }
}

/// Slivers at the outer edges, between the frame and the border of the first or last cell.
fn trim(borders: &mut Vec<f32>, first: f32, last: f32, em: f32, between: impl Fn(f32, f32) -> bool) {
    if borders.first().is_some_and(|&at| at - first < 1.5 * em && !between(f32::NEG_INFINITY, at)) {
        borders.remove(0);
    }
    if borders.last().is_some_and(|&at| last - at < 1.5 * em && !between(at, f32::INFINITY)) {
        borders.pop();
    }
}

/// How many of `separators` run beside `line`.
pub(super) fn beside(separators: &[Separator], line: &Line) -> usize {
    separators.iter().filter(|separator| runs(separator, line)).count()
}

/// Whether `separator` runs beside `line`.
fn runs(separator: &Separator, line: &Line) -> bool {
    let middle = line.y - 0.3 * line.size;
    separator.covered(middle, middle + 0.01) > 0.0
}

/// Separators that hardly any text crosses.
fn respected(separators: &[Separator], lines: &[Line], em: f32) -> Vec<Separator> {
    let beside: Vec<usize> = lines.iter().map(|line| beside(separators, line)).collect();
    let inside = beside.iter().filter(|&&count| count >= 2).count();
    // Where most lines stand between lines, what stands above or below is no part of the table.
    let framed = 2 * inside >= lines.len();
    let kept = separators.iter().filter(|separator| separator.length() >= em);
    let clear = kept.filter(|separator| {
        let run = lines.iter().filter(|line| runs(separator, line)).count();
        // One that runs beside many rows may be spanned by a cell in the others.
        let long = 5 * run >= 2 * inside;
        let (mut crossed, mut counted) = (0, 0);
        for (line, &others) in lines.iter().zip(&beside) {
            let spanned = if others >= 2 { long } else { framed || line.segments() < 2 };
            if spanned && !runs(separator, line) {
                continue;
            }
            counted += 1;
            crossed += usize::from(line.pieces.iter().any(|piece| {
                piece.joints.is_empty()
                    && piece.x0 < separator.low - 0.4 * em
                    && piece.x1 > separator.high + 0.4 * em
            }));
        }
        // One group heading may stand over it.
        crossed <= (counted / 10).max(1)
    });
    clear.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(y: f32, cells: &[(f32, f32)]) -> Line {
        Line::sample(y, &cells.iter().map(|&(x0, x1)| (x0, x1, "x")).collect::<Vec<_>>())
    }

    fn bars(places: &[f32]) -> Vec<Separator> {
        let bar = |&at: &f32| Separator { low: at, high: at, spans: vec![(0.0, 100.0)] };
        places.iter().map(bar).collect()
    }

    #[test]
    fn slivers_between_cell_borders_are_no_columns() {
        let lines = [line(20.0, &[(10.0, 40.0), (60.0, 90.0)]), line(40.0, &[(10.0, 30.0), (60.0, 80.0)])];
        let frame =
            Frame::find(&bars(&[0.0, 4.0, 46.0, 54.0, 98.0, 102.0]), &lines, 2, 10.0).expect("a frame");
        assert_eq!(frame.columns.borders, [50.0]);
    }

    #[test]
    fn lines_that_text_crosses_are_decoration() {
        let lines = [line(20.0, &[(10.0, 90.0), (95.0, 99.0)]), line(40.0, &[(10.0, 90.0), (95.0, 99.0)])];
        assert!(Frame::find(&bars(&[0.0, 50.0, 100.0]), &lines, 2, 10.0).is_none());
    }
}
