//! Where the table is on each page: which lines belong to it, and which lines part its cells.

use super::blocks;
use super::columns::Columns;
use super::frame::{self, Frame};
use super::furniture::Furniture;
use super::layout::PageLayout;
use super::lines::{self, Line};
use super::pieces::Piece;
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
    /// Texts that are no part of the table, with their pages.
    pub(super) outside: Vec<(u32, String)>,
}

/// A page with its lines, before the table is known.
struct Draft {
    layout: PageLayout,
    lines: Vec<Line>,
    vertical: Vec<Separator>,
    horizontal: Vec<Separator>,
    is_last: bool,
}

/// Finds the table on every page. The texts of pages without one go to a page beside them.
pub(super) fn find(pages: Vec<PageLayout>) -> Vec<Region> {
    let mut drafts: Vec<Draft> = pages.into_iter().map(draft).collect();
    if let Some(draft) = drafts.last_mut() {
        draft.is_last = true;
    }
    let furniture = Furniture::of(drafts.iter().map(|draft| draft.lines.as_slice()));
    let rich = rich_threshold(&drafts);
    let framed: Vec<Vec<bool>> = drafts
        .iter()
        .map(|draft| draft.lines.iter().map(|line| frame::beside(&draft.vertical, line) >= 3).collect())
        .collect();
    let mut lines: Vec<Vec<Line>> = drafts.iter_mut().map(|draft| std::mem::take(&mut draft.lines)).collect();
    let others = blocks::separate(&mut lines, &framed, rich);
    let mut regions: Vec<Region> = Vec::new();
    let mut before: Vec<(u32, String)> =
        others.into_iter().map(|(page, text)| (drafts[page].layout.number, text)).collect();
    for (draft, lines) in drafts.iter_mut().zip(lines) {
        draft.lines = lines;
    }
    for draft in drafts {
        match region(draft, rich, &furniture, regions.last()) {
            Ok(mut region) => {
                region.outside.append(&mut before);
                regions.push(region);
            }
            Err(draft) => match regions.last_mut() {
                Some(last) if goes_on(last, &draft, &furniture) => regions.push(rest(*draft)),
                Some(last) => last.outside.extend(texts(&draft)),
                None => before.extend(texts(&draft)),
            },
        }
    }
    regions
}

fn texts(draft: &Draft) -> impl Iterator<Item = (u32, String)> {
    draft.lines.iter().map(|line| (draft.layout.number, line.text()))
}

/// Whether a page without full lines holds the rest of a row: every piece stands where cells
/// of the last page stood, but not in the first column.
fn goes_on(last: &Region, draft: &Draft, furniture: &Furniture) -> bool {
    let em = last.em;
    let first = last.lines.iter().map(Line::x0).fold(f32::INFINITY, f32::min);
    let cells = || last.lines.iter().flat_map(|line| &line.pieces);
    let mut lines = draft.lines.iter().filter(|line| !furniture.has(line)).peekable();
    lines.peek().is_some()
        && lines
            .flat_map(|line| &line.pieces)
            .all(|piece| piece.x0 > first + em && cells().any(|cell| (cell.x0 - piece.x0).abs() <= 0.15 * em))
}

/// A page that holds nothing but the rest of a row.
fn rest(draft: Draft) -> Region {
    Region {
        page: draft.layout.number,
        em: draft.layout.em,
        lines: draft.lines,
        ruled: None,
        vertical: Vec::new(),
        horizontal: draft.horizontal,
        outside: Vec::new(),
    }
}

