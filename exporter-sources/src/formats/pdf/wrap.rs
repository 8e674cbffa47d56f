//! Puts the lines of a wrapped cell together again: with a space where the line was broken at
//! one, without where it was broken after a hyphen or in mid-word.

use std::collections::HashSet;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::fonts;
use super::rows::CellLine;

/// Words that stand somewhere in the table without touching a line break.
pub(super) type Words = HashSet<String>;

/// Collects the words of a table, if any of its cells is wrapped.
pub(super) fn words<'a>(cells: impl Iterator<Item = &'a [CellLine]> + Clone) -> Words {
    let mut words = Words::new();
    if cells.clone().all(|cell| cell.len() < 2) {
        return words;
    }
    for cell in cells {
        for (at, line) in cell.iter().enumerate() {
            let tokens: Vec<&str> = line.text.split(' ').collect();
            let from = usize::from(at > 0);
            let to = tokens.len() - usize::from(at + 1 < cell.len()).min(tokens.len());
            for token in tokens.get(from..to).unwrap_or_default() {
                if !words.contains(bare(token)) {
                    words.insert(bare(token).to_owned());
                }
            }
        }
    }
    words
}

/// A word without the marks around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// What the other cells of a column tell about its line breaks.
#[derive(Debug, Default, Clone)]
pub(super) struct ColumnFacts {
    /// Width of the widest line.
    width: f32,
    /// The narrowest and the widest average character of a line.
    letters: Option<(f32, f32)>,
    /// Cells on one line, and how many of these contain a space.
    single: usize,
    single_spaced: usize,
    /// How many of the cells on one line contain a digit.
    single_coded: usize,
    /// Line breaks that fall between words beyond doubt, and how many of these leave their
    /// space in the file.
    sure_breaks: usize,
    sure_spaces: usize,
}

impl ColumnFacts {
    pub(super) fn of<'a>(cells: impl Iterator<Item = &'a [CellLine]>) -> Self {
        let mut facts = Self::default();
        for cell in cells {
            for line in cell {
                facts.width = facts.width.max(line.x1 - line.x0);
                let (least, most) = facts.letters.unwrap_or((f32::INFINITY, 0.0));
                facts.letters = Some((least.min(letter(line)), most.max(letter(line))));
            }
            if let [line] = cell {
                facts.single += 1;
                facts.single_spaced += usize::from(line.text.contains(' '));
                facts.single_coded += usize::from(line.text.contains(|c: char| c.is_ascii_digit()));
            }
            for pair in cell.windows(2) {
                let before = pair[0].text.chars().last();
                let after = pair[1].text.chars().next();
                if before.is_some_and(|c| c.is_lowercase() || c == ',')
                    && after.is_some_and(char::is_uppercase)
                {
                    facts.sure_breaks += 1;
                    facts.sure_spaces += usize::from(pair[0].space_after);
                }
            }
        }
        facts
    }

    /// Nothing but how wide the lines of a column are.
    pub(super) fn wide<'a>(lines: impl Iterator<Item = &'a CellLine>) -> Self {
        Self { width: lines.map(|line| line.x1 - line.x0).fold(0.0, f32::max), ..Self::default() }
    }

    /// Adds what another column of the same file tells about spaces at line ends.
    pub(super) fn share_breaks(&mut self, breaks: usize, spaces: usize) {
        (self.sure_breaks, self.sure_spaces) = (breaks, spaces);
    }

    pub(super) fn breaks(&self) -> (usize, usize) {
        (self.sure_breaks, self.sure_spaces)
    }

    /// How wide a part of a line is: its share of the characters where these are all as wide, else
    /// by the widths that characters usually have.
    fn part(&self, line: &CellLine, part: &str) -> f32 {
        let fixed = self.letters.is_none_or(|(least, most)| most - least <= 0.03 * most);
        let weight = |c: char| if fixed { 1.0 } else { fonts::typical_width(c) };
        let (part, whole) =
            (part.chars().map(weight).sum::<f32>(), line.text.chars().map(weight).sum::<f32>());
        (line.x1 - line.x0) * part / whole.max(f32::MIN_POSITIVE)
    }

    /// Ids, phone numbers, references: with digits and never with a space.
    fn is_code(&self) -> bool {
        self.single >= 3 && self.single_spaced == 0 && self.single_coded * 10 >= self.single * 9
    }

    /// In this file a line broken at a space keeps the space: no space means no space.
    fn spaces_are_kept(&self) -> bool {
        self.sure_breaks >= 3 && self.sure_spaces * 20 >= self.sure_breaks * 19
    }
}

