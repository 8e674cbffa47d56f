//! Where the table is on each page: which lines belong to it, and which lines part its cells.

use std::collections::HashMap;

use super::columns::Columns;
use super::layout::PageLayout;
use super::lines::{self, Line};
use super::separators::{self, Separator};

/// The lines of one page that belong to the table.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) page: u32,
    pub(super) em: f32,
    pub(super) lines: Vec<Line>,
    /// Columns by vertical rules or boxes, if the page has them.
    pub(super) ruled: Option<Columns>,
    pub(super) vertical: Vec<Separator>,
    pub(super) horizontal: Vec<Separator>,
    /// Texts above and below the table.
    pub(super) outside: Vec<String>,
}

/// A page with its lines, before the table is known.
struct Draft {
    layout: PageLayout,
    lines: Vec<Line>,
    vertical: Vec<Separator>,
    horizontal: Vec<Separator>,
    outside: Vec<String>,
}

/// Finds the table on every page; pages without one are left out.
pub(super) fn find(pages: Vec<PageLayout>) -> Vec<Region> {
    let drafts: Vec<Draft> = pages.into_iter().map(draft).collect();
    let furniture = Furniture::of(&drafts);
    let rich = rich_threshold(&drafts);
    drafts.into_iter().filter_map(|draft| region(draft, rich, &furniture)).collect()
}

fn draft(mut layout: PageLayout) -> Draft {
    let em = layout.em;
    let lines = lines::lines(std::mem::take(&mut layout.pieces), em);
    Draft {
        vertical: separators::vertical(&layout.vertical, &layout.fills, em),
        horizontal: separators::horizontal(&layout.horizontal, &layout.fills, em),
        layout,
        lines,
        outside: Vec::new(),
    }
}

/// Page numbers and running heads: lines of few cells that come back on other pages at the
/// same height, with the same text but for digits.
struct Furniture {
    seen: HashMap<String, Vec<f32>>,
    pages: usize,
}

impl Furniture {
    /// How many lines from either edge of the page are looked at.
    const EDGE: usize = 4;

    fn of(drafts: &[Draft]) -> Self {
        let mut seen: HashMap<String, Vec<f32>> = HashMap::new();
        for draft in drafts {
            let count = draft.lines.len();
            for (at, line) in draft.lines.iter().enumerate() {
                let edge = at < Self::EDGE || at + Self::EDGE >= count;
                if edge && line.segments() <= 3 {
                    seen.entry(shape(&line.text())).or_default().push(line.y);
                }
            }
        }
        Self { seen, pages: drafts.len() }
    }

    fn has(&self, line: &Line) -> bool {
        self.seen.get(&shape(&line.text())).is_some_and(|heights| {
            let same = |y: &&f32| (**y - line.y).abs() < 0.5 * line.size;
            let count = heights.iter().filter(same).count();
            count >= 2 && count * 5 >= self.pages * 3
        })
    }
}

/// A text with all numbers alike.
fn shape(text: &str) -> String {
    let mut shape = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if c != '#' || !shape.ends_with('#') {
            shape.push(c);
        }
    }
    shape
}

/// From how many cells on a line is certainly a line of the table.
fn rich_threshold(drafts: &[Draft]) -> usize {
    let mut counts: Vec<usize> = drafts
        .iter()
        .flat_map(|draft| draft.lines.iter().map(Line::segments))
        .filter(|&count| count >= 2)
        .collect();
    counts.sort_unstable();
    let high = counts.get(counts.len() * 9 / 10).copied().unwrap_or(2);
    high.div_ceil(2).max(2)
}

fn region(draft: Draft, rich: usize, furniture: &Furniture) -> Option<Region> {
    let em = draft.layout.em;
    let ruled = ruled_columns(&draft);
    let (top, bottom) = extent(&draft, ruled.as_ref(), rich, furniture)?;
    let mut outside = draft.outside;
    let mut lines = Vec::new();
    for (at, line) in draft.lines.into_iter().enumerate() {
        if (top..=bottom).contains(&at) {
            lines.push(line);
        } else {
            outside.push(line.text());
        }
    }
    let (columns, vertical) = match ruled {
        Some((columns, separators)) => (Some(columns), separators),
        None => (None, Vec::new()),
    };
    Some(Region {
        page: draft.layout.number,
        em,
        lines,
        ruled: columns,
        vertical,
        horizontal: draft.horizontal,
        outside,
    })
}