fn draft(mut layout: PageLayout) -> Draft {
    let em = layout.em;
    let lines = lines::lines(std::mem::take(&mut layout.pieces), em);
    Draft {
        vertical: separators::vertical(&layout.vertical, &layout.fills, em),
        horizontal: separators::horizontal(&layout.horizontal, &layout.fills, em),
        layout,
        lines,
        is_last: false,
    }
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

/// The region of a page; the page itself if it has no table.
fn region(
    draft: Draft,
    rich: usize,
    furniture: &Furniture,
    before: Option<&Region>,
) -> Result<Region, Box<Draft>> {
    let em = draft.layout.em;
    let frame = Frame::find(&draft.vertical, &draft.lines, rich, em);
    let Some((top, bottom)) = extent(&draft, frame.as_ref(), rich, furniture, before) else {
        return Err(Box::new(draft));
    };
    let mut outside = Vec::new();
    let mut lines = Vec::new();
    for (at, line) in draft.lines.into_iter().enumerate() {
        if (top..=bottom).contains(&at) {
            lines.push(line);
        } else {
            outside.push((draft.layout.number, line.text()));
        }
    }
    let (columns, vertical) = match frame {
        Some(frame) => (Some(frame.columns), frame.separators),
        None => (None, Vec::new()),
    };
    Ok(Region {
        page: draft.layout.number,
        em,
        lines,
        ruled: columns,
        vertical,
        horizontal: draft.horizontal,
        outside,
    })
}

/// First and last line of the table.
fn extent(
    draft: &Draft,
    frame: Option<&Frame>,
    rich: usize,
    furniture: &Furniture,
    before: Option<&Region>,
) -> Option<(usize, usize)> {
    let em = draft.layout.em;
    let framed = |line: &Line| frame.is_some_and(|frame| frame.holds(line));
    let numbers = |line: &Line| furniture.numbers(line, draft.layout.number);
    // At the edges of the page; a row within the table that reads so is a row.
    let last = draft.lines.len().saturating_sub(1);
    let edge =
        |line: &Line| [0, last].iter().any(|at| draft.lines.get(*at).is_some_and(|other| other.y == line.y));
    let belongs = |line: &Line| framed(line) || line.segments() >= rich && !(edge(line) && numbers(line));
    let (mut top, mut bottom) = main_run(&draft.lines, belongs, rich)?;
    let columns = frame.map(|frame| &frame.columns);
    let crosses = |piece: &Piece| columns.is_some_and(|columns| columns.crossed_by(piece, 0.3 * em));
    // Each piece stands under or over one of its neighbours, and within one column.
    let follows = |line: &Line, others: &[Line]| {
        line.pieces.iter().all(|piece| {
            let mut others = others.iter().flat_map(|line| &line.pieces);
            !crosses(piece)
                && others.any(|p| piece.size <= 1.1 * p.size && aligned(piece.x0, piece.x1, p.x0, p.x1, em))
        })
    };
    // Each of several pieces stands where cells stood on the page before: a row of which no line is
    // full, at the end of the table.
    let known = |line: &Line| {
        let others = || before.into_iter().flat_map(|region| &region.lines).flat_map(|line| &line.pieces);
        line.pieces.len() >= 3
            && line.pieces.iter().all(|piece| others().any(|p| aligned(piece.x0, piece.x1, p.x0, p.x1, em)))
    };
    // Lines of wrapped cells below the last full line.
    while let Some(line) = draft.lines.get(bottom + 1) {
        let last = &draft.lines[bottom];
        let near = line.y - last.y <= 1.5 * line.size;
        let above = &draft.lines[bottom.saturating_sub(5).max(top)..=bottom];
        let foot = furniture.has(line) && line.y - last.y > 1.3 * line.size;
        // The beginning of a row that goes on, on the next page.
        let begun = !draft.is_last && !furniture.has(line) && line.y - last.y <= 2.6 * line.size;
        let row = line.y - last.y <= 4.0 * line.size && !furniture.has(line) && known(line);
        if framed(last) || !row && (!(near || begun) || foot || !follows(line, above)) {
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
        // Names of columns hold no digits and colons, as titles and dates do.
        let names = line.segments() >= 2 && !line.text().contains(|c: char| c.is_ascii_digit() || c == ':');
        let heading = gap <= if names { 2.0 } else { 1.5 } * next.size;
        let apart = line.segments() >= 2 && !line.pieces.iter().any(crosses);
        let fits = (follows(line, below) && !framed(next)) || (heading && apart);
        if !(heading || rest) || !fits {
            break;
        }
        top -= 1;
    }
    Some((top, bottom))
}

/// From the first to the last line that belongs to the table. What stands apart from the rest,
/// behind lines that do not belong to it, and has no full line, is another, smaller table.
fn main_run(lines: &[Line], belongs: impl Fn(&Line) -> bool, rich: usize) -> Option<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match runs.last_mut() {
            _ if !belongs(line) => {}
            Some(run) if run.1 + 1 == at => run.1 = at,
            _ => runs.push((at, at)),
        }
    }
    let full = |run: &&(usize, usize)| lines[run.0..=run.1].iter().any(|line| line.segments() >= rich);
    let first = runs.iter().find(full).or(runs.first())?;
    let last = runs.iter().rfind(full).or(runs.last())?;
    Some((first.0, last.1))
}

/// Whether two texts share their left edge, right edge or middle.
pub(super) fn aligned(a0: f32, a1: f32, b0: f32, b1: f32, em: f32) -> bool {
    let near = |a: f32, b: f32| (a - b).abs() <= 0.15 * em;
    near(a0, b0) || near(a1, b1) || near(f32::midpoint(a0, a1), f32::midpoint(b0, b1))
}
