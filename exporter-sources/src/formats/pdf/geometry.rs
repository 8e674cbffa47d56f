//! Points, matrices and boxes: the arithmetic under everything else.

/// An affine map `[a b c d e f]` as PDF writes it: `x' = a·x + c·y + e`, `y' = b·x + d·y + f`
/// (ISO 32000-1, 8.3.3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Matrix {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    pub(super) d: f64,
    pub(super) e: f64,
    pub(super) f: f64,
}

impl Matrix {
    pub(super) const IDENTITY: Self = Self::new([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub(super) const fn new(entries: [f64; 6]) -> Self {
        Self { a: entries[0], b: entries[1], c: entries[2], d: entries[3], e: entries[4], f: entries[5] }
    }

    pub(super) const fn translate(x: f64, y: f64) -> Self {
        Self::new([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// `self` first, then `outer` (PDF's `self × outer`).
    pub(super) fn then(&self, outer: &Self) -> Self {
        Self {
            a: self.a * outer.a + self.b * outer.c,
            b: self.a * outer.b + self.b * outer.d,
            c: self.c * outer.a + self.d * outer.c,
            d: self.c * outer.b + self.d * outer.d,
            e: self.e * outer.a + self.f * outer.c + outer.e,
            f: self.e * outer.b + self.f * outer.d + outer.f,
        }
    }

    pub(super) fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        (self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f)
    }

    /// Maps a direction, without the offset.
    pub(super) fn apply_vector(&self, x: f64, y: f64) -> (f64, f64) {
        (self.a * x + self.c * y, self.b * x + self.d * y)
    }

    /// Smallest upright box around the mapped corners of `area`.
    pub(super) fn apply_area(&self, area: &Area) -> Area {
        let (x0, y0, x1, y1) =
            (f64::from(area.x0), f64::from(area.y0), f64::from(area.x1), f64::from(area.y1));
        let corners = [self.apply(x0, y0), self.apply(x1, y0), self.apply(x0, y1), self.apply(x1, y1)];
        Area::around(corners)
    }

    /// How much a length grows, as the square root of the area's growth.
    pub(super) fn scale(&self) -> f64 {
        (self.a * self.d - self.b * self.c).abs().sqrt()
    }
}

/// An upright box; `x0 <= x1`, `y0 <= y1`. Page boxes have `y` growing downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x0: f32,
    /// Upper edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Lower edge.
    pub y1: f32,
}

impl Area {
    /// Smallest box around some points.
    pub(super) fn around<const N: usize>(points: [(f64, f64); N]) -> Self {
        let mut area =
            Self { x0: f32::INFINITY, y0: f32::INFINITY, x1: f32::NEG_INFINITY, y1: f32::NEG_INFINITY };
        for (x, y) in points {
            area.include(narrow(x), narrow(y));
        }
        area
    }

    pub(super) fn include(&mut self, x: f32, y: f32) {
        self.x0 = self.x0.min(x);
        self.x1 = self.x1.max(x);
        self.y0 = self.y0.min(y);
        self.y1 = self.y1.max(y);
    }

    /// Width, in the units of the page.
    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }

    /// Height, in the units of the page.
    pub fn height(&self) -> f32 {
        self.y1 - self.y0
    }

    pub(super) fn contains(&self, x: f32, y: f32) -> bool {
        x >= self.x0 && x <= self.x1 && y >= self.y0 && y <= self.y1
    }

    /// The common part, which may be empty (`x1 < x0`).
    pub(super) fn intersect(&self, other: &Self) -> Self {
        Self {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        !(self.x1 > self.x0 && self.y1 > self.y0)
    }
}

/// To the precision of positions on a page; what is no number becomes 0.
#[expect(clippy::cast_possible_truncation, reason = "positions on a page need no more")]
pub(super) fn narrow(value: f64) -> f32 {
    let value = value as f32;
    if value.is_finite() { value } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn then_applies_the_inner_map_first() {
        let scale = Matrix::new([2.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
        let both = Matrix::translate(1.0, 0.0).then(&scale);
        assert_eq!(both.apply(1.0, 1.0), (4.0, 2.0));
    }
}
