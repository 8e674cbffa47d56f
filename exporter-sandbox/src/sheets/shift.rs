//! What happens to a position when rows or columns are inserted, deleted or moved.

use serde_json::Value;

use super::range::{Dimension, GridRange};

/// One structural change of one tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Id of the tab.
    pub sheet: i64,
    /// Rows or columns.
    pub dimension: Dimension,
    /// What was done.
    pub change: Change,
}

/// The change itself, in indexes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// `count` new ones before index `at`.
    Insert {
        /// Where.
        at: usize,
        /// How many.
        count: usize,
    },
    /// Those from `start` up to `end` are gone.
    Delete {
        /// First.
        start: usize,
        /// After the last.
        end: usize,
    },
    /// Those from `start` up to `end` now stand before what was at `to`.
    Move {
        /// First.
        start: usize,
        /// After the last.
        end: usize,
        /// Destination, in indexes before the move.
        to: usize,
    },
}

impl Change {
    /// Where the row or column `index` is now; `None` when it is gone.
    pub fn index(self, index: usize) -> Option<usize> {
        match self {
            Self::Insert { at, count } => Some(if index >= at { index + count } else { index }),
            Self::Delete { start, end } if index < end => (index < start).then_some(index),
            Self::Delete { start, end } => Some(index - (end - start)),
            Self::Move { start, end, to } => Some(moved(index, start, end, to)),
        }
    }

    /// Where the span from `start` up to `end` is now; `None` when all of it is gone. What
    /// is inserted inside a span belongs to it.
    pub fn span(self, start: usize, end: usize) -> Option<(usize, usize)> {
        match self {
            Self::Insert { at, count } if at <= start => Some((start + count, end + count)),
            Self::Insert { at, count } if at < end => Some((start, end + count)),
            Self::Insert { .. } => Some((start, end)),
            Self::Delete { start: first, end: last } => {
                let gone = |index: usize| index.min(last).saturating_sub(first.min(index));
                let span = (start - gone(start), end - gone(end));
                (span.0 < span.1).then_some(span)
            }
            Self::Move { start: first, end: last, to } => {
                let (a, b) = (moved(start, first, last, to), moved(end - 1, first, last, to));
                let whole = b >= a && b - a == end - 1 - start;
                Some(if whole { (a, b + 1) } else { (start, end) })
            }
        }
    }

    /// A span whose end is open keeps it open.
    fn open_span(self, start: Option<usize>, end: Option<usize>) -> Option<[Option<usize>; 2]> {
        match (start, end) {
            (None, None) => Some([None, None]),
            (start, Some(end)) => {
                let (new_start, new_end) = self.span(start.unwrap_or(0), end)?;
                Some([start.map(|_| new_start), Some(new_end)])
            }
            (Some(start), None) => match self {
                Self::Delete { start: first, end: last } if (first..last).contains(&start) => {
                    Some([Some(first), None])
                }
                _ => Some([self.index(start), None]),
            },
        }
    }
}

fn moved(index: usize, start: usize, end: usize, to: usize) -> usize {
    let count = end - start;
    if (start..=end).contains(&to) {
        index
    } else if (start..end).contains(&index) {
        if to > end { index + (to - end) } else { index - (start - to) }
    } else if index >= end && index < to {
        index - count
    } else if index >= to && index < start {
        index + count
    } else {
        index
    }
}

impl Shift {
    /// Where a range is now; `None` when all of it is gone. Ranges of other tabs stay.
    pub fn range(&self, range: &GridRange) -> Option<GridRange> {
        if range.sheet != self.sheet {
            return Some(*range);
        }
        let mut moved = *range;
        match self.dimension {
            Dimension::Rows => {
                [moved.top, moved.bottom] = self.change.open_span(range.top, range.bottom)?;
            }
            Dimension::Columns => {
                [moved.left, moved.right] = self.change.open_span(range.left, range.right)?;
            }
        }
        Some(moved)
    }

    /// Moves every range inside a stored object (a filter, a chart, a protected range).
    /// False when the object's own `range` is gone, and the object with it.
    pub fn object(&self, object: &mut Value) -> bool {
        let gone = object.get("range").is_some_and(|range| self.moved(range).is_none());
        if gone {
            return false;
        }
        self.walk(object);
        true
    }

    fn moved(&self, value: &Value) -> Option<GridRange> {
        GridRange::read(value).map_or_else(|_| Some(GridRange::default()), |range| self.range(&range))
    }

    fn walk(&self, value: &mut Value) {
        match value {
            Value::Object(object) => {
                for (name, value) in object.iter_mut() {
                    match name.as_str() {
                        "range" | "dataRange" | "source" if value.is_object() => self.replace(value),
                        "ranges" | "unprotectedRanges" | "sources" => {
                            if let Value::Array(items) = value {
                                items.retain(|item| self.moved(item).is_some());
                                for item in items {
                                    self.replace(item);
                                }
                            }
                        }
                        _ => self.walk(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            _ => {}
        }
    }

    fn replace(&self, value: &mut Value) {
        if let Ok(range) = GridRange::read(value)
            && let Some(moved) = self.range(&range)
        {
            *value = moved.write();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insert_inside_a_span_widens_it() {
        let insert = Change::Insert { at: 3, count: 2 };
        assert_eq!(insert.span(0, 3), Some((0, 3)));
        assert_eq!(insert.span(2, 4), Some((2, 6)));
        assert_eq!(insert.span(3, 4), Some((5, 6)));
        assert_eq!(insert.index(2), Some(2));
        assert_eq!(insert.index(3), Some(5));
    }

    #[test]
    fn a_delete_shrinks_or_removes_a_span() {
        let delete = Change::Delete { start: 2, end: 4 };
        assert_eq!(delete.span(0, 3), Some((0, 2)));
        assert_eq!(delete.span(2, 4), None);
        assert_eq!(delete.span(3, 6), Some((2, 4)));
        assert_eq!(delete.span(1, 9), Some((1, 7)));
        assert_eq!(delete.index(3), None);
        assert_eq!(delete.index(4), Some(2));
    }

    #[test]
    fn a_move_is_a_rotation() {
        let after = |to| -> Vec<usize> {
            let mut places = vec![0; 6];
            for index in 0..6 {
                places[Change::Move { start: 1, end: 3, to }.index(index).unwrap()] = index;
            }
            places
        };
        assert_eq!(after(5), [0, 3, 4, 1, 2, 5]);
        assert_eq!(after(0), [1, 2, 0, 3, 4, 5]);
        assert_eq!(after(2), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn an_object_dies_with_its_range() {
        let shift =
            Shift { sheet: 0, dimension: Dimension::Rows, change: Change::Delete { start: 0, end: 5 } };
        let mut object = serde_json::json!({"range": {"startRowIndex": 1, "endRowIndex": 3}});
        assert!(!shift.object(&mut object));
        let mut object = serde_json::json!({"range": {"startRowIndex": 4, "endRowIndex": 7}});
        assert!(shift.object(&mut object));
        assert_eq!(object["range"], serde_json::json!({"startRowIndex": 0, "endRowIndex": 2}));
    }
}
