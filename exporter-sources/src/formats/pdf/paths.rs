//! Turns painted paths into rules and filled boxes.
//!
//! Tables are drawn in many ways: stroked lines, stroked boxes, thin filled boxes, mitred
//! corners. All become either a [`Rule`] or a [`Fill`]; curves and slants are left out.

use super::geometry::{Area, Matrix, narrow};
use super::marks::{Fill, Marks, Rule};

/// A path under construction, already in page coordinates.
#[derive(Debug, Default)]
pub(super) struct PathBuilder {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    points: Vec<(f32, f32)>,
    closed: bool,
    curved: bool,
}

impl PathBuilder {
    pub(super) fn move_to(&mut self, ctm: &Matrix, x: f64, y: f64) {
        self.parts.push(Part { points: vec![map(ctm, x, y)], closed: false, curved: false });
    }

    pub(super) fn line_to(&mut self, ctm: &Matrix, x: f64, y: f64) {
        match self.parts.last_mut() {
            Some(part) => part.points.push(map(ctm, x, y)),
            None => self.move_to(ctm, x, y),
        }
    }

    /// A curve counts by its end points and marks the part as curved.
    pub(super) fn curve_to(&mut self, ctm: &Matrix, x: f64, y: f64) {
        self.line_to(ctm, x, y);
        if let Some(part) = self.parts.last_mut() {
            part.curved = true;
        }
    }

    pub(super) fn close(&mut self) {
        if let Some(part) = self.parts.last_mut() {
            part.closed = true;
        }
    }

    pub(super) fn rectangle(&mut self, ctm: &Matrix, [x, y, w, h]: [f64; 4]) {
        let corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)];
        self.parts.push(Part {
            points: corners.map(|(x, y)| map(ctm, x, y)).to_vec(),
            closed: true,
            curved: false,
        });
    }

    pub(super) fn clear(&mut self) {
        self.parts.clear();
    }

    /// The box around the whole path, for clipping.
    pub(super) fn bounds(&self) -> Option<Area> {
        let mut points = self.parts.iter().flat_map(|part| &part.points);
        let &(x, y) = points.next()?;
        let mut area = Area { x0: x, y0: y, x1: x, y1: y };
        for &(x, y) in points {
            area.include(x, y);
        }
        Some(area)
    }

    /// Paints the outline.
    pub(super) fn stroke(&self, clip: &Area, marks: &mut Marks) {
        for part in &self.parts {
            for pair in part.points.windows(2) {
                segment(pair[0], pair[1], clip, marks);
            }
            if let (true, Some(&first), Some(&last)) = (part.closed, part.points.first(), part.points.last())
            {
                segment(last, first, clip, marks);
            }
        }
    }

    /// Paints the inside. `thin` is the width below which a box is a line.
    pub(super) fn fill(&self, clip: &Area, color: u32, thin: f32, marks: &mut Marks) {
        if let [a, b] = &self.parts[..]
            && let (Some(a), Some(b)) = (a.filled_box(thin), b.filled_box(thin))
            && let Some((outer, inner)) = ring(a, b, thin)
        {
            border(&outer, &inner, clip, marks);
            return;
        }
        for part in &self.parts {
            let Some(area) = part.filled_box(thin) else { continue };
            let area = area.intersect(clip);
            let (w, h) = (area.width(), area.height());
            if w < 0.0 || h < 0.0 || marks.hides(&area, color) {
                continue;
            }
            if h <= thin && w > h {
                let at = f32::midpoint(area.y0, area.y1);
                push_rule(&mut marks.horizontal, at, area.x0, area.x1);
            } else if w <= thin && h > w {
                let at = f32::midpoint(area.x0, area.x1);
                push_rule(&mut marks.vertical, at, area.y0, area.y1);
            } else if w > thin && h > thin {
                marks.fills.push(Fill { area, color });
            }
        }
    }
}

impl Part {
    /// The box this part fills: rectangles, thin bars with mitred ends, rounded boxes.
    fn filled_box(&self, thin: f32) -> Option<Area> {
        let &(x, y) = self.points.first()?;
        let mut area = Area { x0: x, y0: y, x1: x, y1: y };
        for &(x, y) in &self.points {
            area.include(x, y);
        }
        if area.width() <= thin || area.height() <= thin {
            return Some(area);
        }
        let near = |a: f32, b: f32| (a - b).abs() <= 0.01 * (area.width() + area.height());
        let on_edge = |&(x, y): &(f32, f32)| {
            near(x, area.x0) || near(x, area.x1) || near(y, area.y0) || near(y, area.y1)
        };
        let on_corner = |&(x, y): &(f32, f32)| {
            (near(x, area.x0) || near(x, area.x1)) && (near(y, area.y0) || near(y, area.y1))
        };
        let is_box = if self.curved {
            (5..=16).contains(&self.points.len()) && self.points.iter().all(on_edge)
        } else {
            (4..=6).contains(&self.points.len()) && self.points.iter().all(on_corner)
        };
        is_box.then_some(area)
    }
}

