//! The pages of a PDF as a picture: what `page` draws, in pixels. The letters come with the program,
//! since a server may have no fonts.

use exporter_sources::formats::pdf::{Area, PageLayout, Piece};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, RasterizedChar, get_raster};

use super::page::GAP;

/// Pages below one another in one picture: more would be taller than viewers show.
pub const PAGES: usize = 20;
/// Pixels of a point, for pages of usual sizes.
const SCALE: f32 = 2.0;
/// No page is drawn larger than this, in pixels.
const LARGEST: f32 = 5_000.0;
/// The letters stand this far above and below the baseline, in ems.
const ABOVE: f32 = 0.93;
const BELOW: f32 = 0.27;

const WHITE: u32 = 0x00FF_FFFF;
const GREY: u32 = 0x0088_8888;
const BLACK: u32 = 0x0000_0000;
const LINE: u32 = 0x0033_66CC;
const CELL: u32 = 0x00FF_8800;
const EDGE: u32 = 0x00EE_4400;

/// These pages below one another as a PNG.
///
/// # Errors
/// The encoder refuses; it writes to memory.
pub fn png(pages: &[PageLayout]) -> Result<Vec<u8>, png::EncodingError> {
    let largest = pages.iter().map(|page| page.width.max(page.height)).fold(1.0, f32::max);
    let scale = SCALE.min(LARGEST / largest);
    let width = pages.iter().map(|page| pixels(page.width * scale)).max().unwrap_or(1).max(1);
    let gap = pixels(GAP * scale).max(1);
    let heights = pages.iter().map(|page| pixels(page.height * scale).max(1) + gap);
    let size = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, size(width), size(heights.sum::<usize>().max(1)));
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    let mut stream = writer.stream_writer()?;
    for page in pages {
        // One page is held at a time.
        let mut canvas = Canvas::new(width, pixels(page.height * scale).max(1) + gap, scale);
        canvas.page(page);
        std::io::Write::write_all(&mut stream, &canvas.bytes)?;
    }
    stream.finish()?;
    writer.finish()?;
    Ok(out)
}

/// Whole pixels, none below zero.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the largest picture")]
fn pixels(length: f32) -> usize {
    length.clamp(0.0, 2.0 * LARGEST).round() as usize
}

#[expect(clippy::cast_precision_loss, reason = "within the largest picture")]
fn points(pixels: usize) -> f32 {
    pixels as f32
}

/// One page and the gap below it, three bytes a pixel.
struct Canvas {
    width: usize,
    height: usize,
    scale: f32,
    bytes: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize, scale: f32) -> Self {
        let [_, red, green, blue] = GREY.to_be_bytes();
        let bytes = [red, green, blue].repeat(width * height);
        Self { width, height, scale, bytes }
    }

    fn page(&mut self, page: &PageLayout) {
        self.fill(&Area { x0: 0.0, y0: 0.0, x1: page.width, y1: page.height }, WHITE, 1.0);
        for fill in &page.fills {
            self.fill(&fill.area, fill.color, 0.35);
        }
        for rule in &page.horizontal {
            self.line(&Area { x0: rule.from, y0: rule.at, x1: rule.to, y1: rule.at }, LINE);
        }
        for rule in &page.vertical {
            self.line(&Area { x0: rule.at, y0: rule.from, x1: rule.at, y1: rule.to }, LINE);
        }
        for cell in &page.cells {
            self.fill(cell, CELL, 0.08);
            self.frame(cell);
        }
        for piece in &page.pieces {
            self.text(piece);
        }
    }

    /// Mixes a colour into a box.
    fn fill(&mut self, area: &Area, color: u32, share: f32) {
        let columns = pixels(area.x0 * self.scale)..pixels(area.x1 * self.scale).min(self.width);
        for y in pixels(area.y0 * self.scale)..pixels(area.y1 * self.scale).min(self.height) {
            for x in columns.clone() {
                self.mix(x, y, color, share);
            }
        }
    }

    /// A line along an axis, a pixel wide.
    fn line(&mut self, along: &Area, color: u32) {
        let pixel = 1.0 / self.scale;
        let area = Area { x1: along.x1.max(along.x0 + pixel), y1: along.y1.max(along.y0 + pixel), ..*along };
        self.fill(&area, color, 1.0);
    }

    fn frame(&mut self, cell: &Area) {
        for side in [
            Area { y1: cell.y0, ..*cell },
            Area { y0: cell.y1, ..*cell },
            Area { x1: cell.x0, ..*cell },
            Area { x0: cell.x1, ..*cell },
        ] {
            self.line(&side, EDGE);
        }
    }

    /// Letters as wide as one another, fitted to the width that the text has in the file.
    fn text(&mut self, piece: &Piece) {
        let step = (piece.x1 - piece.x0).max(0.1) / points(piece.text.chars().count().max(1));
        let (y0, y1) = (piece.y - ABOVE * piece.size, piece.y + BELOW * piece.size);
        let mut x0 = piece.x0;
        for letter in piece.text.chars() {
            let area = Area { x0, y0, x1: x0 + step, y1 };
            match get_raster(letter, FontWeight::Regular, RasterHeight::Size24) {
                Some(raster) => self.letter(&raster, &area),
                None => self.fill(&Area { y0: y0 + 0.3 * piece.size, y1: piece.y, ..area }, BLACK, 0.4),
            }
            x0 += step;
        }
    }

    /// A letter drawn into a box: each pixel is as dark as the part of the letter behind it.
    fn letter(&mut self, raster: &RasterizedChar, area: &Area) {
        let (left, top) = (pixels(area.x0 * self.scale), pixels(area.y0 * self.scale));
        let wide = (pixels(area.x1 * self.scale)).saturating_sub(left).max(1);
        let tall = (pixels(area.y1 * self.scale)).saturating_sub(top).max(1);
        for y in 0..tall.min(self.height.saturating_sub(top)) {
            let rows = span(y, tall, raster.height());
            for x in 0..wide.min(self.width.saturating_sub(left)) {
                let columns = span(x, wide, raster.width());
                let part =
                    raster.rows().skip(rows.start).take(rows.len()).flat_map(|row| &row[columns.clone()]);
                let ink: usize = part.map(|ink| usize::from(*ink)).sum();
                let share = points(ink) / (255.0 * points(rows.len() * columns.len()));
                if share > 0.0 {
                    self.mix(left + x, top + y, BLACK, share);
                }
            }
        }
    }

    fn mix(&mut self, x: usize, y: usize, color: u32, share: f32) {
        let at = 3 * (y * self.width + x);
        let [_, parts @ ..] = color.to_be_bytes();
        for (byte, part) in self.bytes[at..at + 3].iter_mut().zip(parts) {
            let mixed = f32::from(*byte) * (1.0 - share) + f32::from(part) * share;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
            {
                *byte = mixed.round() as u8;
            }
        }
    }
}

