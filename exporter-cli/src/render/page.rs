//! The pages of a PDF as a drawing: text, lines and boxes as they were read, with the cells of
//! the found table over them.

use std::fmt::Write as _;

use exporter_sources::formats::pdf::{Area, PageLayout};

/// Room between two pages, in points.
pub(super) const GAP: f32 = 12.0;

/// All pages below one another as one SVG document.
pub fn svg(pages: &[PageLayout]) -> String {
    let width = pages.iter().map(|page| page.width).fold(1.0, f32::max);
    let height = pages.iter().map(|page| page.height + GAP).sum::<f32>().max(1.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.1}\" height=\"{height:.1}\" \
         viewBox=\"0 0 {width:.1} {height:.1}\" font-family=\"sans-serif\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#888\"/>\n"
    );
    let mut top = 0.0;
    for page in pages {
        draw(&mut out, page, top);
        top += page.height + GAP;
    }
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, page: &PageLayout, top: f32) {
    let mut add = |element: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = out.write_fmt(element);
        out.push('\n');
    };
    add(format_args!("<g transform=\"translate(0 {top:.1})\">"));
    add(format_args!("<title>page {}</title>", page.number));
    add(format_args!("<rect width=\"{:.1}\" height=\"{:.1}\" fill=\"#fff\"/>", page.width, page.height));
    for fill in &page.fills {
        add(format_args!("<rect {} fill=\"#{:06x}\" fill-opacity=\"0.35\"/>", place(&fill.area), fill.color));
    }
    for rule in &page.horizontal {
        let (y, from, to) = (rule.at, rule.from, rule.to);
        add(format_args!("<path d=\"M{from:.2} {y:.2}H{to:.2}\" stroke=\"#36c\" stroke-width=\"0.5\"/>"));
    }
    for rule in &page.vertical {
        let (x, from, to) = (rule.at, rule.from, rule.to);
        add(format_args!("<path d=\"M{x:.2} {from:.2}V{to:.2}\" stroke=\"#36c\" stroke-width=\"0.5\"/>"));
    }
    for cell in &page.cells {
        add(format_args!(
            "<rect {} fill=\"#f80\" fill-opacity=\"0.08\" stroke=\"#e40\" stroke-width=\"0.6\"/>",
            place(cell)
        ));
    }
    for piece in &page.pieces {
        // The fonts differ from the file's: the text is fitted to the width it had there.
        add(format_args!(
            "<text x=\"{:.2}\" y=\"{:.2}\" font-size=\"{:.2}\" textLength=\"{:.2}\" \
             lengthAdjust=\"spacingAndGlyphs\">{}</text>",
            piece.x0,
            piece.y,
            piece.size,
            (piece.x1 - piece.x0).max(0.1),
            escaped(&piece.text)
        ));
    }
    add(format_args!("</g>"));
}

fn place(area: &Area) -> String {
    let (width, height) = (area.x1 - area.x0, area.y1 - area.y0);
    format!("x=\"{:.2}\" y=\"{:.2}\" width=\"{width:.2}\" height=\"{height:.2}\"", area.x0, area.y0)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_drawn_with_its_cells() {
        let mut page = PageLayout { number: 3, width: 100.0, height: 50.0, ..PageLayout::default() };
        page.cells.push(Area { x0: 10.0, y0: 5.0, x1: 30.0, y1: 15.0 });
        let drawing = svg(&[page.clone(), page]);
        assert!(drawing.contains("height=\"124.0\""), "two pages with a gap below each: {drawing}");
        assert_eq!(drawing.matches("x=\"10.00\" y=\"5.00\" width=\"20.00\" height=\"10.00\"").count(), 2);
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escaped("A & B <C>\u{1}"), "A &amp; B &lt;C>\u{fffd}");
    }
}
