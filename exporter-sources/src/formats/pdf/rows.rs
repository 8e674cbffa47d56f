//! From lines to rows: by the rules between them where there are any, else by their distances.

use super::columns::Columns;
use super::error::PdfError;
use super::flow;
use super::grouping::{self, Place, Sketch, Spacing};
use super::lines::Line;
use super::pieces::Piece;
use super::region::Region;
use super::separators::Separator;

/// One line of text within a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CellLine {
    pub(super) text: String,
    pub(super) x0: f32,
    pub(super) x1: f32,
    pub(super) y: f32,
    pub(super) size: f32,
    pub(super) space_after: bool,
}

/// One row of the table on one page.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) page: u32,
    pub(super) top: f32,
    pub(super) bottom: f32,
    /// Lines of each cell, top to bottom.
    pub(super) cells: Vec<Vec<CellLine>>,
}

impl Row {
    pub(super) fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.is_empty()).count()
    }

    pub(super) fn has(&self, column: usize) -> bool {
        self.cells.get(column).is_some_and(|cell| !cell.is_empty())
    }
}

/// Lines of two rows are never as close as this (in ems): a rule between them ends at the side
/// of a taller cell.
const CLOSE: f32 = 0.75;

/// Lines between two rules, or all lines of a page without rules.
#[derive(Debug)]
pub(super) struct Band<'a> {
    pub(super) lines: Vec<&'a Line>,
}

/// Cuts the lines of a region at the rules that run across (most of) it.
pub(super) fn bands(region: &Region) -> Vec<Band<'_>> {
    let pieces = || region.lines.iter().flat_map(|line| &line.pieces);
    let mut left = pieces().map(|piece| piece.x0).fold(f32::INFINITY, f32::min);
    let mut right = pieces().map(|piece| piece.x1).fold(f32::NEG_INFINITY, f32::max);
    if let (Some(first), Some(last)) = (region.vertical.first(), region.vertical.last()) {
        left = left.min(first.low);
        right = right.max(last.high);
    }
    let cuts: Vec<f32> = region
        .horizontal
        .iter()
        .filter(|separator| separator.covered(left, right) >= 0.5 * (right - left))
        .filter(|separator| !region.lines.iter().any(|line| strikes(separator, line)))
        .map(Separator::at)
        .collect();
    let mut bands: Vec<(usize, Band<'_>)> = Vec::new();
    for line in &region.lines {
        // The middle of the small letters lies safely between the rules.
        let band = cuts.partition_point(|&cut| cut <= line.y - 0.25 * line.size);
        let close = |open: &Band<'_>| {
            open.lines.last().is_some_and(|last| line.y - last.y < CLOSE * line.size && !over(last, line))
        };
        match bands.last_mut() {
            Some((at, open)) if *at == band || close(open) => {
                *at = band;
                open.lines.push(line);
            }
            _ => bands.push((band, Band { lines: vec![line] })),
        }
    }
    bands.into_iter().map(|(_, band)| band).collect()
}

/// Whether a piece of one line stands over one of the other.
pub(super) fn over(above: &Line, below: &Line) -> bool {
    let wide = |a: &Piece, b: &Piece| a.x1.min(b.x1) - a.x0.max(b.x0) > a.size.max(b.size);
    above.pieces.iter().any(|a| below.pieces.iter().any(|b| wide(a, b)))
}

/// Whether a rule or the edge of a box runs through the letters of a line: a box painted at the
/// wrong place, or text struck out, but no border between rows.
fn strikes(separator: &Separator, line: &Line) -> bool {
    let (high, low) = (line.y - 0.5 * line.size, line.y - 0.12 * line.size);
    separator.low > high
        && separator.high < low
        && line.pieces.iter().any(|piece| separator.covered(piece.x0, piece.x1) > 0.5 * (piece.x1 - piece.x0))
}

