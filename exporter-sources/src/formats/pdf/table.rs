//! From the regions of all pages to one table.

use super::columns::{self, Columns};
use super::error::PdfError;
use super::geometry::Area;
use super::header::Header;
use super::layout::PageLayout;
use super::lines::Line;
use super::pieces::Piece;
use super::region::{self, Region};
use super::rows::{self, CellLine, Row};
use super::wrap::{self, ColumnFacts};
use super::{PdfRow, PdfTable, check, joining, overflow, summary};

/// The table, and the boxes of its cells with their pages.
type Built = (PdfTable, Vec<(u32, Area)>);

/// Builds the table out of all pages.
pub(super) fn build(pages: Vec<PageLayout>) -> Result<Built, PdfError> {
    let facts = FileFacts::of(&pages);
    let mut regions = region::find(pages);
    let mut notes = facts.notes();
    drop_no_data_line(&mut regions, &mut notes);
    let joints = split_touching(&mut regions);
    let Some(first) = regions.first() else {
        return Err(facts.no_table());
    };
    let columns = columns(&regions, &joints);
    let by_region: Vec<&Columns> = columns.iter().collect();
    let mut pages: Vec<Vec<Row>> = rows::rows(&regions, &by_region)?;
    refuse_overlaps(&regions, &pages)?;
    let mut header = pages
        .first()
        .and_then(|rows| Header::read(rows, first, &columns[0]))
        .ok_or_else(|| facts.no_table())?;
    notes.push(format!("page {}: the header is {}", first.page, header.names.join(" | ")));
    let cells = areas(&regions, &pages, &columns);
    let mut headings = 0;
    for rows in &mut pages {
        let (kept, found) = header.strip(std::mem::take(rows));
        *rows = kept;
        headings += found;
    }
    if headings > 1 {
        notes.push(format!("heading repeated {} more time(s): left out", headings - 1));
    }
    let empty = header.drop_empty_columns(&mut pages);
    if empty > 0 {
        notes.push(format!("{empty} column(s) without a name and without text: left out"));
    }
    let mut rows = joining::join(pages, &mut notes);
    let totals = summary::take_totals(&mut rows, &mut notes);
    if rows.is_empty() && totals.is_empty() {
        refuse_only_headings(headings)?;
    }
    summary::drop_no_data(&mut rows, &mut notes);
    let table = finish(header, &rows, &totals, notes, &regions, &facts)?;
    Ok((table, cells))
}

/// A heading and one more at the foot is a table without rows; a heading over and over proves nothing.
fn refuse_only_headings(headings: usize) -> Result<(), PdfError> {
    if headings <= 2 {
        return Ok(());
    }
    Err(PdfError::NoTable { detail: format!("its heading stands there {headings} times, and not one row") })
}

/// Turns rows into values and checks them against the file itself.
fn finish(
    header: Header,
    rows: &[Row],
    totals: &[Row],
    mut notes: Vec<String>,
    regions: &[Region],
    facts: &FileFacts,
) -> Result<PdfTable, PdfError> {
    let columns = column_facts(rows, header.names.len());
    let words = wrap::words(rows.iter().flat_map(|row| row.cells.iter().map(Vec::as_slice)));
    let values = |row: &Row| -> Vec<String> {
        let cells = row.cells.iter().zip(&columns);
        cells.map(|(cell, facts)| wrap::value(cell, facts, &words)).collect()
    };
    let body: Vec<Vec<String>> = rows.iter().map(values).collect();
    facts.refuse_unreadable(&header.names, rows, &body)?;
    let outside: Vec<(u32, &str)> = regions
        .iter()
        .flat_map(|region| region.outside.iter().map(|(page, text)| (*page, text.as_str())))
        .collect();
    check::counts(&outside, &header.names, &body, facts.pages)?;
    check::running_numbers(&header.names, &body)?;
    notes.extend(outside.iter().map(|(page, text)| format!("page {page}: outside the table: {text}")));
    Ok(PdfTable {
        rows: rows
            .iter()
            .zip(body)
            .map(|(row, cells)| PdfRow { cells, page: row.page, top: row.top, bottom: row.bottom })
            .collect(),
        totals: totals.iter().map(values).collect(),
        header: header.names,
        pages: facts.pages,
        notes,
    })
}

/// What is kept of the pages when their layouts are taken apart.
struct FileFacts {
    pages: u32,
    pieces: usize,
    /// Fonts without meaning, by page.
    unreadable: Vec<(u32, String)>,
    slanted: usize,
}

