//! Shows text: text operators, glyph positions, replacement text, and what is not meant to be
//! seen (ISO 32000-1, 9.4; 14.9.4).

use super::fonts::Font;
use super::geometry::{Area, Matrix, narrow};
use super::lexer::{Operand, Operands};
use super::marks::{Glyph, Marks};
use super::state::State;

/// The matrices of one text object.
#[derive(Debug)]
pub(super) struct TextObject {
    matrix: Matrix,
    line: Matrix,
}

impl Default for TextObject {
    fn default() -> Self {
        Self { matrix: Matrix::IDENTITY, line: Matrix::IDENTITY }
    }
}

impl TextObject {
    /// Carries out a text operator; `false` if it is none.
    pub(super) fn operator(
        &mut self,
        operator: &[u8],
        operands: &Operands,
        state: &mut State,
        painter: &mut TextPainter,
    ) -> bool {
        let one = operands.numbers::<1>().map(|[value]| value);
        match operator {
            b"BT" => {
                *self = Self::default();
                painter.block = painter.block.wrapping_add(1);
            }
            b"ET" => {}
            b"Tc" => set(&mut state.text.char_space, one),
            b"Tw" => set(&mut state.text.word_space, one),
            b"Tz" => set(&mut state.text.scale, one.map(|percent| percent / 100.0)),
            b"TL" => set(&mut state.text.leading, one),
            b"Ts" => set(&mut state.text.rise, one),
            #[expect(clippy::cast_possible_truncation, reason = "0 to 7")]
            b"Tr" => state.text.mode = one.unwrap_or(0.0) as i32,
            b"Td" => self.move_by(operands.numbers()),
            b"TD" => {
                let offset = operands.numbers();
                if let Some([_, y]) = offset {
                    state.text.leading = -y;
                }
                self.move_by(offset);
            }
            b"Tm" => {
                if let Some(numbers) = operands.numbers() {
                    self.line = Matrix::new(numbers);
                    self.matrix = self.line;
                }
            }
            b"T*" => self.next_line(state),
            b"Tj" => self.show(operands.text(), state, painter),
            b"'" => {
                self.next_line(state);
                self.show(operands.text(), state, painter);
            }
            b"\"" => {
                if let Some([word, character]) = operands.numbers() {
                    state.text.word_space = word;
                    state.text.char_space = character;
                }
                self.next_line(state);
                self.show(operands.text(), state, painter);
            }
            b"TJ" => self.show_array(operands, state, painter),
            _ => return false,
        }
        true
    }

    fn move_by(&mut self, offset: Option<[f64; 2]>) {
        if let Some([x, y]) = offset {
            self.line = Matrix::translate(x, y).then(&self.line);
            self.matrix = self.line;
        }
    }

    fn next_line(&mut self, state: &State) {
        self.move_by(Some([0.0, -state.text.leading]));
    }

    fn show(&mut self, text: Option<&[u8]>, state: &State, painter: &mut TextPainter) {
        match (text, state.text.font.clone()) {
            (Some(text), Some(font)) => {
                painter.begin_run();
                self.string(text, &font, state, painter);
            }
            (Some(text), None) if !text.is_empty() => painter.lose(),
            _ => {}
        }
    }

    fn show_array(&mut self, operands: &Operands, state: &State, painter: &mut TextPainter) {
        let Some(font) = state.text.font.clone() else {
            painter.lose();
            return;
        };
        painter.begin_run();
        for item in &operands.items {
            match item {
                Operand::Text(range) => {
                    if let Some(text) = operands.bytes.get(range.clone()) {
                        self.string(text, &font, state, painter);
                    }
                }
                Operand::Number(value) => {
                    let shift = -value / 1000.0 * state.text.size * state.text.scale;
                    self.matrix = Matrix::translate(shift, 0.0).then(&self.matrix);
                }
                _ => {}
            }
        }
    }

    fn string(&mut self, text: &[u8], font: &Font, state: &State, painter: &mut TextPainter) {
        let parameters = &state.text;
        let base = Matrix::new([
            parameters.size * parameters.scale,
            0.0,
            0.0,
            parameters.size,
            0.0,
            parameters.rise,
        ]);
        let (mut moved, here) = (0.0, self.matrix.then(&state.ctm));
        let placed = base.then(&here);
        let (ux, uy) = here.apply_vector(1.0, 0.0);
        let (rise_x, rise_y) = placed.apply_vector(0.0, 1.0);
        let pen = Pen {
            size: rise_x.hypot(rise_y) * font.em,
            direction: placed.apply_vector(1.0, 0.0),
            up: (rise_x, rise_y),
            hidden: matches!(parameters.mode, 3 | 7),
            clip: state.clip,
        };
        font.decode(text, |shown| {
            let width = shown.advance * parameters.size * parameters.scale;
            let start = (placed.e + ux * moved, placed.f + uy * moved);
            let end = (start.0 + ux * width, start.1 + uy * width);
            painter.glyph(&pen, start, end, shown.text, font);
            let mut space = parameters.char_space;
            if shown.is_word_space {
                space += parameters.word_space;
            }
            moved += width + space * parameters.scale;
        });
        self.matrix = Matrix::translate(moved, 0.0).then(&self.matrix);
    }
}