/// All rows of all regions, in order; `columns` has one entry per region.
/// Fails if the lines of a row cannot be told from those of the next.
pub(super) fn rows(regions: &[Region], columns: &[&Columns]) -> Result<Vec<Vec<Row>>, PdfError> {
    let banded: Vec<Vec<Band<'_>>> = regions.iter().map(bands).collect();
    let sketches: Vec<Vec<Sketch>> = banded
        .iter()
        .zip(columns)
        .map(|(bands, columns)| bands.iter().map(|band| Sketch::of(band, columns)).collect())
        .collect();
    let all: Vec<Sketch> = sketches.into_iter().flatten().collect();
    let mut spacing = grouping::spacing(&all);
    if let Spacing::Keys { column, sure: false, .. } = spacing {
        let parts: Vec<_> = banded.iter().map(Vec::as_slice).zip(columns.iter().copied()).collect();
        spacing = match flow::downwards(&parts, column) {
            Some(true) => Spacing::Keys { column, place: Place::Below, sure: true },
            Some(false) => Spacing::Keys { column, place: Place::Above, sure: true },
            None => Spacing::Unclear,
        };
    }
    if spacing == Spacing::Unclear {
        let page = regions.first().map_or(1, |region| region.page);
        let detail = format!("from page {page} on, nothing tells which lines of text make a row");
        return Err(PdfError::Uncertain { detail });
    }
    let mut sketches = all.iter();
    let mut pages = Vec::with_capacity(regions.len());
    for ((region, bands), columns) in regions.iter().zip(&banded).zip(columns) {
        let mut rows = Vec::new();
        for (at, (band, sketch)) in bands.iter().zip(sketches.by_ref()).enumerate() {
            let mut parts = sketch.split(spacing);
            // The heading and the first row, without a rule between them.
            if spacing == Spacing::Rules
                && at == 0
                && bands.len() > 3
                && let Some(below) = sketch.below_heading()
            {
                parts = vec![0..below, below..band.lines.len()];
            }
            let parts = parts.into_iter();
            let found = parts.map(|part| row(region, &band.lines[part], columns));
            rows.extend(found.filter(|row| row.filled() > 0));
        }
        pages.push(rows);
    }
    Ok(pages)
}

fn row(region: &Region, lines: &[&Line], columns: &Columns) -> Row {
    let mut cells: Vec<Vec<CellLine>> = vec![Vec::new(); columns.count()];
    for line in lines {
        for piece in &line.pieces {
            place(piece, columns, region.em, &mut cells);
        }
    }
    let (first, last) = (lines.first(), lines.last());
    Row {
        page: region.page,
        top: first.map_or(0.0, |line| line.y - line.size),
        bottom: last.map_or(0.0, |line| line.y + 0.3 * line.size),
        cells,
    }
}

/// Puts a piece into its cell, cut where two cells touch.
fn place(piece: &Piece, columns: &Columns, em: f32, cells: &mut [Vec<CellLine>]) {
    let crossed =
        columns.borders.iter().find(|&&border| piece.x0 < border - 0.1 * em && piece.x1 > border + 0.1 * em);
    if let Some(&border) = crossed
        && let Some((left, right)) = piece.split_at(border, 4.0 * em)
    {
        add(&left, columns.of(left.center()), cells);
        place(&right, columns, em, cells);
        return;
    }
    // Text that runs over its column begins in it.
    let column = if columns.crossed_by(piece, 0.3 * em) {
        columns.of(piece.x0 + 0.3 * em)
    } else {
        columns.of(piece.center())
    };
    add(piece, column, cells);
}

fn add(piece: &Piece, column: usize, cells: &mut [Vec<CellLine>]) {
    let Some(cell) = cells.get_mut(column) else { return };
    match cell.last_mut() {
        Some(last)
            if (last.y - piece.y).abs() <= 0.3 * piece.size.max(last.size)
                && piece.x0 > last.x1 - piece.size =>
        {
            // Two pieces of one line: a gap that shows is a space.
            if last.space_after || piece.x0 - last.x1 > 0.13 * piece.size {
                last.text.push(' ');
            }
            last.text.push_str(&piece.text);
            last.x1 = last.x1.max(piece.x1);
            last.space_after = piece.space_after;
        }
        _ => cell.push(CellLine {
            text: piece.text.clone(),
            x0: piece.x0,
            x1: piece.x1,
            y: piece.y,
            size: piece.size,
            space_after: piece.space_after,
        }),
    }
}
