//! Character maps: from codes to characters (`ToUnicode`) and from codes to CIDs.
//!
//! ISO 32000-1, 9.7.5 and 9.10.3. Read with the content lexer: such a map is a list of operators with strings and numbers before them, like a page. lopdf's own reader
//! refuses whole maps for small deviations.

use std::collections::HashMap;

use super::super::lexer::{Lexer, Operand, Operands};

/// One parsed map.
#[derive(Debug, Default, Clone)]
pub(super) struct CMap {
    /// Length in bytes, lowest and highest code.
    codespaces: Vec<(usize, u32, u32)>,
    chars: HashMap<u32, String>,
    /// First code, last code, text of the first.
    ranges: Vec<(u32, u32, String)>,
    cids: HashMap<u32, u32>,
    /// First code, last code, CID of the first.
    cid_ranges: Vec<(u32, u32, u32)>,
}

/// More entries than any font has; the rest is dropped.
const MAX_ENTRIES: usize = 200_000;

impl CMap {
    pub(super) fn parse(data: &[u8]) -> Self {
        let mut map = Self::default();
        let mut lexer = Lexer::new(data);
        let mut operands = Operands::default();
        while let Some(operator) = lexer.next(&mut operands) {
            if map.len() > MAX_ENTRIES {
                break;
            }
            match operator {
                b"endcodespacerange" => map.add_codespaces(&operands),
                b"endbfchar" => map.add_chars(&operands),
                b"endbfrange" => map.add_ranges(&operands),
                b"endcidchar" | b"endcidrange" => map.add_cids(&operands, operator),
                _ => {}
            }
        }
        map
    }

    fn len(&self) -> usize {
        self.chars.len() + self.ranges.len() + self.cids.len() + self.cid_ranges.len()
    }

    fn add_codespaces(&mut self, operands: &Operands) {
        let texts: Vec<&[u8]> = texts(operands).collect();
        for pair in texts.chunks_exact(2) {
            if (1..=4).contains(&pair[0].len()) {
                self.codespaces.push((pair[0].len(), code(pair[0]), code(pair[1])));
            }
        }
    }

    fn add_chars(&mut self, operands: &Operands) {
        let texts: Vec<&[u8]> = texts(operands).collect();
        for pair in texts.chunks_exact(2) {
            if let Some(text) = utf16(pair[1]) {
                self.chars.insert(code(pair[0]), text);
            }
        }
    }

    fn add_ranges(&mut self, operands: &Operands) {
        let mut items = operands.items.iter();
        while let (Some(low), Some(high)) = (items.next(), items.next()) {
            let (Some(low), Some(high)) = (text(operands, low), text(operands, high)) else {
                return;
            };
            let (low, high) = (code(low), code(high));
            match items.next() {
                Some(Operand::Open) => {
                    for at in 0.. {
                        let Some(item) = items.next().filter(|item| **item != Operand::Close) else {
                            break;
                        };
                        let target = text(operands, item).and_then(utf16);
                        if let (Some(target), Some(code)) = (target, low.checked_add(at))
                            && code <= high
                        {
                            self.chars.insert(code, target);
                        }
                    }
                }
                Some(item) => {
                    if let Some(target) = text(operands, item).and_then(utf16)
                        && high >= low
                    {
                        self.ranges.push((low, high, target));
                    }
                }
                None => return,
            }
        }
    }

    fn add_cids(&mut self, operands: &Operands, operator: &[u8]) {
        let step = if operator == b"endcidchar" { 2 } else { 3 };
        for entry in operands.items.chunks_exact(step) {
            let codes: Vec<u32> =
                entry[..step - 1].iter().filter_map(|item| text(operands, item)).map(code).collect();
            let Operand::Number(cid) = entry[step - 1] else { continue };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
            let cid = cid as u32;
            match codes[..] {
                [one] => {
                    self.cids.insert(one, cid);
                }
                [low, high] => self.cid_ranges.push((low, high, cid)),
                _ => {}
            }
        }
    }