impl FileFacts {
    fn of(pages: &[PageLayout]) -> Self {
        let unreadable = pages
            .iter()
            .flat_map(|page| page.unreadable_fonts.iter().map(|font| (page.number, font.clone())))
            .collect();
        Self {
            pages: u32::try_from(pages.len()).unwrap_or(u32::MAX),
            pieces: pages.iter().map(|page| page.pieces.len()).sum(),
            unreadable,
            slanted: pages.iter().map(|page| page.slanted).sum(),
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.slanted > 0 {
            notes.push(format!("{} slanted character(s) of stamps or watermarks: left out", self.slanted));
        }
        notes
    }

    fn no_table(&self) -> PdfError {
        if let Some((page, font)) = self.unreadable.first() {
            return PdfError::NoUnicode { page: *page, font: font.clone() };
        }
        let detail = if self.pieces == 0 {
            format!("its {} page(s) hold no text", self.pages)
        } else {
            "its text does not stand in columns".to_owned()
        };
        PdfError::NoTable { detail }
    }

    /// A character without a meaning in a cell or heading: the value cannot be known.
    fn refuse_unreadable(
        &self,
        header: &[String],
        rows: &[Row],
        body: &[Vec<String>],
    ) -> Result<(), PdfError> {
        let unknown = |texts: &[String]| texts.iter().any(|text| text.contains(char::REPLACEMENT_CHARACTER));
        let page = if unknown(header) {
            rows.first().map_or(1, |row| row.page)
        } else if let Some((row, _)) = rows.iter().zip(body).find(|(_, texts)| unknown(texts)) {
            row.page
        } else {
            return Ok(());
        };
        let font = self.unreadable.iter().find(|(at, _)| *at >= page).or(self.unreadable.first());
        let font = font.map_or_else(|| "unknown".to_owned(), |(_, font)| font.clone());
        Err(PdfError::NoUnicode { page, font })
    }
}

/// Lines of one column that are closer than this (in ems) run into one another.
const TOO_CLOSE: f32 = 0.85;

/// Text over text, as where rows are too low for what was wrapped, or cells too narrow: no one
/// can say where it belongs.
fn refuse_overlaps(regions: &[Region], pages: &[Vec<Row>]) -> Result<(), PdfError> {
    for row in pages.iter().flatten() {
        let over = |cell: &&Vec<CellLine>| {
            cell.windows(2).any(|pair| {
                let common = pair[0].x1.min(pair[1].x1) - pair[0].x0.max(pair[1].x0);
                let size = pair[0].size.min(pair[1].size);
                (pair[1].y - pair[0].y).abs() < 0.6 * size && common > 2.0 * size
            })
        };
        if let Some(cell) = row.cells.iter().find(over) {
            let text: Vec<&str> = cell.iter().map(|line| line.text.as_str()).collect();
            return Err(overlap(row.page, &text.join(" / ")));
        }
    }
    for region in regions {
        for (at, line) in region.lines.iter().enumerate() {
            let next =
                region.lines[at + 1..].iter().take_while(|next| next.y - line.y < TOO_CLOSE * line.size);
            if let Some(over) = next.into_iter().find(|next| rows::over(line, next)) {
                return Err(overlap(region.page, &format!("{} / {}", line.text(), over.text())));
            }
        }
    }
    Ok(())
}

fn overlap(page: u32, text: &str) -> PdfError {
    PdfError::Uncertain { detail: format!("on page {page} lines of text lie over one another: {text}") }
}

/// A message in the place of the rows, as in "Tidak ada data", is no part of the heading it
/// stands under.
fn drop_no_data_line(regions: &mut [Region], notes: &mut Vec<String>) {
    let [region] = regions else { return };
    let alone = (2..=4).contains(&region.lines.len())
        && region.lines.last().is_some_and(|line| line.pieces.len() == 1);
    if let Some(line) = region.lines.pop_if(|line| alone && summary::says_no_data(&line.text())) {
        notes.push(format!("the table says \"{}\": no rows", line.text()));
    }
}

/// Cuts pieces where two cells touch, and returns these places.
fn split_touching(regions: &mut [Region]) -> Vec<f32> {
    let Some(first) = regions.first() else { return Vec::new() };
    let em = first.em;
    let lines: Vec<&Line> = regions.iter().flat_map(|region| &region.lines).collect();
    let joints = columns::joints(&lines, &heading_lines(first), em);
    for line in regions.iter_mut().flat_map(|region| &mut region.lines) {
        let mut cut = Vec::with_capacity(line.pieces.len());
        for mut piece in std::mem::take(&mut line.pieces) {
            for &at in &joints {
                if let Some((left, right)) = piece.split_at(at, 0.15 * em) {
                    cut.push(left);
                    piece = right;
                }
            }
            cut.push(piece);
        }
        line.pieces = cut;
    }
    joints
}

/// The columns of each region.
fn columns(regions: &[Region], joints: &[f32]) -> Vec<Columns> {
    let em = regions[0].em;
    let headings = heading_lines(&regions[0]);
    // The heading is no body, on later pages neither.
    let is_heading = |line: &Line| headings.iter().any(|heading| heading.same_text(line));
    let lines = regions.iter().flat_map(|region| &region.lines);
    let body: Vec<&Line> = lines.filter(|line| !is_heading(line)).collect();
    let ruled = || regions.iter().filter_map(|region| region.ruled.as_ref());
    if let Some(usual) = ruled().max_by_key(|columns| columns.count()) {
        let refined = columns::refine(usual, &body, &headings, em);
        let refined = overflow::part(&refined, &body, &headings, em);
        let own = |region: &Region| match &region.ruled {
            Some(columns) if refined.count() == usual.count() => columns.clone(),
            _ => refined.clone(),
        };
        return regions.iter().map(own).collect();
    }
    let found = columns::find(&body, &headings, joints, em);
    let found = overflow::part(&found, &body, &headings, em);
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
        // So is a full line below a full line.
        let row = 4 * first.segments() >= 3 * widest && 2 * line.segments() >= widest;
        // Names of columns seldom hold digits, rows do.
        let digits = |piece: &&Piece| piece.text.contains(|c: char| c.is_ascii_digit());
        let data = 3 * line.pieces.iter().filter(digits).count() > line.pieces.len();
        if starts || row || data || !near {
            break;
        }
        count += 1;
    }
    region.lines.iter().take(count).collect()
}