/// How wide the characters of a line are on average.
fn letter(line: &CellLine) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "characters of a line")]
    let count = line.text.chars().count().max(1) as f32;
    (line.x1 - line.x0) / count
}

/// The value of a cell.
pub(super) fn value(lines: &[CellLine], facts: &ColumnFacts, words: &Words) -> String {
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            let above = &lines[at - 1];
            if text.ends_with('\u{ad}') {
                text.pop();
            } else if spaced(above, line, facts, words) {
                text.push(' ');
            }
        }
        text.push_str(line.text.trim());
    }
    // A soft hyphen that broke no line is not seen.
    text.retain(|c| c != '\u{ad}');
    if is_nfc_quick(text.chars()) == IsNormalized::Yes { text } else { text.nfc().collect() }
}

/// Whether a space stood between the end of `above` and the start of `below`.
fn spaced(above: &CellLine, below: &CellLine, facts: &ColumnFacts, words: &Words) -> bool {
    if above.space_after {
        return true;
    }
    let (Some(last), Some(first)) = (above.text.split(' ').next_back(), below.text.split(' ').next()) else {
        return true;
    };
    if is_time(first) && is_date(last) {
        return true;
    }
    match last.chars().last() {
        Some('-' | '\u{2010}') => !hyphenated(above, last, first),
        Some('/') => last == "/",
        _ => !cut_in_word(above, below, (last, first), facts, words),
    }
}

/// After a hyphen: part of a word or the sign of a number, but not a dash between spaces.
fn hyphenated(above: &CellLine, last: &str, first: &str) -> bool {
    if last.chars().count() > 1 {
        return true;
    }
    let sign = first.starts_with(|c: char| c.is_ascii_digit()) || first.starts_with("Rp");
    above.text == last && sign
}

/// Whether one word was cut because it is wider than its column.
fn cut_in_word(
    above: &CellLine,
    below: &CellLine,
    (last, first): (&str, &str),
    facts: &ColumnFacts,
    words: &Words,
) -> bool {
    // No value begins with the mark between its digits.
    let mark =
        first.strip_prefix(['.', ',']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if mark && last.ends_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    if completes(last, first) || (above.text == last && cut_address(last, first)) {
        return true;
    }
    let room = facts.width - (above.x1 - above.x0);
    let wide = first.starts_with(['@', 'm', 'w', 'M', 'W', '%']);
    let next = if wide { above.size } else { 1.2 * letter(above).max(letter(below)) };
    if room > next {
        // The next letter would have fitted: the line ended by choice, at a space.
        return false;
    }
    if facts.part(above, last) + facts.part(below, first) <= facts.width {
        // The whole word would have fitted on a line of its own.
        return false;
    }
    let address = |text: &str| text.contains('@') || text.starts_with("http");
    if address(last) || address(first) {
        // Two addresses are two.
        return !(last.contains('@') && first.contains('@'));
    }
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '+');
    if digits(last) && digits(first) {
        return true;
    }
    if facts.spaces_are_kept() || facts.is_code() {
        return true;
    }
    // A code cut between two digits, in a column too narrow for any of its codes.
    let bare_digits = first.chars().all(|c| c.is_ascii_digit());
    if above.text == last && below.text == first && bare_digits && facts.single_spaced == 0 {
        return last.ends_with(|c: char| c.is_ascii_digit()) && last.contains(char::is_alphabetic);
    }
    // Letters go on in small letters, and neither part is a word of this table.
    let known = |word: &str| words.contains(bare(word));
    if words.contains(&format!("{}{}", bare(last), bare(first))) {
        return true;
    }
    let goes_on = last.ends_with(char::is_alphabetic) && first.starts_with(char::is_lowercase);
    goes_on && !known(last) && !known(first)
}

