//! Runs a content stream: keeps the state and hands painting on to text and paths.

use std::collections::HashMap;
use std::rc::Rc;

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::document::Page;
use super::error::PdfError;
use super::fonts::Font;
use super::geometry::{Area, Matrix, narrow};
use super::lexer::{Lexer, Operand, Operands};
use super::limits::{self, Budget};
use super::marks::Marks;
use super::paths::PathBuilder;
use super::state::{State, color};
use super::text::{TextObject, TextPainter};
use super::{document, object, stream};

/// Fonts by object number: each is loaded once per file.
#[derive(Debug, Default)]
pub(super) struct FontCache {
    fonts: HashMap<ObjectId, Rc<Font>>,
}

/// Runs the content of `page` and returns what it paints.
pub(super) fn run(
    document: &Document,
    page: &Page<'_>,
    number: u32,
    fonts: &mut FontCache,
    budget: &mut Budget,
) -> Result<Marks, PdfError> {
    let content = document::content(document, page, number, budget)?;
    let (width, height) = page.size();
    let area = Area::around([(0.0, 0.0), (width, height)]);
    let mut interpreter = Interpreter {
        document,
        budget,
        fonts,
        painter: TextPainter::new(area),
        marks: Marks { width: area.x1, height: area.y1, ..Marks::default() },
        number,
        depth: 0,
    };
    // A table wider than its page runs over the side: what no one sees there belongs to its rows.
    let visible = Area { x0: area.x0 - BESIDE, x1: area.x1 + BESIDE, ..area };
    let state = State::new(page.upright(), visible);
    interpreter.stream(&content, page.resources, state)?;
    let mut marks = interpreter.marks;
    interpreter.painter.finish(&mut marks);
    Ok(marks)
}

struct Interpreter<'a, 'b> {
    document: &'a Document,
    budget: &'b mut Budget,
    fonts: &'b mut FontCache,
    painter: TextPainter,
    marks: Marks,
    number: u32,
    depth: u32,
}

/// What one content stream keeps beside the graphics state.
struct Frame<'a> {
    resources: Option<&'a Dictionary>,
    state: State,
    saved: Vec<State>,
    path: PathBuilder,
    clip_next: bool,
    text: TextObject,
}

/// How far beside the page text is read, in points: as far as a page can be wide (Annex C).
const BESIDE: f32 = 14_400.0;

/// Deeper `q` than this is an attack, not a page.
const MAX_SAVED: usize = 10_000;

