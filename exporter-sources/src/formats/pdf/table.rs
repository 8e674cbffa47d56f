//! From the regions of all pages to one table.

use super::columns::{self, Columns};
use super::error::PdfError;
use super::header::Header;
use super::layout::PageLayout;
use super::lines::Line;
use super::region::{self, Region};
use super::rows::{self, Row};
use super::wrap::{self, ColumnFacts};
use super::{PdfRow, PdfTable, joining, summary};

/// Builds the table out of all pages.
pub(super) fn build(pages: Vec<PageLayout>) -> Result<PdfTable, PdfError> {
    let count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    let regions = region::find(pages);
    if regions.is_empty() {
        return Err(PdfError::NoTable {
            detail: format!("{count} page(s) hold text, but no two columns of it stand side by side"),
        });
    }
    let columns = columns(&regions);
    let by_region: Vec<&Columns> = columns.iter().collect();
    let mut pages: Vec<Vec<Row>> = rows::rows(&regions, &by_region);
    let mut notes = Vec::new();
    let header = pages
        .first()
        .and_then(|rows| Header::read(rows, &regions[0], &columns[0]))
        .ok_or_else(|| PdfError::NoTable { detail: "the first page with text has no heading row".into() })?;
    let mut repeated = 0;
    for rows in &mut pages {
        let (kept, found) = header.strip(std::mem::take(rows));
        *rows = kept;
        repeated += found;
    }
    if repeated > 1 {
        notes.push(format!("heading repeated {} more time(s): left out", repeated - 1));
    }
    let mut rows = joining::join(pages, &mut notes);
    let totals = summary::take_totals(&mut rows, &mut notes);
    summary::drop_no_data(&mut rows, &mut notes);
    let facts = facts(&rows, header.names.len());
    let words = wrap::words(rows.iter().flat_map(|row| row.cells.iter().map(Vec::as_slice)));
    let text = |row: &Row| -> Vec<String> {
        row.cells.iter().zip(&facts).map(|(cell, facts)| wrap::value(cell, facts, &words)).collect()
    };
    for region in &regions {
        for text in &region.outside {
            notes.push(format!("page {}: outside the table: {text}", region.page));
        }
    }
    let table = PdfTable {
        rows: rows
            .iter()
            .map(|row| PdfRow { cells: text(row), page: row.page, top: row.top, bottom: row.bottom })
            .collect(),
        totals: totals.iter().map(text).collect(),
        header: header.names,
        pages: count,
        notes,
    };
    Ok(table)
}

/// The columns of each region.
fn columns(regions: &[Region]) -> Vec<Columns> {
    if let Some(usual) = regions.iter().filter_map(|region| region.ruled.as_ref()).max_by_key(|c| c.count()) {
        return regions.iter().map(|region| region.ruled.clone().unwrap_or_else(|| usual.clone())).collect();
    }
    let em = regions[0].em;
    let headings = heading_lines(&regions[0]);
    let body: Vec<&Line> = regions
        .iter()
        .enumerate()
        .flat_map(|(at, region)| region.lines.iter().skip(if at == 0 { headings.len() } else { 0 }))
        .collect();
    let found = columns::find(&body, &headings, em);
    vec![found; regions.len()]
}

/// The lines of the heading row: the first full line with the parts of wrapped headings.
fn heading_lines(region: &Region) -> Vec<&Line> {
    let widest = region.lines.iter().map(Line::segments).max().unwrap_or(0);
    let full = region.lines.iter().position(|line| 2 * line.segments() >= widest).unwrap_or(0);
    let first = &region.lines[full];
    let (x0, x1) = first.pieces.first().map_or((0.0, 0.0), |piece| (piece.x0, piece.x1));
    let mut count = full + 1;
    for line in region.lines.iter().skip(full + 1).take(3) {
        // Below a heading cell its column has text again: that is the first row.
        let starts = line.pieces.iter().any(|piece| piece.x0 < x1 && piece.x1 > x0);
        let near = line.y - region.lines[count - 1].y <= 2.2 * line.size;
        if starts || !near {
            break;
        }
        count += 1;
    }
    region.lines.iter().take(count).collect()
}

fn facts(rows: &[Row], count: usize) -> Vec<ColumnFacts> {
    let mut facts: Vec<ColumnFacts> = (0..count)
        .map(|column| ColumnFacts::of(rows.iter().filter_map(|row| row.cells.get(column)).map(Vec::as_slice)))
        .collect();
    let (mut breaks, mut spaces) = (0, 0);
    for column in &facts {
        let (b, s) = column.breaks();
        breaks += b;
        spaces += s;
    }
    for column in &mut facts {
        column.share_breaks(breaks, spaces);
    }
    facts
}
