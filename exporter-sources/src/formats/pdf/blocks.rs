//! Several tables in one file: the largest is read, with those that continue it.
//!
//! A page is cut where a lone line (a title) stands off from both neighbours, or at a wide gap.
//! What follows belongs to the table if it begins with the same heading or stands in the same
//! columns; otherwise it is another table.

use super::lines::Line;
use super::region::aligned;

/// A stretch of full lines on one page.
#[derive(Debug, Clone, Copy)]
struct Block {
    page: usize,
    /// First and last line.
    first: usize,
    last: usize,
    /// Whether it is the first of its page.
    leads: bool,
}

/// A lone line further from its neighbours than lines usually are is a title.
const TITLE_GAP: f32 = 1.25;
/// A distance that no two rows have.
const WIDE_GAP: f32 = 1.8;
/// As many lines of the largest table are compared with.
const SAMPLE: usize = 80;

/// Takes the lines of other tables, and titles between tables, out of `pages`. Lines with at
/// least `rich` cells are full; `framed` are those that stand between upright lines. Returns what was taken, with the index of its page.
pub(super) fn separate(pages: &mut [Vec<Line>], framed: &[Vec<bool>], rich: usize) -> Vec<(usize, String)> {
    let blocks: Vec<Block> =
        pages.iter().enumerate().flat_map(|(page, lines)| cut(page, lines, &framed[page], rich)).collect();
    let weight = |block: &Block| -> usize {
        pages[block.page][block.first..=block.last].iter().map(Line::segments).sum()
    };
    let Some(main) = blocks.iter().rev().max_by_key(|block| weight(block)).copied() else {
        return Vec::new();
    };
    let heading = pages[main.page][main.first].clone();
    let sample: Vec<Line> = pages[main.page][main.first..=main.last].iter().take(SAMPLE).cloned().collect();
    let mut dropped: Vec<Vec<bool>> = pages.iter().map(|lines| vec![false; lines.len()]).collect();
    let mut reading = true;
    let mut end: Option<Block> = None;
    for block in &blocks {
        let lines = &pages[block.page][block.first..=block.last];
        let named = lines[0].same_text(&heading);
        let fits = named || stands_in(lines, &sample, rich);
        // The first block of a page goes on with what the page before ended in.
        reading = if block.leads && !named { fits && (reading || end.is_none()) } else { fits };
        if !reading {
            dropped[block.page][block.first..=block.last].fill(true);
        }
        if let Some(before) = end.filter(|end| end.page == block.page)
            && (named || !fits)
        {
            // A title stands between two tables.
            dropped[block.page][before.last + 1..block.first].fill(true);
        }
        end = Some(*block);
    }
    take(pages, &dropped)
}

fn take(pages: &mut [Vec<Line>], dropped: &[Vec<bool>]) -> Vec<(usize, String)> {
    let mut taken = Vec::new();
    for ((page, lines), dropped) in pages.iter_mut().enumerate().zip(dropped) {
        let mut marks = dropped.iter();
        lines.retain(|line| {
            let gone = marks.next().copied().unwrap_or(false);
            if gone {
                taken.push((page, line.text()));
            }
            !gone
        });
    }
    taken
}

/// The blocks of a page: from a full line to the last before a title or a wide gap.
fn cut(page: usize, lines: &[Line], framed: &[bool], rich: usize) -> Vec<Block> {
    let full = |at: usize| lines[at].segments() >= rich;
    let (Some(first), Some(last)) =
        ((0..lines.len()).find(|&at| full(at)), (0..lines.len()).rfind(|&at| full(at)))
    else {
        return Vec::new();
    };
    let gap = |at: usize| lines[at].y - lines[at - 1].y;
    // Lines of cells in the middle stand between those of taller ones: no distance of lines.
    let real = |at: &usize| gap(*at) >= 0.75 * lines[*at].size;
    let mut gaps: Vec<f32> = (first + 1..=last).filter(real).map(gap).collect();
    gaps.sort_by(f32::total_cmp);
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(0.0);
    // Between rows, where lines of wrapped cells are closer.
    let wide = gaps.get(gaps.len() * 9 / 10).copied().unwrap_or(0.0).min(2.0 * usual);
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = Block { page, first, last: first, leads: true };
    for (at, line) in lines.iter().enumerate().take(last + 1).skip(first + 1) {
        // Lines of one cell are never further apart than this, whatever stands beside them.
        let apart = TITLE_GAP * usual.max(line.size);
        let title = at < last
            && line.segments() == 1
            && gap(at) > apart
            && gap(at + 1) > apart
            && full(at + 1)
            && !framed.get(at).copied().unwrap_or(false)
            && !(in_column(line, &lines[at - 1]) || in_column(line, &lines[at + 1]));
        if title {
            blocks.push(Block { last: at - 1, ..open });
            open = Block { page, first: at + 1, last: at + 1, leads: false };
        } else if gap(at) > WIDE_GAP * wide && full(at) && at > open.first {
            blocks.push(Block { last: at - 1, ..open });
            open = Block { page, first: at, last: at, leads: false };
        }
    }
    blocks.push(Block { last, ..open });
    blocks
}