impl<'a> Interpreter<'a, '_> {
    fn stream(
        &mut self,
        content: &[u8],
        resources: Option<&'a Dictionary>,
        state: State,
    ) -> Result<(), PdfError> {
        let mut frame = Frame {
            resources,
            state,
            saved: Vec::new(),
            path: PathBuilder::default(),
            clip_next: false,
            text: TextObject::default(),
        };
        let mut lexer = Lexer::new(content);
        let mut operands = Operands::default();
        let mut count = 0_u32;
        while let Some(operator) = lexer.next(&mut operands) {
            count = count.wrapping_add(1);
            if count.is_multiple_of(4096) {
                self.budget.tick()?;
                self.check_marks()?;
            }
            self.operator(operator, &operands, &mut frame)?;
        }
        if lexer.ended_in_string() {
            let detail = format!("the content of page {} ends in the middle of a text", self.number);
            return Err(PdfError::Corrupt { detail });
        }
        self.check_marks()
    }

    fn check_marks(&self) -> Result<(), PdfError> {
        let marks = &self.marks;
        let count = self.painter.len() + marks.horizontal.len() + marks.vertical.len() + marks.fills.len();
        limits::check("the number of marks on a page", count as u64, self.budget.limits().marks_per_page)
    }

    fn operator(
        &mut self,
        operator: &[u8],
        operands: &Operands,
        frame: &mut Frame<'a>,
    ) -> Result<(), PdfError> {
        match operator {
            b"q" if frame.saved.len() < MAX_SAVED => frame.saved.push(frame.state.clone()),
            b"Q" => {
                if let Some(state) = frame.saved.pop() {
                    frame.state = state;
                }
            }
            b"cm" => {
                if let Some(numbers) = operands.numbers() {
                    frame.state.ctm = Matrix::new(numbers).then(&frame.state.ctm);
                }
            }
            b"Do" => self.x_object(operands, frame)?,
            b"BI" => self.picture(&frame.state),
            b"gs" => self.extended_state(operands, frame)?,
            b"Tf" => self.set_font(operands, frame)?,
            b"BDC" => {
                let text = self.actual_text(operands, frame.resources);
                self.painter.begin_marked(text);
            }
            b"BMC" => self.painter.begin_marked(None),
            b"EMC" => self.painter.end_marked(),
            b"g" | b"rg" | b"k" | b"sc" | b"scn" => set_fill(operands, &mut frame.state),
            b"cs" => frame.state.fill = 0,
            b"w" => {
                if let Some([width]) = operands.numbers() {
                    frame.state.line_width = width;
                }
            }
            _ => {
                let Frame { state, text, .. } = frame;
                if !text.operator(operator, operands, state, &mut self.painter) {
                    self.path_operator(operator, operands, frame);
                }
            }
        }
        Ok(())
    }

    fn path_operator(&mut self, operator: &[u8], operands: &Operands, frame: &mut Frame<'a>) {
        let Frame { state, path, .. } = frame;
        match operator {
            b"m" => {
                if let Some([x, y]) = operands.numbers() {
                    path.move_to(&state.ctm, x, y);
                }
            }
            b"l" => {
                if let Some([x, y]) = operands.numbers() {
                    path.line_to(&state.ctm, x, y);
                }
            }
            // The last two numbers of every curve are its end point.
            b"c" | b"v" | b"y" => {
                if let Some([x, y]) = operands.numbers() {
                    path.curve_to(&state.ctm, x, y);
                }
            }
            b"h" => path.close(),
            b"re" => {
                if let Some(numbers) = operands.numbers() {
                    path.rectangle(&state.ctm, numbers);
                }
            }
            b"W" | b"W*" => frame.clip_next = true,
            b"S" => self.paint(frame, true, false),
            b"s" => {
                path.close();
                self.paint(frame, true, false);
            }
            b"f" | b"F" | b"f*" => self.paint(frame, false, true),
            b"B" | b"B*" => self.paint(frame, true, true),
            b"b" | b"b*" => {
                path.close();
                self.paint(frame, true, true);
            }
            b"n" => self.paint(frame, false, false),
            _ => {}
        }
    }

    /// Ends the path: paints it and, after `W`, clips to it (8.5.4).
    fn paint(&mut self, frame: &mut Frame<'a>, stroke: bool, fill: bool) {
        let state = &mut frame.state;
        if fill {
            let thin = self.painter.thin();
            frame.path.fill(&state.clip, state.fill, thin, &mut self.marks);
        }
        if stroke {
            // A stroke as wide as a line of text is a bar of colour, not a rule.
            let width = narrow(state.line_width * state.ctm.scale());
            if width <= self.painter.thin() {
                frame.path.stroke(&state.clip, &mut self.marks);
            }
        }
        if std::mem::take(&mut frame.clip_next)
            && let Some(bounds) = frame.path.bounds()
        {
            state.clip = state.clip.intersect(&bounds);
        }
        frame.path.clear();
    }

    fn set_font(&mut self, operands: &Operands, frame: &mut Frame<'a>) -> Result<(), PdfError> {
        if let Some([size]) = operands.numbers() {
            frame.state.text.size = size;
        }
        let Some(name) = operands.name() else {
            return Ok(());
        };
        let Some(fonts) = self.resource_kind(frame.resources, b"Font") else {
            frame.state.text.font = None;
            self.painter.miss_font(name);
            return Ok(());
        };
        frame.state.text.font = self.font(fonts, name)?;
        if frame.state.text.font.is_none() {
            self.painter.miss_font(name);
        }
        Ok(())
    }

    fn font(&mut self, fonts: &'a Dictionary, name: &[u8]) -> Result<Option<Rc<Font>>, PdfError> {
        let id = object::get_id(fonts, name);
        if let Some(font) = id.and_then(|id| self.fonts.fonts.get(&id)) {
            return Ok(Some(Rc::clone(font)));
        }
        let Some(dictionary) = object::get_dictionary(self.document, fonts, name) else {
            return Ok(None);
        };
        let font = Rc::new(Font::load(self.document, dictionary, self.budget)?);
        if let Some(id) = id {
            self.fonts.fonts.insert(id, Rc::clone(&font));
        }
        Ok(Some(font))
    }

    fn resource_kind(&self, resources: Option<&'a Dictionary>, kind: &[u8]) -> Option<&'a Dictionary> {
        object::get_dictionary(self.document, resources?, kind)
    }

    fn extended_state(&mut self, operands: &Operands, frame: &mut Frame<'a>) -> Result<(), PdfError> {
        let parameters = operands.name().and_then(|name| {
            let states = self.resource_kind(frame.resources, b"ExtGState")?;
            object::get_dictionary(self.document, states, name)
        });
        let Some(parameters) = parameters else {
            return Ok(());
        };
        if let Some(width) = object::get_number(self.document, parameters, b"LW") {
            frame.state.line_width = width;
        }
        // A font may also be set here: `[font size]`.
        if let Some([font, size]) = object::get_array(self.document, parameters, b"Font") {
            frame.state.text.size = object::number(size).unwrap_or(0.0);
            if let Some(dictionary) = object::resolve(self.document, font).and_then(object::as_dictionary) {
                let font = Font::load(self.document, dictionary, self.budget)?;
                frame.state.text.font = Some(Rc::new(font));
            }
        }
        Ok(())
    }

    /// The replacement text of a marked sequence (14.9.4).
    fn actual_text(&self, operands: &Operands, resources: Option<&'a Dictionary>) -> Option<String> {
        if let Some(text) = operands.text_after(b"ActualText") {
            return Some(text_string(text));
        }
        if !matches!(operands.items.last(), Some(Operand::Name(_))) {
            return None;
        }
        let properties = self.resource_kind(resources, b"Properties")?;
        let list = object::get_dictionary(self.document, properties, operands.name()?)?;
        let text = object::get(self.document, list, b"ActualText")?;
        text.as_str().ok().map(text_string)
    }

    fn x_object(&mut self, operands: &Operands, frame: &mut Frame<'a>) -> Result<(), PdfError> {
        let stream = operands.name().and_then(|name| {
            let objects = self.resource_kind(frame.resources, b"XObject")?;
            object::get_stream(self.document, objects, name)
        });
        let Some(stream) = stream else {
            // A form that the page shows and the file lacks may have held rows.
            let detail = format!("a part of page {} is missing", self.number);
            return Err(PdfError::Corrupt { detail });
        };
        match object::get_name(self.document, &stream.dict, b"Subtype") {
            Some(b"Form") => self.form(stream, frame),
            Some(b"Image") => {
                self.picture(&frame.state);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn picture(&mut self, state: &State) {
        let unit = Area { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 };
        let area = state.ctm.apply_area(&unit).intersect(&state.clip);
        let page = self.marks.width * self.marks.height;
        if !area.is_empty() && page > 0.0 {
            self.marks.pictures += area.width() * area.height() / page;
        }
    }

    /// A form paints with its own matrix, clip and resources (8.10.2).
    fn form(&mut self, form: &'a Stream, frame: &Frame<'a>) -> Result<(), PdfError> {
        let nesting = self.budget.limits().nesting;
        if self.depth >= nesting {
            return limits::check(
                "the depth of forms within forms",
                u64::from(self.depth) + 1,
                u64::from(nesting),
            );
        }
        let what = format!("a form on page {}", self.number);
        let content = stream::decode(self.document, form, &what, self.budget)?;
        let mut state = frame.state.clone();
        if let Some(matrix) = object::matrix(self.document, &form.dict, b"Matrix") {
            state.ctm = matrix.then(&state.ctm);
        }
        if let Some(area) = object::rectangle(self.document, &form.dict, b"BBox") {
            state.clip = state.clip.intersect(&state.ctm.apply_area(&area));
        }
        let resources = object::get_dictionary(self.document, &form.dict, b"Resources").or(frame.resources);
        self.depth += 1;
        let result = self.stream(&content, resources, state);
        self.depth -= 1;
        result
    }
}

fn set_fill(operands: &Operands, state: &mut State) {
    let components: Vec<f64> = operands
        .items
        .iter()
        .filter_map(|item| match item {
            Operand::Number(value) => Some(*value),
            _ => None,
        })
        .collect();
    state.fill = color(&components);
}

/// A text string of a dictionary: UTF-16 with its mark, UTF-8 with its mark, or Latin-1.
fn text_string(bytes: &[u8]) -> String {
    let object = Object::String(bytes.to_vec(), lopdf::StringFormat::Literal);
    lopdf::decode_text_string(&object).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use lopdf::dictionary;

    use super::super::limits::Limits;
    use super::super::pieces;
    use super::*;

    /// What a page of 200 × 100 with this content shows: pieces with their places.
    fn shown(content: &str, rotate: i64) -> (Marks, Vec<(i32, i32, String)>) {
        let mut document = Document::new();
        let form = document.add_object(Stream::new(
            dictionary! { "Subtype" => "Form", "Matrix" => vec![1.into(), 0.into(), 0.into(), 1.into(), 50.into(), 0.into()] },
            b"BT /F 10 Tf 0 20 Td (form) Tj ET".to_vec(),
        ));
        let font = dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Courier" };
        let content = document.add_object(Stream::new(Dictionary::new(), content.as_bytes().to_vec()));
        let page = document.add_object(dictionary! {
            "Type" => "Page", "Contents" => content, "Rotate" => rotate,
            "MediaBox" => vec![0.into(), 0.into(), 200.into(), 100.into()],
            "Resources" => dictionary! {
                "Font" => dictionary! { "F" => font },
                "XObject" => dictionary! { "X" => form },
            },
        });
        let root =
            document.add_object(dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 });
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => root });
        document.trailer.set("Root", catalog);
        let mut budget = Budget::new(Limits::default());
        let pages = document::pages(&document, &budget).expect("a page");
        let marks = run(&document, &pages[0], 1, &mut FontCache::default(), &mut budget).expect("it runs");
        #[expect(clippy::cast_possible_truncation, reason = "small")]
        let place = |piece: pieces::Piece| (piece.x0.round() as i32, piece.y.round() as i32, piece.text);
        let texts = pieces::pieces(&marks.glyphs, &[]).into_iter().map(place).collect();
        (marks, texts)
    }

    fn texts(content: &str) -> Vec<(i32, i32, String)> {
        shown(content, 0).1
    }

    fn at(x: i32, y: i32, text: &str) -> (i32, i32, String) {
        (x, y, text.to_owned())
    }

    #[test]
    fn text_operators_move_as_they_should() {
        assert_eq!(texts("BT /F 10 Tf 10 90 Td (ab) Tj ET"), [at(10, 10, "ab")]);
        assert_eq!(
            texts("BT /F 10 Tf 12 TL 10 90 Td (a) Tj T* (b) Tj (c) ' 0 0 (d) \" ET"),
            [at(10, 10, "a"), at(10, 22, "b"), at(10, 34, "c"), at(10, 46, "d")]
        );
        assert_eq!(
            texts("BT /F 10 Tf 1 0 0 1 20 50 Tm [(a) -3000 (b)] TJ ET"),
            [at(20, 50, "a"), at(56, 50, "b")]
        );
        assert_eq!(texts("BT /F 10 Tf 10 90 Td 200 Tz (ab) Tj ET")[0].2, "ab");
        assert_eq!(texts("2 0 0 2 0 0 cm BT /F 5 Tf 10 20 Td (z) Tj ET"), [at(20, 60, "z")]);
    }

    #[test]
    fn forms_paint_in_their_place() {
        assert_eq!(texts("/X Do"), [at(50, 80, "form")]);
        assert_eq!(texts("q 1 0 0 1 0 30 cm /X Do Q"), [at(50, 50, "form")]);
    }

    #[test]
    fn replacement_text_stands_for_its_glyphs() {
        assert_eq!(
            texts("BT /F 10 Tf 0 50 Td /Span <</ActualText (fi)>> BDC (xx) Tj EMC (x) Tj ET"),
            [at(0, 50, "fix")]
        );
    }

    #[test]
    fn what_is_not_seen_is_not_read() {
        let (marks, seen) = shown("BT /F 10 Tf 3 Tr 0 50 Td (no) Tj 0 Tr 0 -20 Td (yes) Tj ET", 0);
        assert_eq!((marks.invisible, seen), (2, vec![at(0, 70, "yes")]));
        let clipped = "q 0 0 50 50 re W n BT /F 10 Tf 60 40 Td (no) Tj ET Q BT /F 10 Tf 60 40 Td (yes) Tj ET";
        assert_eq!(texts(clipped), [at(60, 60, "yes")]);
        let (marks, seen) = shown("BT /F 10 Tf .7 .7 -.7 .7 50 50 Tm (stamp) Tj ET", 0);
        assert_eq!((marks.slanted, seen.len()), (5, 0));
    }

    #[test]
    fn turned_pages_read_upright() {
        let (marks, seen) = shown("BT /F 10 Tf 10 90 Td (ab) Tj ET 10 80 100 0 re S", 0);
        assert_eq!((seen, marks.horizontal.len()), (vec![at(10, 10, "ab")], 2));
        // Turned for display only: the text runs down the page and is turned back.
        let (marks, seen) = shown("BT /F 10 Tf 10 90 Td (ab) Tj ET", 90);
        assert_eq!(seen, [at(10, 10, "ab")]);
        assert!(marks.width > marks.height);
        // Written turned and displayed upright.
        assert_eq!(shown("BT /F 10 Tf 0 1 -1 0 30 10 Tm (ab) Tj ET", 90).1, [at(10, 30, "ab")]);
    }
}
