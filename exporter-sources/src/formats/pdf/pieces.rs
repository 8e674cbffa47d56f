//! From glyphs to pieces of text that certainly belong together.
//!
//! The content stream itself tells most: glyphs that follow one another at the pen, and real
//! spaces between words, make one piece. A gap without a space starts a new piece, so that
//! columns that stand close together are not glued.

use super::marks::{Glyph, Rule};

/// Text on one baseline that lies in one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Left edge.
    pub x0: f32,
    /// Right edge, without spaces at the end.
    pub x1: f32,
    /// Baseline, downwards.
    pub y: f32,
    /// Height of the em.
    pub size: f32,
    /// The characters.
    pub text: String,
    /// Whether a space follows in the file: a line broken here was broken at a space.
    pub space_after: bool,
    /// Where text objects meet without a gap: byte offset in `text`, and `x`. Two cells may
    /// touch there.
    pub(super) joints: Vec<(usize, f32)>,
}

impl Piece {
    pub(super) fn center(&self) -> f32 {
        f32::midpoint(self.x0, self.x1)
    }

    /// Cuts at the joint nearest to `x`, if one is within `reach`.
    pub(super) fn split_at(&self, x: f32, reach: f32) -> Option<(Self, Self)> {
        let nearest = self
            .joints
            .iter()
            .filter(|joint| (joint.1 - x).abs() <= reach)
            .min_by(|a, b| (a.1 - x).abs().total_cmp(&(b.1 - x).abs()))?;
        let &(offset, at) = nearest;
        let (left, right) = (self.text.get(..offset)?, self.text.get(offset..)?);
        if left.trim().is_empty() || right.trim().is_empty() {
            return None;
        }
        let part = |text: &str, x0, x1, joints: Vec<_>| Self {
            x0,
            x1,
            text: text.trim().to_owned(),
            joints,
            ..self.clone()
        };
        let before = self.joints.iter().filter(|joint| joint.0 < offset).copied();
        let after = self.joints.iter().filter(|joint| joint.0 > offset);
        let left_part =
            Self { space_after: left.ends_with(' '), ..part(left, self.x0, at, before.collect()) };
        let skipped = right.len() - right.trim_start().len();
        let moved = after.map(|&(o, x)| (o - offset - skipped.min(o - offset), x));
        Some((left_part, part(right, at, self.x1, moved.collect())))
    }
}

/// Gaps relative to the em. A space is a quarter of an em in most fonts, kerning a tenth.
const TOUCH: f32 = 0.13;
const BACK: f32 = 0.25;
/// Word spacing after a real space may be stretched in justified text.
const AFTER_SPACE: f32 = 1.2;
/// The same where each glyph is shown by itself: the letters and words of a cell set apart.
const SPREAD: f32 = 0.4;
/// Several spaces that are wider than this part columns.
const COLUMN_GAP: f32 = 1.0;
/// The widest gap that is read as a space in files that have no space glyphs.
const AS_SPACE: f32 = 0.6;

/// Makes pieces of `glyphs`, which are in the order they were painted. `lines` are the vertical
/// lines between cells, sorted by where they are.
pub(super) fn pieces(glyphs: &[Glyph], lines: &[Rule]) -> Vec<Piece> {
    let has_spaces = glyphs.iter().any(|glyph| glyph.ch == ' ');
    // Writers that show each glyph by itself begin no cell with each.
    let runs = glyphs.windows(2).filter(|pair| pair[0].run != pair[1].run).count();
    let by_glyph = 3 * runs > 2 * glyphs.len();
    let mut builder = Builder { has_spaces, by_glyph, lines, done: Vec::new(), open: None };
    for glyph in glyphs {
        builder.push(glyph);
    }
    builder.finish();
    let mut pieces = builder.done;
    remove_doubles(&mut pieces);
    pieces
}

struct Builder<'a> {
    has_spaces: bool,
    by_glyph: bool,
    lines: &'a [Rule],
    done: Vec<Piece>,
    open: Option<Open>,
}

struct Open {
    piece: Piece,
    /// Where the next glyph is due.
    pen: f32,
    /// How many spaces stand before it.
    spaces: u32,
    last: Glyph,
}

enum Step {
    /// Follows at the pen.
    Touching,
    /// Follows after a gap that stands for a space.
    Spaced,
    /// The same glyph painted once more.
    Double,
    New,
}

