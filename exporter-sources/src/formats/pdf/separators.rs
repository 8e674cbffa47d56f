//! Lines that part cells: rules and the edges of boxes, gathered by where they lie.

use super::marks::{Fill, Rule};

/// Everything that lies (nearly) on one line. Two rules with a sliver between them, as around
/// cells that do not share borders, are one separator: no text fits in the sliver.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Separator {
    /// Lowest and highest position of its members.
    pub(super) low: f32,
    pub(super) high: f32,
    /// Where it runs, as disjoint sorted intervals.
    pub(super) spans: Vec<(f32, f32)>,
}

impl Separator {
    pub(super) fn at(&self) -> f32 {
        f32::midpoint(self.low, self.high)
    }

    /// How much of `from..to` it covers.
    pub(super) fn covered(&self, from: f32, to: f32) -> f32 {
        self.spans.iter().map(|&(a, b)| (b.min(to) - a.max(from)).max(0.0)).sum()
    }

    pub(super) fn length(&self) -> f32 {
        self.spans.iter().map(|(a, b)| b - a).sum()
    }
}

/// Members closer than this (in ems) are one separator.
const NEAR: f32 = 0.3;
/// A separator is at most this wide (in ems).
const WIDE: f32 = 0.8;

/// More lines side by side than any table has.
const MAX_SEPARATORS: usize = 3000;

/// Separators parallel to the given rules, left to right or top to bottom.
pub(super) fn gather(mut rules: Vec<Rule>, em: f32) -> Vec<Separator> {
    rules.retain(|rule| rule.to > rule.from);
    rules.sort_by(|a, b| a.at.total_cmp(&b.at));
    let mut found: Vec<(Separator, Vec<(f32, f32)>)> = Vec::new();
    for rule in rules {
        let span = (rule.from, rule.to);
        match found.last_mut() {
            Some((separator, spans))
                if rule.at - separator.high <= NEAR * em && rule.at - separator.low <= WIDE * em =>
            {
                separator.high = rule.at;
                spans.push(span);
            }
            _ => {
                let separator = Separator { low: rule.at, high: rule.at, spans: Vec::new() };
                found.push((separator, vec![span]));
            }
        }
    }
    // A drawing, not a table.
    if found.len() > MAX_SEPARATORS {
        return Vec::new();
    }
    found
        .into_iter()
        .map(|(separator, spans)| Separator { spans: union(spans, NEAR * em), ..separator })
        .collect()
}

/// Joins intervals that overlap or lie within `slack` of each other.
pub(super) fn union(mut spans: Vec<(f32, f32)>, slack: f32) -> Vec<(f32, f32)> {
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut joined: Vec<(f32, f32)> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some(last) if from <= last.1 + slack => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// Vertical separators: vertical rules and the left and right edges of boxes.
pub(super) fn vertical(rules: &[Rule], fills: &[Fill], em: f32) -> Vec<Separator> {
    let edges = fills.iter().filter(|fill| fill.area.height() >= 0.8 * em).flat_map(|fill| {
        let (from, to) = (fill.area.y0, fill.area.y1);
        [fill.area.x0, fill.area.x1].map(|at| Rule { at, from, to })
    });
    gather(rules.iter().copied().chain(edges).collect(), em)
}

/// Horizontal separators: horizontal rules and the upper and lower edges of boxes.
pub(super) fn horizontal(rules: &[Rule], fills: &[Fill], em: f32) -> Vec<Separator> {
    let edges = fills.iter().filter(|fill| fill.area.height() >= 0.8 * em).flat_map(|fill| {
        let (from, to) = (fill.area.x0, fill.area.x1);
        [fill.area.y0, fill.area.y1].map(|at| Rule { at, from, to })
    });
    gather(rules.iter().copied().chain(edges).collect(), em)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_line_are_one_separator() {
        let rules = vec![
            Rule { at: 10.0, from: 0.0, to: 5.0 },
            Rule { at: 10.4, from: 5.2, to: 20.0 },
            Rule { at: 30.0, from: 0.0, to: 20.0 },
        ];
        let found = gather(rules, 8.0);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].spans, vec![(0.0, 20.0)]);
        assert!((found[0].at() - 10.2).abs() < 1e-6);
    }

    #[test]
    fn coverage_counts_only_what_is_there() {
        let separator = Separator { low: 1.0, high: 1.0, spans: vec![(0.0, 4.0), (10.0, 12.0)] };
        assert!((separator.covered(2.0, 11.0) - 3.0).abs() < 1e-6);
        assert!((separator.length() - 6.0).abs() < 1e-6);
    }
}