/// Two boxes, one just inside the other: some writers draw a border so, filling what is between.
/// Were the inner one not left out (by its winding), only the outer one would have been drawn.
fn ring(a: Area, b: Area, thin: f32) -> Option<(Area, Area)> {
    let (outer, inner) = if a.width() >= b.width() { (a, b) } else { (b, a) };
    let sides = [inner.x0 - outer.x0, inner.y0 - outer.y0, outer.x1 - inner.x1, outer.y1 - inner.y1];
    let within = sides.iter().all(|side| (-0.01..=thin).contains(side));
    (within && inner.width() > thin && inner.height() > thin).then_some((outer, inner))
}

/// The sides of a ring that have any width, as rules.
fn border(outer: &Area, inner: &Area, clip: &Area, marks: &mut Marks) {
    for (a, b) in [(outer.y0, inner.y0), (outer.y1, inner.y1)] {
        if a != b {
            let at = f32::midpoint(a, b);
            segment((outer.x0, at), (outer.x1, at), clip, marks);
        }
    }
    for (a, b) in [(outer.x0, inner.x0), (outer.x1, inner.x1)] {
        if a != b {
            let at = f32::midpoint(a, b);
            segment((at, outer.y0), (at, outer.y1), clip, marks);
        }
    }
}

fn map(ctm: &Matrix, x: f64, y: f64) -> (f32, f32) {
    let (x, y) = ctm.apply(x, y);
    (narrow(x), narrow(y))
}

fn segment((ax, ay): (f32, f32), (bx, by): (f32, f32), clip: &Area, marks: &mut Marks) {
    let (w, h) = ((ax - bx).abs(), (ay - by).abs());
    if h <= 0.01 * w {
        let at = f32::midpoint(ay, by);
        if at >= clip.y0 - 1.0 && at <= clip.y1 + 1.0 {
            let (from, to) = (ax.min(bx).max(clip.x0), ax.max(bx).min(clip.x1));
            push_rule(&mut marks.horizontal, at, from, to);
        }
    } else if w <= 0.01 * h {
        let at = f32::midpoint(ax, bx);
        if at >= clip.x0 - 1.0 && at <= clip.x1 + 1.0 {
            let (from, to) = (ay.min(by).max(clip.y0), ay.max(by).min(clip.y1));
            push_rule(&mut marks.vertical, at, from, to);
        }
    }
}

fn push_rule(rules: &mut Vec<Rule>, at: f32, from: f32, to: f32) {
    if to > from {
        rules.push(Rule { at, from, to });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Area = Area { x0: 0.0, y0: 0.0, x1: 500.0, y1: 500.0 };

    #[test]
    fn a_stroked_box_is_four_rules() {
        let mut path = PathBuilder::default();
        path.rectangle(&Matrix::IDENTITY, [10.0, 10.0, 100.0, 20.0]);
        let mut marks = Marks::default();
        path.stroke(&PAGE, &mut marks);
        assert_eq!((marks.horizontal.len(), marks.vertical.len()), (2, 2));
    }

    #[test]
    fn a_thin_box_is_a_rule_and_a_thick_one_a_fill() {
        let mut path = PathBuilder::default();
        path.rectangle(&Matrix::IDENTITY, [10.0, 10.0, 100.0, 0.5]);
        path.rectangle(&Matrix::IDENTITY, [10.0, 20.0, 100.0, 15.0]);
        let mut marks = Marks::default();
        path.fill(&PAGE, 7, 2.0, &mut marks);
        assert_eq!(marks.horizontal.len(), 1);
        assert_eq!(marks.fills.len(), 1);
        assert_eq!(marks.fills[0].color, 7);
    }

    #[test]
    fn a_box_on_its_own_colour_is_not_seen() {
        let mut path = PathBuilder::default();
        path.rectangle(&Matrix::IDENTITY, [10.0, 10.0, 100.0, 15.0]);
        path.rectangle(&Matrix::IDENTITY, [20.0, 12.0, 30.0, 10.0]);
        let mut marks = Marks::default();
        path.fill(&PAGE, 7, 2.0, &mut marks);
        assert_eq!(marks.fills.len(), 1);
    }

    #[test]
    fn a_box_within_a_box_is_a_border() {
        let mut path = PathBuilder::default();
        path.rectangle(&Matrix::IDENTITY, [11.0, 11.0, 98.0, 18.0]);
        path.rectangle(&Matrix::IDENTITY, [10.0, 10.0, 100.0, 20.0]);
        let mut marks = Marks::default();
        path.fill(&PAGE, 7, 2.0, &mut marks);
        assert_eq!((marks.horizontal.len(), marks.vertical.len(), marks.fills.len()), (2, 2, 0));
        assert_eq!(marks.vertical[0], Rule { at: 10.5, from: 10.0, to: 30.0 });
    }

    #[test]
    fn slants_and_what_is_clipped_away_are_left_out() {
        let mut path = PathBuilder::default();
        path.move_to(&Matrix::IDENTITY, 0.0, 0.0);
        path.line_to(&Matrix::IDENTITY, 50.0, 50.0);
        path.move_to(&Matrix::IDENTITY, 0.0, 700.0);
        path.line_to(&Matrix::IDENTITY, 50.0, 700.0);
        let mut marks = Marks::default();
        path.stroke(&PAGE, &mut marks);
        assert!(marks.horizontal.is_empty() && marks.vertical.is_empty());
    }
}