impl Builder<'_> {
    fn push(&mut self, glyph: &Glyph) {
        if glyph.ch == ' ' {
            self.space(glyph);
            return;
        }
        match self.step(glyph) {
            Step::Double => return,
            Step::New => {
                self.finish();
                self.open = Some(Open {
                    piece: Piece {
                        x0: glyph.x0,
                        x1: glyph.x1,
                        y: glyph.y,
                        size: glyph.size,
                        text: String::new(),
                        space_after: false,
                        joints: Vec::new(),
                    },
                    pen: glyph.x1,
                    spaces: 0,
                    last: *glyph,
                });
            }
            Step::Spaced => {
                if let Some(open) = &mut self.open {
                    open.piece.space_after = true;
                }
            }
            Step::Touching => {}
        }
        let Some(open) = &mut self.open else { return };
        let spaced = std::mem::take(&mut open.piece.space_after);
        if spaced {
            open.piece.text.push(' ');
        } else if open.last.block != glyph.block {
            open.piece.joints.push((open.piece.text.len(), glyph.x0));
        }
        open.piece.text.push(glyph.ch);
        open.piece.x1 = open.piece.x1.max(glyph.x1);
        open.piece.size = open.piece.size.max(glyph.size);
        open.pen = glyph.x1;
        open.spaces = 0;
        open.last = *glyph;
    }

    fn space(&mut self, glyph: &Glyph) {
        let Some(open) = &mut self.open else { return };
        let em = open.last.size.max(glyph.size);
        let gap = glyph.x0 - open.pen;
        open.spaces += 1;
        if (glyph.y - open.piece.y).abs() <= 0.2 * em && gap.abs() <= AFTER_SPACE * em {
            open.piece.space_after = true;
            open.pen = glyph.x1;
        }
    }

    fn step(&self, glyph: &Glyph) -> Step {
        let Some(open) = &self.open else {
            return Step::New;
        };
        let last = &open.last;
        let em = last.size.max(glyph.size);
        let shift = (glyph.y - open.piece.y).abs();
        // A raised or lowered smaller glyph (an exponent) stays with its line.
        let smaller = glyph.size < 0.8 * open.piece.size;
        if shift > if smaller { 0.5 * em } else { 0.12 * em } {
            return Step::New;
        }
        let width = (last.x1 - last.x0).max(0.1 * em);
        if glyph.ch == last.ch && glyph.run != last.run && (glyph.x0 - last.x0).abs() < 0.25 * width {
            return Step::Double;
        }
        let gap = glyph.x0 - open.pen;
        let same_run = glyph.run == last.run;
        if gap < -BACK * em {
            Step::New
        } else if open.spaces > 1 && glyph.x0 - last.x1 > COLUMN_GAP * em {
            // Columns made with spaces, as in printed reports of fixed width.
            Step::New
        } else if open.piece.space_after {
            let limit = match (same_run, self.by_glyph && glyph.block == last.block) {
                (true, _) => AFTER_SPACE,
                (false, true) => SPREAD,
                (false, false) => TOUCH,
            };
            if gap <= limit * em { Step::Touching } else { Step::New }
        } else if gap <= TOUCH * em {
            let apart = if self.by_glyph { glyph.block != last.block } else { !same_run };
            if apart && self.parted(open.pen, glyph.x0, glyph.y, em) { Step::New } else { Step::Touching }
        } else if !self.has_spaces && gap <= AS_SPACE * em && glyph.block == last.block {
            Step::Spaced
        } else {
            Step::New
        }
    }

    /// Whether a drawn line stands between the pen and the next glyph.
    fn parted(&self, pen: f32, next: f32, y: f32, em: f32) -> bool {
        let (from, to) = (pen.min(next) - 0.1 * em, pen.max(next) + 0.1 * em);
        let first = self.lines.partition_point(|line| line.at < from);
        let near = self.lines[first..].iter().take_while(|line| line.at <= to);
        let middle = y - 0.3 * em;
        near.into_iter().any(|line| line.from <= middle && line.to >= middle)
    }

    fn finish(&mut self) {
        if let Some(open) = self.open.take()
            && !open.piece.text.is_empty()
        {
            self.done.push(open.piece);
        }
    }
}