    /// Length in bytes of the code at the start of `bytes`; `default` where no range tells.
    pub(super) fn code_length(&self, bytes: &[u8], default: usize) -> usize {
        let fits = |&&(length, low, high): &&(usize, u32, u32)| {
            bytes.get(..length).is_some_and(|bytes| {
                // Each byte has its own range (9.7.6.2).
                bytes.iter().rev().enumerate().all(|(at, &byte)| {
                    let part = |code: u32| (code >> (8 * at)) & 0xff;
                    (part(low)..=part(high)).contains(&u32::from(byte))
                })
            })
        };
        let found = self.codespaces.iter().filter(fits).map(|&(length, ..)| length).min();
        found.unwrap_or(default).clamp(1, bytes.len().max(1))
    }

    /// The text a code stands for.
    pub(super) fn text(&self, code: u32) -> Option<String> {
        if let Some(text) = self.chars.get(&code) {
            return Some(text.clone());
        }
        let (low, _, first) = self.ranges.iter().rfind(|(low, high, _)| (*low..=*high).contains(&code))?;
        let mut chars: Vec<char> = first.chars().collect();
        let last = chars.last_mut()?;
        *last = char::from_u32(u32::from(*last).checked_add(code - low)?)?;
        Some(chars.into_iter().collect())
    }

    /// The CID of a code; codes no range names are CID 0.
    pub(super) fn cid(&self, code: u32) -> u32 {
        if let Some(cid) = self.cids.get(&code) {
            return *cid;
        }
        self.cid_ranges
            .iter()
            .rfind(|(low, high, _)| (*low..=*high).contains(&code))
            .map_or(0, |(low, _, cid)| cid.saturating_add(code - low))
    }

    /// Whether the map names any character.
    pub(super) fn has_text(&self) -> bool {
        !self.chars.is_empty() || !self.ranges.is_empty()
    }
}

fn texts(operands: &Operands) -> impl Iterator<Item = &[u8]> {
    operands.items.iter().filter_map(|item| text(operands, item))
}

fn text<'a>(operands: &'a Operands, item: &Operand) -> Option<&'a [u8]> {
    match item {
        Operand::Text(range) => operands.bytes.get(range.clone()),
        _ => None,
    }
}

/// The number that up to four bytes spell.
pub(super) fn code(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |code, &byte| code << 8 | u32::from(byte))
}

/// UTF-16BE, or one byte as a Latin-1 character; `None` for no text or the "unknown" mark.
fn utf16(bytes: &[u8]) -> Option<String> {
    if let [byte] = bytes {
        return (*byte != 0).then(|| char::from(*byte).to_string());
    }
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let text: String =
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let unknown = text.contains(['\u{fffd}', '\0', '\u{ffff}']);
    (!text.is_empty() && !unknown).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_codes_ranges_and_arrays() {
        let map = CMap::parse(
            b"begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange
              2 beginbfchar <0003> <0020> <0004> <00660069> endbfchar
              2 beginbfrange <0010> <0012> <0041> <0020> <0021> [<0061> <D83DDE00>] endbfrange
              endcmap",
        );
        assert_eq!(map.text(3).as_deref(), Some(" "));
        assert_eq!(map.text(4).as_deref(), Some("fi"));
        assert_eq!(map.text(0x12).as_deref(), Some("C"));
        assert_eq!(map.text(0x21).as_deref(), Some("😀"));
        assert_eq!(map.text(5), None);
        assert_eq!(map.code_length(&[0, 1, 0, 2], 1), 2);
    }

    #[test]
    fn codes_of_mixed_length_and_cids() {
        let map = CMap::parse(
            b"2 begincodespacerange <00> <80> <8140> <9FFC> endcodespacerange
              1 begincidrange <20> <7e> 231 endcidrange 1 begincidchar <8140> 633 endcidchar",
        );
        assert_eq!(map.code_length(b"A", 2), 1);
        assert_eq!(map.code_length(&[0x81, 0x40], 1), 2);
        assert_eq!(map.cid(0x21), 232);
        assert_eq!(map.cid(0x8140), 633);
        assert!(!map.has_text());
    }

    #[test]
    fn targets_without_meaning_are_unknown() {
        let map = CMap::parse(b"2 beginbfchar <01> <FFFD> <02> <0000> endbfchar");
        assert_eq!((map.text(1), map.text(2)), (None, None));
    }
}