/// Columns between vertical separators that text keeps clear of.
fn ruled_columns(draft: &Draft) -> Option<(Columns, Vec<Separator>)> {
    let em = draft.layout.em;
    let all = &draft.vertical;
    let covered = |y: f32| {
        let at = y - 0.3 * em;
        all.iter().filter(|separator| separator.covered(at, at + 0.01) > 0.0).count()
    };
    let kept: Vec<Separator> = all
        .iter()
        .filter(|separator| separator.length() >= em)
        .filter(|separator| {
            let (mut crossed, mut counted) = (0, 0);
            for line in &draft.lines {
                let at = line.y - 0.3 * line.size;
                let here = separator.covered(at, at + 0.01) > 0.0;
                // Where only its neighbours run, a cell may span it.
                if !here && (covered(line.y) >= 2 || line.segments() < 2) {
                    continue;
                }
                counted += 1;
                crossed += usize::from(line.pieces.iter().any(|piece| {
                    piece.joints.is_empty()
                        && piece.x0 < separator.low - 0.4 * em
                        && piece.x1 > separator.high + 0.4 * em
                }));
            }
            crossed * 10 <= counted
        })
        .cloned()
        .collect();
    if kept.len() < 3 {
        return None;
    }
    // The outermost are the frame, if no text lies beyond them.
    let mut borders: Vec<f32> = kept.iter().map(Separator::at).collect();
    let inside = |x: f32| {
        draft.lines.iter().flat_map(|line| &line.pieces).any(|piece| {
            let at = piece.y - 0.3 * em;
            let row = kept.iter().any(|separator| separator.covered(at, at + 0.01) > 0.0);
            row && piece.center() > x
        })
    };
    let right = borders.len() - 1;
    if !inside(borders[right]) {
        borders.remove(right);
    }
    let left = borders[0];
    let before = draft.lines.iter().flat_map(|line| &line.pieces).any(|piece| {
        let at = piece.y - 0.3 * em;
        piece.center() < left && kept.iter().any(|separator| separator.covered(at, at + 0.01) > 0.0)
    });
    if !before {
        borders.remove(0);
    }
    (!borders.is_empty()).then_some((Columns { borders }, kept))
}

/// First and last line of the table.
fn extent(
    draft: &Draft,
    ruled: Option<&(Columns, Vec<Separator>)>,
    rich: usize,
    furniture: &Furniture,
) -> Option<(usize, usize)> {
    let em = draft.layout.em;
    let framed = |line: &Line| {
        ruled.is_some_and(|(_, separators)| {
            let at = line.y - 0.3 * line.size;
            separators.iter().filter(|s| s.covered(at, at + 0.01) > 0.0).count() >= 2
        })
    };
    let belongs = |line: &Line| framed(line) || line.segments() >= rich;
    let mut top = draft.lines.iter().position(belongs)?;
    let mut bottom = draft.lines.iter().rposition(belongs)?;
    let columns = ruled.map(|(columns, _)| columns);
    // Each piece stands under or over one of its neighbours, and within one column.
    let follows = |line: &Line, others: &[Line]| {
        line.pieces.iter().all(|piece| {
            let mut others = others.iter().flat_map(|line| &line.pieces);
            let crosses = columns.is_some_and(|columns| columns.crossed_by(piece, 0.3 * em));
            !crosses
                && others.any(|p| piece.size <= 1.1 * p.size && aligned(piece.x0, piece.x1, p.x0, p.x1, em))
        })
    };
    // Lines of wrapped cells below the last full line.
    while let Some(line) = draft.lines.get(bottom + 1) {
        let last = &draft.lines[bottom];
        let near = line.y - last.y <= 1.5 * line.size;
        let above = &draft.lines[bottom.saturating_sub(5).max(top)..=bottom];
        let foot = furniture.has(line) && line.y - last.y > 1.3 * line.size;
        if framed(last) || !near || foot || !follows(line, above) {
            break;
        }
        bottom += 1;
    }
    // Above the first one: wrapped headings, or the rest of a row from the page before.
    while top > 0 {
        let (line, next) = (&draft.lines[top - 1], &draft.lines[top]);
        let gap = next.y - line.y;
        let rest = draft.layout.number > 1 && !furniture.has(line) && gap <= 2.6 * next.size;
        let below = &draft.lines[top..(top + 6).min(draft.lines.len())];
        let heading = gap <= 1.5 * next.size;
        let fits = follows(line, below) || (heading && line.segments() >= 2);
        if framed(next) || !(heading || rest) || !fits {
            break;
        }
        top -= 1;
    }
    Some((top, bottom))
}

/// Whether two texts share their left edge, right edge or middle.
pub(super) fn aligned(a0: f32, a1: f32, b0: f32, b1: f32, em: f32) -> bool {
    let near = |a: f32, b: f32| (a - b).abs() <= 0.15 * em;
    near(a0, b0) || near(a1, b1) || near(f32::midpoint(a0, a1), f32::midpoint(b0, b1))
}