/// Text painted twice at almost the same place (shadows, false bold) counts once.
fn remove_doubles(pieces: &mut Vec<Piece>) {
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (&pieces[a], &pieces[b]);
        a.text.cmp(&b.text).then(a.y.total_cmp(&b.y)).then(a.x0.total_cmp(&b.x0))
    });
    let mut double = vec![false; pieces.len()];
    for pair in order.windows(2) {
        let (a, b) = (&pieces[pair[0]], &pieces[pair[1]]);
        let near = 0.15 * a.size;
        if a.text == b.text && (a.y - b.y).abs() < near && (a.x0 - b.x0).abs() < near {
            double[pair[0].max(pair[1])] = true;
        }
    }
    let mut doubles = double.into_iter();
    pieces.retain(|_| !doubles.next().unwrap_or(false));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Glyphs half an em wide at size 10, one text object and run per entry.
    fn show(entries: &[(f32, f32, &str)]) -> Vec<Glyph> {
        let mut glyphs = Vec::new();
        for (run, &(x, y, text)) in (1..).zip(entries) {
            let mut x0 = x;
            for ch in text.chars() {
                glyphs.push(Glyph { x0, x1: x0 + 5.0, y, size: 10.0, ch, run, block: run });
                x0 += 5.0;
            }
        }
        glyphs
    }

    fn texts(entries: &[(f32, f32, &str)]) -> Vec<String> {
        let pieces = pieces(&show(entries), &[]);
        pieces.into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn spaces_hold_words_together_and_gaps_part_cells() {
        let found = texts(&[(0.0, 0.0, "Budi Halim"), (54.0, 0.0, "Aktif")]);
        assert_eq!(found, ["Budi Halim", "Aktif"]);
    }

    #[test]
    fn one_word_in_several_operators() {
        assert_eq!(texts(&[(0.0, 0.0, "Sta"), (15.2, 0.0, "tus")]), ["Status"]);
    }

    #[test]
    fn words_set_apart_glyph_by_glyph() {
        let mut glyphs = Vec::new();
        let mut x0 = 0.0;
        for (run, ch) in (1..).zip("JUMLAH KOIN".chars()) {
            glyphs.push(Glyph { x0, x1: x0 + 5.0, y: 0.0, size: 10.0, ch, run, block: 1 });
            x0 += if ch == ' ' { 8.5 } else { 6.0 };
        }
        assert_eq!(pieces(&glyphs, &[]).len(), 1);
        for glyph in glyphs.iter_mut().skip(7) {
            glyph.block = 2;
        }
        assert_eq!(pieces(&glyphs, &[]).len(), 2, "another text object is another cell");
    }

    #[test]
    fn a_joint_can_be_cut_again() {
        let pieces = pieces(&show(&[(0.0, 0.0, "000001"), (30.0, 0.0, "Budi x")]), &[]);
        assert_eq!(pieces.len(), 1);
        let (left, right) = pieces[0].split_at(31.0, 2.0).expect("a joint");
        assert_eq!((left.text.as_str(), right.text.as_str()), ("000001", "Budi x"));
        assert_eq!(right.x0, 30.0);
    }

    #[test]
    fn a_line_between_parts_even_what_touches() {
        let glyphs = show(&[(0.0, 0.0, "500"), (15.0, 0.0, "PT1")]);
        assert_eq!(pieces(&glyphs, &[]).len(), 1);
        let line = Rule { at: 15.0, from: -10.0, to: 5.0 };
        assert_eq!(pieces(&glyphs, &[line]).len(), 2);
    }

    #[test]
    fn columns_made_with_spaces() {
        assert_eq!(texts(&[(0.0, 0.0, "Budi Halim   Aktif")]), ["Budi Halim", "Aktif"]);
    }

    #[test]
    fn false_bold_counts_once() {
        assert_eq!(texts(&[(0.0, 0.0, "Total"), (0.4, 0.0, "Total")]), ["Total"]);
    }

    #[test]
    fn a_space_before_a_line_break_is_remembered() {
        let pieces = pieces(&show(&[(0.0, 0.0, "Jl. "), (0.0, 12.0, "Melati")]), &[]);
        assert!(pieces[0].space_after);
        assert!(!pieces[1].space_after);
    }
}