/// A number or date that is whole only with what follows: `14.101.` / `000`, `1.551.11` / `0`,
/// `2025-11-1` / `6`.
fn completes(last: &str, first: &str) -> bool {
    let whole = [last, first].concat();
    let patterns: [fn(&str) -> bool; 2] = [is_grouped, is_date];
    patterns.iter().any(|is| is(&whole) && !is(last))
}

/// Digits in groups of three, perhaps in brackets or with a sign.
fn is_grouped(text: &str) -> bool {
    let text = text.trim_start_matches(['(', '-', '+']).trim_end_matches(')');
    let mut groups = text.split(['.', ',']);
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next().is_some_and(|group| (1..=3).contains(&group.len()) && digits(group));
    let mut rest = groups.peekable();
    first && rest.peek().is_some() && rest.all(|group| group.len() == 3 && digits(group))
}

/// Year, month and day in either order, with two digits for month and day.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        && matches!(lengths[..], [4, 2, 2] | [2, 2, 4])
}

/// Hours and minutes, perhaps seconds.
fn is_time(text: &str) -> bool {
    let parts: Vec<&str> = text.split([':', '.']).collect();
    let two = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    (2..=3).contains(&parts.len()) && parts.iter().all(two)
}

/// An e-mail address that is not whole without what follows: `budi@` / `mail.test`,
/// `budi` / `@mail.test`, `budi@mail` / `.test`.
fn cut_address(last: &str, first: &str) -> bool {
    let whole = [last, first].concat();
    let Some((_, domain)) = whole.split_once('@') else {
        return false;
    };
    let open = last.split_once('@').is_some_and(|(_, domain)| !domain.contains('.') || domain.ends_with('.'));
    domain.contains('.') && !domain.contains('@') && (open || first.starts_with(['@', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines five units wide per character.
    fn cell(lines: &[&str]) -> Vec<CellLine> {
        lines
            .iter()
            .zip(0_u8..)
            .map(|(text, at)| CellLine {
                text: (*text).to_owned(),
                x0: 0.0,
                #[expect(clippy::cast_precision_loss, reason = "short")]
                x1: 5.0 * text.chars().count() as f32,
                y: 12.0 * f32::from(at),
                size: 10.0,
                space_after: false,
            })
            .collect()
    }

    fn joined(column: &[&[&str]], lines: &[&str]) -> String {
        let cells: Vec<Vec<CellLine>> = column.iter().map(|lines| cell(lines)).chain([cell(lines)]).collect();
        let cells = || cells.iter().map(Vec::as_slice);
        value(&cell(lines), &ColumnFacts::of(cells()), &words(cells()))
    }

    #[test]
    fn words_come_back_with_a_space() {
        assert_eq!(joined(&[], &["Jl. Gatot", "Subroto"]), "Jl. Gatot Subroto");
        assert_eq!(joined(&[], &["27/06/2025", "14:02"]), "27/06/2025 14:02");
        assert_eq!(joined(&[&["Rp 12.500"]], &["Rp", "137.000"]), "Rp 137.000");
    }

    #[test]
    fn hyphens_and_slashes_hold() {
        assert_eq!(joined(&[], &["USR-", "00065"]), "USR-00065");
        assert_eq!(joined(&[], &["2025-11-", "16"]), "2025-11-16");
        assert_eq!(joined(&[], &["-", "1.700"]), "-1.700");
        assert_eq!(joined(&[], &["Toko A -", "Lantai 2"]), "Toko A - Lantai 2");
        assert_eq!(joined(&[], &["RT 007/", "RW 014"]), "RT 007/RW 014");
    }

    #[test]
    fn an_address_wider_than_its_column() {
        let value = joined(&[], &["yusuf.nurul.hal", "im8@gmail.com"]);
        assert_eq!(value, "yusuf.nurul.halim8@gmail.com");
        assert_eq!(joined(&[], &["budi.halim82", "@yahoo.test"]), "budi.halim82@yahoo.test");
        assert_eq!(joined(&[&["0123456789abcdef"]], &["budi@", "mail.test"]), "budi@mail.test");
        assert_eq!(joined(&[], &["a@b.test", "c@d.test"]), "a@b.test c@d.test");
    }

    #[test]
    fn codes_without_spaces_stay_whole() {
        let others: &[&[&str]] = &[&["AB123456"], &["AB923456"], &["AC123456"]];
        assert_eq!(joined(others, &["AB123456", "X9"]), "AB123456X9");
    }

    #[test]
    fn a_time_below_its_day_stands_apart() {
        let days: &[&[&str]] = &[&["25/10/2025"], &["26/10/2025"], &["27/10/2025"]];
        assert_eq!(joined(days, &["25/10/2025", "09:26"]), "25/10/2025 09:26");
    }

    #[test]
    fn a_code_cut_in_every_row() {
        assert_eq!(joined(&[&["U0000", "1"], &["U0000", "2"]], &["U0000", "3"]), "U00003");
    }

    #[test]
    fn numbers_and_dates_are_completed() {
        assert_eq!(joined(&[], &["Rp", "1.551.11", "0"]), "Rp 1.551.110");
        assert_eq!(joined(&[], &["2025-11-1", "6"]), "2025-11-16");
        assert_eq!(joined(&[], &["14.101.", "000"]), "14.101.000");
        assert_eq!(joined(&[], &["Rp 2.327", ".000"]), "Rp 2.327.000");
        assert_eq!(joined(&[], &["12.500", "3"]), "12.500 3");
    }

    #[test]
    fn soft_hyphens_go() {
        assert_eq!(joined(&[], &["veri\u{ad}fi\u{ad}", "kasi"]), "verifikasi");
    }

    #[test]
    fn a_file_that_keeps_its_spaces_tells_by_their_absence() {
        let mut spaced = cell(&["kota", "Malang"]);
        spaced[0].space_after = true;
        let cells = vec![spaced; 3];
        let facts = ColumnFacts::of(cells.iter().map(Vec::as_slice));
        let words = Words::new();
        assert_eq!(value(&cell(&["abcdef", "Ghijkl"]), &facts, &words), "abcdefGhijkl");
        // With room left on the line it was ended by choice.
        assert_eq!(value(&cell(&["abc", "(def"]), &facts, &words), "abc (def");
    }

    #[test]
    fn narrow_letters_tell_how_wide_a_word_is() {
        // In Helvetica of four points, in a column of twelve: `Goreng` needs 13.3.
        let line = |text: &str, y: f32| CellLine {
            text: text.to_owned(),
            x0: 0.0,
            x1: text.chars().map(|c| 4.0 * fonts::typical_width(c)).sum(),
            y,
            size: 4.0,
            space_after: false,
        };
        let cells =
            [vec![line("Minya", 0.0), line("k Gore", 5.0), line("ng 2 L", 10.0)], vec![line("Manis", 0.0)]];
        let facts = ColumnFacts::of(cells.iter().map(Vec::as_slice));
        let words = words(cells.iter().map(Vec::as_slice));
        assert_eq!(value(&cells[0], &facts, &words), "Minyak Goreng 2 L");
    }

    #[test]
    fn two_words_in_a_narrow_column_are_two_words() {
        let others: &[&[&str]] = &[&["Tunai"], &["QRIS"], &["Transfer"], &["Kartu", "Debit"]];
        assert_eq!(joined(others, &["Transfer", "BCA"]), "Transfer BCA");
    }

    #[test]
    fn a_long_word_in_a_narrow_column_is_one_word() {
        assert_eq!(joined(&[&["verifikasi dan"]], &["verif", "ikasi"]), "verif ikasi");
        let narrow: &[&[&str]] = &[&["aktif"]];
        assert_eq!(joined(narrow, &["verif", "ikasi"]), "verifikasi");
    }
}