fn set(slot: &mut f64, value: Option<f64>) {
    if let Some(value) = value {
        *slot = value;
    }
}

/// What the glyphs of one string share.
struct Pen {
    size: f64,
    direction: (f64, f64),
    /// One em upwards.
    up: (f64, f64),
    hidden: bool,
    clip: Area,
}

/// Collects glyphs of a page before it is known which way up the text runs.
#[derive(Debug)]
pub(super) struct TextPainter {
    page: Area,
    /// Per quarter turn of the text: glyphs, in coordinates turned upright.
    glyphs: [Vec<Glyph>; 4],
    unreadable: Vec<String>,
    /// The font last set, if it is missing, and those that text was shown in.
    missing: Option<String>,
    lost: Vec<String>,
    marked: Vec<Option<Replacement>>,
    run: u32,
    block: u32,
    invisible: usize,
    beside: usize,
    slanted: usize,
    /// Sum and count of sizes, for the measure of thin.
    sizes: (f64, u32),
    last: Option<usize>,
}

#[derive(Debug)]
struct Replacement {
    text: String,
    /// How many glyphs each turn had before the sequence.
    start: [usize; 4],
}

impl TextPainter {
    pub(super) fn new(page: Area) -> Self {
        Self {
            page,
            glyphs: Default::default(),
            unreadable: Vec::new(),
            missing: None,
            lost: Vec::new(),
            marked: Vec::new(),
            run: 0,
            block: 0,
            invisible: 0,
            beside: 0,
            slanted: 0,
            sizes: (0.0, 0),
            last: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.glyphs.iter().map(Vec::len).sum()
    }

    /// How thin a filled box must be to be a line: well below the size of the text so far.
    pub(super) fn thin(&self) -> f32 {
        let (sum, count) = self.sizes;
        let size = if count == 0 { 8.0 } else { sum / f64::from(count) };
        narrow((size * 0.4).max((size * 0.6).min(2.2))).max(0.5)
    }

    /// Remembers that a font is not in the file: what is shown in it cannot be read.
    pub(super) fn miss_font(&mut self, name: &[u8]) {
        self.missing = Some(String::from_utf8_lossy(name).into_owned());
    }

    /// Text was shown without a font.
    fn lose(&mut self) {
        if let Some(name) = self.missing.take()
            && !self.lost.contains(&name)
        {
            self.lost.push(name);
        }
    }

    fn begin_run(&mut self) {
        self.run = self.run.wrapping_add(1);
    }

    pub(super) fn begin_marked(&mut self, text: Option<String>) {
        let start = [0, 1, 2, 3].map(|turn: usize| self.glyphs[turn].len());
        self.marked.push(text.map(|text| Replacement { text, start }));
        // Hostile content must not grow the stack without end.
        self.marked.truncate(1000);
    }

    /// Puts the replacement text in the place of the glyphs of the sequence.
    pub(super) fn end_marked(&mut self) {
        let Some(Some(replacement)) = self.marked.pop() else { return };
        let turn = (0..4).find(|&turn| self.glyphs[turn].len() > replacement.start[turn]);
        let Some(turn) = turn else {
            // A space without a glyph, where a line was broken.
            if replacement.text.trim().is_empty()
                && let Some(glyphs) = self.last.map(|turn| &mut self.glyphs[turn])
                && let Some(&last) = glyphs.last()
            {
                glyphs.push(Glyph { x0: last.x1, ch: ' ', ..last });
            }
            return;
        };
        let glyphs = self.glyphs[turn].split_off(replacement.start[turn]);
        let Some(&first) = glyphs.first() else { return };
        let one_line = glyphs.iter().all(|glyph| (glyph.y - first.y).abs() < 0.1 * first.size);
        if !one_line {
            // A paragraph as one text has no places of its own; its glyphs do.
            self.glyphs[turn].extend(glyphs);
            return;
        }
        let x1 = glyphs.iter().map(|glyph| glyph.x1).fold(first.x1, f32::max);
        push_chars(&mut self.glyphs[turn], Glyph { x1, ..first }, &replacement.text);
    }

    fn glyph(&mut self, pen: &Pen, start: (f64, f64), end: (f64, f64), text: Option<&str>, font: &Font) {
        let Some(turn) = quarter_turn(pen.direction) else {
            self.slanted += 1;
            return;
        };
        if pen.hidden {
            self.invisible += usize::from(text.is_some_and(|text| !text.trim().is_empty()));
            return;
        }
        // The middle of the small letters: of a line cut in two by the end of a page, which
        // some writers paint on both pages, one side shows it.
        let x = narrow(f64::midpoint(start.0, end.0) + 0.3 * pen.up.0);
        let y = narrow(f64::midpoint(start.1, end.1) + 0.3 * pen.up.1);
        if !pen.clip.contains(x, y) {
            self.beside += usize::from(!self.page.contains(x, y));
            return;
        }
        self.sizes.0 += pen.size;
        self.sizes.1 += 1;
        let turned = |(x, y)| self.turned(turn, x, y);
        let ((ax, ay), (bx, _)) = (turned(start), turned(end));
        let glyph = Glyph {
            x0: ax.min(bx),
            x1: ax.max(bx),
            y: ay,
            size: narrow(pen.size),
            ch: char::REPLACEMENT_CHARACTER,
            run: self.run,
            block: self.block,
        };
        self.last = Some(turn);
        if let Some(text) = text {
            push_chars(&mut self.glyphs[turn], glyph, text);
            return;
        }
        if !self.unreadable.contains(&font.name) && self.unreadable.len() < 16 {
            self.unreadable.push(font.name.clone());
        }
        self.glyphs[turn].push(glyph);
    }

    /// Page coordinates turned so that text of this turn runs to the right.
    fn turned(&self, turn: usize, x: f64, y: f64) -> (f32, f32) {
        let (w, h) = (f64::from(self.page.x1), f64::from(self.page.y1));
        let (x, y) = match turn {
            0 => (x, y),
            1 => (y, w - x),
            2 => (w - x, h - y),
            _ => (h - y, x),
        };
        (narrow(x), narrow(y))
    }

    /// Chooses the way most of the text runs, and turns rules and boxes with it.
    pub(super) fn finish(mut self, marks: &mut Marks) {
        let count = |glyphs: &Vec<Glyph>| glyphs.iter().filter(|glyph| glyph.ch != ' ').count();
        let turn = (0..4).rev().max_by_key(|&turn: &usize| count(&self.glyphs[turn])).unwrap_or(0);
        let others: usize =
            (0..4).filter(|&other| other != turn).map(|other| count(&self.glyphs[other])).sum();
        marks.glyphs = std::mem::take(&mut self.glyphs[turn]);
        marks.slanted = self.slanted + others;
        marks.invisible = self.invisible;
        marks.beside = self.beside;
        marks.unreadable = std::mem::take(&mut self.unreadable);
        marks.lost = std::mem::take(&mut self.lost);
        if turn != 0 {
            self.turn_marks(turn, marks);
        }
    }

    fn turn_marks(&self, turn: usize, marks: &mut Marks) {
        let area = |area: &Area| {
            let corners = [(area.x0, area.y0), (area.x1, area.y1)].map(|(x, y)| {
                let (x, y) = self.turned(turn, f64::from(x), f64::from(y));
                (f64::from(x), f64::from(y))
            });
            Area::around(corners)
        };
        for fill in &mut marks.fills {
            fill.area = area(&fill.area);
        }
        let (horizontal, vertical) =
            (std::mem::take(&mut marks.horizontal), std::mem::take(&mut marks.vertical));
        let boxes = horizontal
            .iter()
            .map(|rule| (rule.from, rule.at, rule.to, rule.at))
            .chain(vertical.iter().map(|rule| (rule.at, rule.from, rule.at, rule.to)));
        for (x0, y0, x1, y1) in boxes {
            let Area { x0, y0, x1, y1 } = area(&Area { x0, y0, x1, y1 });
            if x1 - x0 > y1 - y0 {
                marks.horizontal.push(super::marks::Rule { at: y0, from: x0, to: x1 });
            } else {
                marks.vertical.push(super::marks::Rule { at: x0, from: y0, to: y1 });
            }
        }
        if turn % 2 == 1 {
            std::mem::swap(&mut marks.width, &mut marks.height);
        }
    }
}

/// One glyph per character: ligatures share the width of their glyph.
fn push_chars(glyphs: &mut Vec<Glyph>, glyph: Glyph, text: &str) {
    let expanded = match text {
        "ﬀ" => "ff",
        "ﬁ" => "fi",
        "ﬂ" => "fl",
        "ﬃ" => "ffi",
        "ﬄ" => "ffl",
        "ﬅ" | "ﬆ" => "st",
        other => other,
    };
    let count = expanded.chars().count().max(1);
    #[expect(clippy::cast_precision_loss, reason = "a handful of characters")]
    let step = (glyph.x1 - glyph.x0) / count as f32;
    let mut x0 = glyph.x0;
    for ch in expanded.chars() {
        // Zero-width characters and line ends within a glyph mean nothing on a page.
        if matches!(ch, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{2060}') {
            continue;
        }
        let ch = match ch {
            c if c.is_whitespace() => ' ',
            // A map to control characters says nothing.
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        let x1 = x0 + step;
        glyphs.push(Glyph { x0, x1, ch, ..glyph });
        x0 = x1;
    }
}

/// 0 for text to the right, 1 downwards, 2 to the left (upside down), 3 upwards.
fn quarter_turn((dx, dy): (f64, f64)) -> Option<usize> {
    let (ax, ay) = (dx.abs(), dy.abs());
    if ay <= ax * 0.02 {
        Some(if dx >= 0.0 { 0 } else { 2 })
    } else if ax <= ay * 0.02 {
        Some(if dy > 0.0 { 1 } else { 3 })
    } else {
        None
    }
}
