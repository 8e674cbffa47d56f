//! Splits a content stream into operators and their operands, without building objects.
//!
//! ISO 32000-1, 7.2 (lexical conventions), 7.8.2 (content streams), 8.9.7 (inline images).

/// One operand. Strings and names lie in [`Operands::bytes`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Number(f64),
    Text(std::ops::Range<usize>),
    Name(std::ops::Range<usize>),
    Open,
    Close,
    /// `true`, `false`, `null` and dictionary marks: nothing here looks at their value.
    Other,
}

/// The operands in front of one operator; reused from operator to operator.
#[derive(Debug, Default)]
pub(super) struct Operands {
    pub(super) items: Vec<Operand>,
    pub(super) bytes: Vec<u8>,
}

impl Operands {
    fn clear(&mut self) {
        self.items.clear();
        self.bytes.clear();
    }

    /// The `N` numbers at the end of the list; `None` if there are fewer.
    pub(super) fn numbers<const N: usize>(&self) -> Option<[f64; N]> {
        let mut out = [0.0; N];
        let mut index = N;
        for item in self.items.iter().rev() {
            if index == 0 {
                break;
            }
            if let Operand::Number(value) = item {
                index -= 1;
                out[index] = *value;
            }
        }
        (index == 0).then_some(out)
    }

    /// The last name of the list.
    pub(super) fn name(&self) -> Option<&[u8]> {
        self.items.iter().rev().find_map(|item| match item {
            Operand::Name(range) => self.bytes.get(range.clone()),
            _ => None,
        })
    }

    /// The last string of the list.
    pub(super) fn text(&self) -> Option<&[u8]> {
        self.items.iter().rev().find_map(|item| match item {
            Operand::Text(range) => self.bytes.get(range.clone()),
            _ => None,
        })
    }

    /// The string that follows the name `key`, as in an inline dictionary.
    pub(super) fn text_after(&self, key: &[u8]) -> Option<&[u8]> {
        self.items.windows(2).find_map(|pair| match pair {
            [Operand::Name(name), Operand::Text(text)] if self.bytes.get(name.clone()) == Some(key) => {
                self.bytes.get(text.clone())
            }
            _ => None,
        })
    }
}

/// Reads operators one after another.
pub(super) struct Lexer<'a> {
    data: &'a [u8],
    at: usize,
    open_string: bool,
}

/// No operator of a page has more operands; more are junk, and are dropped.
const MAX_OPERANDS: usize = 60_000;