fn column_facts(rows: &[Row], count: usize) -> Vec<ColumnFacts> {
    let of_column = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.cells.get(column));
        ColumnFacts::of(cells.map(Vec::as_slice))
    };
    let mut facts: Vec<ColumnFacts> = (0..count).map(of_column).collect();
    // How the writer treats spaces at line ends holds for the whole file.
    let (breaks, spaces) = facts.iter().fold((0, 0), |(breaks, spaces), column| {
        let (b, s) = column.breaks();
        (breaks + b, spaces + s)
    });
    for column in &mut facts {
        column.share_breaks(breaks, spaces);
    }
    facts
}

/// The boxes of all cells, for drawing.
fn areas(regions: &[Region], pages: &[Vec<Row>], columns: &[Columns]) -> Vec<(u32, Area)> {
    let mut areas = Vec::new();
    for ((region, rows), columns) in regions.iter().zip(pages).zip(columns) {
        let pieces = || region.lines.iter().flat_map(|line| &line.pieces);
        let left = pieces().map(|piece| piece.x0).fold(f32::INFINITY, f32::min);
        let right = pieces().map(|piece| piece.x1).fold(f32::NEG_INFINITY, f32::max);
        for row in rows {
            let mut x0 = left;
            for x1 in columns.borders.iter().copied().chain([right]) {
                areas.push((region.page, Area { x0, y0: row.top, x1, y1: row.bottom }));
                x0 = x1;
            }
        }
    }
    areas
}

#[cfg(test)]
mod tests {
    use super::super::pieces::Piece;
    use super::*;

    fn pages(count: u32) -> Vec<PageLayout> {
        let piece = |x0: f32, text: &str| Piece {
            x0,
            x1: x0 + 40.0,
            y: 50.0,
            size: 10.0,
            text: text.to_owned(),
            space_after: false,
            joints: Vec::new(),
        };
        let pieces = || vec![piece(0.0, "ID"), piece(100.0, "Nama"), piece(200.0, "Kota")];
        let page = |number| PageLayout {
            number,
            width: 595.0,
            height: 842.0,
            em: 10.0,
            pieces: pieces(),
            ..PageLayout::default()
        };
        (1..=count).map(page).collect()
    }

    #[test]
    fn a_heading_over_and_over_is_no_empty_table() {
        let error = build(pages(3)).unwrap_err().to_string();
        assert!(error.contains("3 times, and not one row"), "{error}");
        assert!(build(pages(2)).unwrap().0.rows.is_empty(), "a heading and one at the foot");
    }

    #[test]
    fn a_page_with_nothing_but_the_words_for_no_data_is_an_empty_table() {
        // Two text objects that touch look like two cells.
        let text = "Tidak ada data".to_owned();
        let joints = vec![(6, 30.0)];
        let piece = Piece { x0: 0.0, x1: 70.0, y: 50.0, size: 10.0, text, space_after: false, joints };
        let page = PageLayout { number: 1, width: 595.0, height: 842.0, em: 10.0, ..PageLayout::default() };
        let table = build(vec![PageLayout { pieces: vec![piece], ..page }]).unwrap().0;
        assert!(table.rows.is_empty());
    }
}