/// What lies behind place `at` of `count`, of `whole`: never nothing.
fn span(at: usize, count: usize, whole: usize) -> std::ops::Range<usize> {
    let from = at * whole / count;
    from..((at + 1) * whole / count).max(from + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> PageLayout {
        let cell = Area { x0: 10.0, y0: 5.0, x1: 40.0, y1: 20.0 };
        PageLayout { number: 1, width: 100.0, height: 50.0, cells: vec![cell], ..PageLayout::default() }
    }

    fn decoded(bytes: &[u8]) -> (usize, usize, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.width as usize, info.height as usize, pixels)
    }

    #[test]
    fn pages_stand_below_one_another_with_their_cells() {
        let (width, height, pixels) = decoded(&png(&[page(), page()]).unwrap());
        assert_eq!((width, height), (200, 2 * (100 + 24)));
        let pixel = |x: usize, y: usize| &pixels[3 * (y * width + x)..][..3];
        for top in [0, 124] {
            assert_eq!(pixel(20, top + 10), [0xEE, 0x44, 0], "the corner of the cell");
            assert_eq!(pixel(100, top + 50), [255, 255, 255], "the page");
            assert_eq!(pixel(100, top + 110), [0x88, 0x88, 0x88], "the gap");
        }
    }

    #[test]
    fn letters_are_drawn_where_the_text_stands() {
        let mut canvas = Canvas::new(200, 100, 2.0);
        canvas.page(&PageLayout { width: 100.0, height: 50.0, ..PageLayout::default() });
        canvas.letter(
            &get_raster('H', FontWeight::Regular, RasterHeight::Size24).unwrap(),
            &Area { x0: 10.0, y0: 10.0, x1: 20.0, y1: 30.0 },
        );
        let dark = |columns: std::ops::Range<usize>| {
            let rows = 20..60;
            let place = |(x, y): (usize, usize)| canvas.bytes[3 * (y * canvas.width + x)];
            rows.flat_map(|y| columns.clone().map(move |x| (x, y)))
                .map(place)
                .filter(|byte| *byte < 128)
                .count()
        };
        assert!(dark(20..40) > 50, "ink in the box");
        assert_eq!(dark(0..20) + dark(40..200), 0, "none beside it");
    }

    #[test]
    fn odd_sizes_are_drawn_all_the_same() {
        let huge = PageLayout { width: 1e9, height: f32::NAN, ..page() };
        assert!(png(&[huge]).is_ok());
        let outside = Area { x0: -50.0, y0: -50.0, x1: 1e9, y1: 1e9 };
        assert!(png(&[PageLayout { cells: vec![outside], ..page() }]).is_ok());
    }
}