/// Whether `line` stands below or above a cell of `other` that is not its first: the line of a
/// tall cell, not a title.
fn in_column(line: &Line, other: &Line) -> bool {
    let left = |x0: f32| line.pieces.first().is_some_and(|piece| (piece.x0 - x0).abs() <= 0.15 * line.size);
    other.pieces.iter().skip(1).any(|piece| left(piece.x0))
}

/// Whether most cells of the full `lines` are aligned with cells of `sample`.
fn stands_in(lines: &[Line], sample: &[Line], rich: usize) -> bool {
    let pieces =
        || lines.iter().take(SAMPLE).filter(|line| line.segments() >= rich).flat_map(|line| &line.pieces);
    let placed = pieces().filter(|piece| {
        let mut others = sample.iter().flat_map(|line| &line.pieces);
        others.any(|other| aligned(piece.x0, piece.x1, other.x0, other.x1, piece.size))
    });
    3 * placed.count() >= 2 * pieces().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines at `y` with cells at the given places.
    fn line(y: f32, cells: &[(f32, &str)]) -> Line {
        Line::sample(y, &cells.iter().map(|&(x0, text)| (x0, x0 + 20.0, text)).collect::<Vec<_>>())
    }

    fn table(from: f32, places: [f32; 3], heading: &str, rows: u8) -> Vec<Line> {
        (0..=rows)
            .map(|row| {
                let text = if row == 0 { heading } else { "x" };
                line(from + 15.0 * f32::from(row), &places.map(|x| (x, text)))
            })
            .collect()
    }

    #[test]
    fn another_table_below_is_left_out() {
        let mut page = table(0.0, [0.0, 100.0, 200.0], "A", 6);
        page.push(line(130.0, &[(0.0, "Rekap")]));
        page.extend(table(160.0, [0.0, 63.0, 131.0], "B", 2));
        let mut pages = [page];
        let taken = separate(&mut pages, &[vec![false; 100]], 2);
        assert_eq!((pages[0].len(), taken.len()), (7, 4));
    }

    #[test]
    fn the_same_table_once_more_is_joined_without_its_title() {
        let mut page = table(0.0, [0.0, 100.0, 200.0], "A", 4);
        page.push(line(100.0, &[(0.0, "Cabang Bandung")]));
        page.extend(table(130.0, [0.0, 100.0, 200.0], "A", 3));
        let mut pages = [page];
        let taken = separate(&mut pages, &[vec![false; 100]], 2);
        assert_eq!(taken, [(0, "Cabang Bandung".to_owned())]);
        assert_eq!(pages[0].len(), 9);
    }

    #[test]
    fn a_line_between_upright_lines_is_no_title() {
        let mut page = table(0.0, [0.0, 100.0, 200.0], "A", 4);
        page.push(line(100.0, &[(0.0, "Jl. Melati")]));
        page.extend(table(130.0, [0.0, 100.0, 200.0], "x", 3));
        let mut framed = vec![false; 100];
        framed[5] = true;
        assert!(separate(&mut [page.clone()], &[framed], 2).is_empty());
        // Nor is one under a cell in the middle of its row.
        page[5] = line(100.0, &[(100.0, "Jl. Melati")]);
        assert!(separate(&mut [page], &[vec![false; 100]], 2).is_empty());
    }

    #[test]
    fn one_table_over_pages_stays_whole() {
        let mut pages = [table(0.0, [0.0, 100.0, 200.0], "A", 6), table(0.0, [0.0, 100.0, 200.0], "x", 3)];
        let framed = [vec![false; 100], vec![false; 100]];
        assert!(separate(&mut pages, &framed, 2).is_empty());
    }
}
