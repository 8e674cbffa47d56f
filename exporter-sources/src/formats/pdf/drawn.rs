//! Lines drawn with characters, as reports of fixed width have them: bars below one another are an
//! upright line, a line of nothing but `-`, `=` and `+` is a level one.

use super::marks::{Glyph, Marks, Rule};

/// Characters that stand for a piece of an upright line.
const BARS: [char; 5] = ['|', '¦', '│', '┃', '║'];
/// Characters that lines of nothing else consist of.
const LEVEL: &str = "-=+_─━═┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝";
/// A page with more lines than these has a table with lines of its own.
const FEW: usize = 3;

/// Where bars stood on the pages before: a page may have no more than one row.
#[derive(Default)]
pub(super) struct Bars(Vec<f32>);

/// A line of text: where it stands, and its glyphs by their places in the list.
struct Row {
    y: f32,
    size: f32,
    glyphs: Vec<usize>,
}

impl Bars {
    /// Puts lines where characters stand for them, and takes these characters away.
    pub(super) fn lift(&mut self, marks: &mut Marks) {
        if marks.vertical.len() + marks.fills.len() > FEW || !marks.glyphs.iter().any(is_bar) {
            return;
        }
        let rows = rows(&marks.glyphs);
        let is_level =
            |row: &&Row| row.glyphs.len() >= 8 && row.glyphs.iter().all(|&at| is_level(&marks.glyphs[at]));
        let (level, text): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(is_level);
        let stacks = self.stacks(&marks.glyphs, &text);
        // One alone may be a mark within a value.
        if stacks.len() < 2 {
            return;
        }
        let mut taken = vec![false; marks.glyphs.len()];
        for stack in &stacks {
            let glyphs = || stack.iter().map(|&at| &marks.glyphs[at]);
            let top = glyphs().map(|bar| bar.y - bar.size).fold(f32::INFINITY, f32::min);
            let bottom = glyphs().map(|bar| bar.y + 0.3 * bar.size).fold(f32::NEG_INFINITY, f32::max);
            let at = marks.glyphs[stack[0]].middle();
            marks.vertical.push(Rule { at, from: top, to: bottom });
            for &bar in stack {
                taken[bar] = true;
            }
        }
        for row in level {
            let from = row.glyphs.iter().map(|&at| marks.glyphs[at].x0).fold(f32::INFINITY, f32::min);
            let to = row.glyphs.iter().map(|&at| marks.glyphs[at].x1).fold(f32::NEG_INFINITY, f32::max);
            marks.horizontal.push(Rule { at: row.y - 0.3 * row.size, from, to });
            for &at in &row.glyphs {
                taken[at] = true;
            }
        }
        self.0 = stacks.iter().map(|stack| marks.glyphs[stack[0]].middle()).collect();
        let mut taken = taken.into_iter();
        marks.glyphs.retain(|_| !taken.next().unwrap_or(false));
    }

    /// Bars at the same place in nearly all lines from the first with one to the last.
    fn stacks(&self, glyphs: &[Glyph], rows: &[&Row]) -> Vec<Vec<usize>> {
        let mut bars: Vec<(usize, usize)> = rows
            .iter()
            .enumerate()
            .flat_map(|(line, row)| row.glyphs.iter().map(move |&at| (line, at)))
            .filter(|&(_, at)| is_bar(&glyphs[at]))
            .collect();
        bars.sort_by(|a, b| glyphs[a.1].middle().total_cmp(&glyphs[b.1].middle()));
        let near = |a: f32, b: f32, size: f32| (a - b).abs() <= 0.25 * size;
        bars.chunk_by(|a, b| near(glyphs[a.1].middle(), glyphs[b.1].middle(), glyphs[a.1].size))
            .filter(|stack| {
                let lines = stack.iter().map(|bar| bar.0);
                let (first, last) = (lines.clone().min().unwrap_or(0), lines.max().unwrap_or(0));
                let bar = &glyphs[stack[0].1];
                let known = self.0.iter().any(|known| near(*known, bar.middle(), bar.size));
                (known || stack.len() >= 3) && stack.len() * 10 >= (last - first + 1) * 9
            })
            .map(|stack| stack.iter().map(|bar| bar.1).collect())
            .collect()
    }
}

impl Glyph {
    fn middle(&self) -> f32 {
        f32::midpoint(self.x0, self.x1)
    }
}

fn is_bar(glyph: &Glyph) -> bool {
    BARS.contains(&glyph.ch)
}

fn is_level(glyph: &Glyph) -> bool {
    is_bar(glyph) || LEVEL.contains(glyph.ch)
}

/// Glyphs by their baselines, from the top; spaces are left out.
fn rows(glyphs: &[Glyph]) -> Vec<Row> {
    let mut order: Vec<usize> = (0..glyphs.len()).filter(|&at| glyphs[at].ch != ' ').collect();
    order.sort_by(|&a, &b| glyphs[a].y.total_cmp(&glyphs[b].y));
    let same = |a: &usize, b: &usize| glyphs[*b].y - glyphs[*a].y <= 0.3 * glyphs[*a].size;
    let row = |line: &[usize]| {
        let first = &glyphs[line[0]];
        Row { y: first.y, size: first.size, glyphs: line.to_vec() }
    };
    order.chunk_by(same).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of ten points each, six a character.
    fn marks(lines: &[&str]) -> Marks {
        let mut marks = Marks::default();
        let mut y = 0.0;
        for (run, line) in (1..).zip(lines) {
            y += 10.0;
            let mut x0 = 0.0;
            for ch in line.chars() {
                marks.glyphs.push(Glyph { x0, x1: x0 + 6.0, y, size: 10.0, ch, run, block: 1 });
                x0 += 6.0;
            }
        }
        marks
    }

    fn left(marks: &Marks) -> String {
        marks.glyphs.iter().map(|glyph| glyph.ch).filter(|ch| *ch != ' ').collect()
    }

    #[test]
    fn bars_and_dashes_are_lines() {
        let table = [
            "Laporan",
            "+----+-----+",
            "| ID | Kota|",
            "+====+=====+",
            "| 1  | a-b |",
            "| 2  | +62 |",
            "+----+-----+",
        ];
        let mut marks = marks(&table);
        let mut bars = Bars::default();
        bars.lift(&mut marks);
        assert_eq!(left(&marks), "LaporanIDKota1a-b2+62");
        assert_eq!((marks.vertical.len(), marks.horizontal.len()), (3, 3));
        assert_eq!(marks.vertical[1], Rule { at: 33.0, from: 20.0, to: 63.0 });
        // The next page has only the last row.
        let mut next = super::tests::marks(&["| 3  | c   |"]);
        bars.lift(&mut next);
        assert_eq!(left(&next), "3c");
    }

    #[test]
    fn a_mark_within_values_stays() {
        for lines in [
            &["ID Rute", "1 Bogor | Solo", "2 Medan | Solo", "3 Depok | Solo"][..],
            &["a | b", "c d", "e | f | g", "h"],
        ] {
            let mut marks = marks(lines);
            let before = left(&marks);
            Bars::default().lift(&mut marks);
            assert_eq!(left(&marks), before);
        }
    }

    #[test]
    fn a_table_with_lines_of_its_own_keeps_its_bars() {
        let mut marks = marks(&["| a | b |", "| c | d |", "| e | f |"]);
        marks.vertical = vec![Rule { at: 1.0, from: 0.0, to: 30.0 }; 4];
        let before = left(&marks);
        Bars::default().lift(&mut marks);
        assert_eq!(left(&marks), before);
    }
}