impl<'a> Lexer<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, open_string: false }
    }

    /// The next operator, with its operands put into `operands`; `None` at the end.
    pub(super) fn next(&mut self, operands: &mut Operands) -> Option<&'a [u8]> {
        operands.clear();
        loop {
            let byte = self.skip_space()?;
            if operands.items.len() > MAX_OPERANDS {
                operands.clear();
            }
            match byte {
                b'(' => self.literal(operands),
                b'<' if self.data.get(self.at + 1) == Some(&b'<') => {
                    self.at += 2;
                    operands.items.push(Operand::Other);
                }
                b'<' => self.hex(operands),
                b'>' | b'{' | b'}' | b')' => {
                    self.at += 1;
                    operands.items.push(Operand::Other);
                }
                b'[' => {
                    self.at += 1;
                    operands.items.push(Operand::Open);
                }
                b']' => {
                    self.at += 1;
                    operands.items.push(Operand::Close);
                }
                b'/' => self.name(operands),
                b'0'..=b'9' | b'+' | b'-' | b'.' => {
                    let value = self.number();
                    operands.items.push(Operand::Number(value));
                }
                _ => {
                    let word = self.word();
                    match word {
                        b"true" | b"false" | b"null" => operands.items.push(Operand::Other),
                        b"ID" => self.skip_image_data(),
                        _ => return Some(word),
                    }
                }
            }
        }
    }

    /// Whether the data ended within a string: a part of it is missing.
    pub(super) fn ended_in_string(&self) -> bool {
        self.open_string
    }

    /// Moves to the next byte that means something, and returns it.
    fn skip_space(&mut self) -> Option<u8> {
        loop {
            let byte = *self.data.get(self.at)?;
            if byte == b'%' {
                while !matches!(self.data.get(self.at)?, b'\n' | b'\r') {
                    self.at += 1;
                }
            } else if is_space(byte) {
                self.at += 1;
            } else {
                return Some(byte);
            }
        }
    }

    fn word(&mut self) -> &'a [u8] {
        let start = self.at;
        while self.data.get(self.at).is_some_and(|&byte| !is_space(byte) && !is_delimiter(byte)) {
            self.at += 1;
        }
        // A byte that begins nothing must still be passed.
        self.at = self.at.max(start + 1);
        &self.data[start..self.at.min(self.data.len())]
    }

    fn number(&mut self) -> f64 {
        let mut negative = false;
        let (mut whole, mut scale, mut fraction) = (0.0_f64, 1.0_f64, false);
        while let Some(&byte) = self.data.get(self.at) {
            match byte {
                b'-' => negative = true,
                b'+' => {}
                b'.' => fraction = true,
                b'0'..=b'9' => {
                    whole = whole * 10.0 + f64::from(byte - b'0');
                    if fraction {
                        scale *= 10.0;
                    }
                }
                _ => break,
            }
            self.at += 1;
        }
        let value = whole / scale;
        if !value.is_finite() {
            0.0
        } else if negative {
            -value
        } else {
            value
        }
    }

    fn name(&mut self, operands: &mut Operands) {
        self.at += 1;
        let start = operands.bytes.len();
        while let Some(&byte) = self.data.get(self.at) {
            if is_space(byte) || is_delimiter(byte) {
                break;
            }
            self.at += 1;
            let escape = (byte == b'#')
                .then(|| {
                    let high = hex_value(*self.data.get(self.at)?)?;
                    let low = hex_value(*self.data.get(self.at + 1)?)?;
                    Some(high << 4 | low)
                })
                .flatten();
            if escape.is_some() {
                self.at += 2;
            }
            operands.bytes.push(escape.unwrap_or(byte));
        }
        let range = start..operands.bytes.len();
        operands.items.push(Operand::Name(range));
    }

    fn hex(&mut self, operands: &mut Operands) {
        self.at += 1;
        let start = operands.bytes.len();
        let mut half = None;
        while let Some(&byte) = self.data.get(self.at) {
            self.at += 1;
            if byte == b'>' {
                break;
            }
            let Some(value) = hex_value(byte) else { continue };
            half = match half {
                None => Some(value),
                Some(high) => {
                    operands.bytes.push(high << 4 | value);
                    None
                }
            };
        }
        if let Some(high) = half {
            operands.bytes.push(high << 4);
        }
        let range = start..operands.bytes.len();
        operands.items.push(Operand::Text(range));
    }

    fn literal(&mut self, operands: &mut Operands) {
        self.at += 1;
        let start = operands.bytes.len();
        let mut depth = 1_u32;
        while let Some(&byte) = self.data.get(self.at) {
            self.at += 1;
            match byte {
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                b'\\' => {
                    if let Some(byte) = self.escape() {
                        operands.bytes.push(byte);
                    }
                    continue;
                }
                b'\r' => {
                    if self.data.get(self.at) == Some(&b'\n') {
                        self.at += 1;
                    }
                    operands.bytes.push(b'\n');
                    continue;
                }
                _ => {}
            }
            operands.bytes.push(byte);
        }
        self.open_string |= depth > 0;
        let range = start..operands.bytes.len();
        operands.items.push(Operand::Text(range));
    }

    /// What follows a backslash in a literal string; `None` for a line continued.
    fn escape(&mut self) -> Option<u8> {
        let byte = *self.data.get(self.at)?;
        self.at += 1;
        match byte {
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'b' => Some(8),
            b'f' => Some(12),
            b'\n' => None,
            b'\r' => {
                if self.data.get(self.at) == Some(&b'\n') {
                    self.at += 1;
                }
                None
            }
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    match self.data.get(self.at) {
                        Some(&digit @ b'0'..=b'7') => {
                            value = value * 8 + u32::from(digit - b'0');
                            self.at += 1;
                        }
                        _ => break,
                    }
                }
                // High-order overflow is ignored (7.3.4.2).
                Some(u8::try_from(value & 0xff).unwrap_or(0))
            }
            other => Some(other),
        }
    }

    /// Passes the bytes of an inline image, up to and with its `EI`.
    fn skip_image_data(&mut self) {
        let mut at = self.at + 1;
        while at + 2 <= self.data.len() {
            let before = self.data.get(at - 1).is_none_or(|&byte| is_space(byte));
            let after = self.data.get(at + 2).is_none_or(|&byte| is_space(byte));
            if &self.data[at..at + 2] == b"EI" && before && after && self.text_follows(at + 2) {
                self.at = at + 2;
                return;
            }
            at += 1;
        }
        self.at = self.data.len();
    }

    /// Whether what follows looks like operators again and not like image bytes.
    fn text_follows(&self, at: usize) -> bool {
        let end = self.data.len().min(at + 12);
        self.data[at.min(end)..end].iter().all(|&byte| is_space(byte) || (32..127).contains(&byte))
    }
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

pub(super) fn hex_value(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operators(data: &[u8]) -> Vec<(String, Operands)> {
        let mut lexer = Lexer::new(data);
        let mut out = Vec::new();
        loop {
            let mut operands = Operands::default();
            match lexer.next(&mut operands) {
                Some(word) => out.push((String::from_utf8_lossy(word).into_owned(), operands)),
                None => return out,
            }
        }
    }

    #[test]
    fn numbers_and_operators() {
        let found = operators(b"1 0 0 -1.5 .25 -0 cm % note\nq");
        assert_eq!(found[0].0, "cm");
        assert_eq!(found[0].1.numbers::<6>(), Some([1.0, 0.0, 0.0, -1.5, 0.25, 0.0]));
        assert_eq!(found[1].0, "q");
    }

    #[test]
    fn strings_with_escapes_and_nesting() {
        let found = operators(b"(a\\(b\\)(c)\\101\\\nd) Tj <48 6> Tj");
        assert_eq!(found[0].1.text(), Some(&b"a(b)(c)Ad"[..]));
        assert_eq!(found[1].1.text(), Some(&b"H\x60"[..]));
    }

    #[test]
    fn actual_text_of_a_span() {
        let found = operators(b"/Span <</ActualText (fi) /MCID 3>> BDC");
        assert_eq!(found[0].1.text_after(b"ActualText"), Some(&b"fi"[..]));
    }

    #[test]
    fn inline_images_are_passed() {
        let found = operators(b"BI /W 1 ID \x00EI\xff\x01 EI Q (x) Tj");
        let words: Vec<_> = found.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, ["BI", "Q", "Tj"]);
    }

    #[test]
    fn an_open_string_ends_with_the_data() {
        assert!(operators(b"(never closed").is_empty());
        let mut lexer = Lexer::new(b"(never closed");
        assert!(lexer.next(&mut Operands::default()).is_none());
        assert!(lexer.ended_in_string());
    }
}
