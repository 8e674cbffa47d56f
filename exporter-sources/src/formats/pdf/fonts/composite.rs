//! Type 0 fonts: codes of several bytes, through a map of codes, to the glyphs of a CID font
//! (ISO 32000-1, 9.7).

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use encoding_rs::Encoding;
use lopdf::{Dictionary, Document, Object};

use super::super::error::PdfError;
use super::super::limits::Budget;
use super::super::{object, stream};
use super::cmap::{self, CMap};
use super::{Shown, embedded, program};

/// How codes are cut out of a string, and which CID a code means.
#[derive(Debug)]
enum Codes {
    /// Two bytes, which are the CID.
    Identity,
    /// A map in the file.
    Embedded(CMap),
    /// A predefined map whose codes are a well-known character set (9.7.5.2).
    Legacy(&'static Encoding),
}

/// A CID font with what is known of its characters.
#[derive(Debug)]
pub(super) struct Composite {
    codes: Codes,
    to_unicode: Option<CMap>,
    /// Characters by glyph, out of the embedded program, if there is no `ToUnicode`.
    glyphs: HashMap<u32, String>,
    cid_to_gid: Option<Vec<u8>>,
    widths: HashMap<u32, f64>,
    default_width: f64,
    /// Codes seen so far: each is looked up once.
    cache: RefCell<HashMap<u32, Rc<Entry>>>,
}

#[derive(Debug)]
struct Entry {
    advance: f64,
    text: Option<String>,
}

impl Composite {
    pub(super) fn load(
        document: &Document,
        font: &Dictionary,
        to_unicode: Option<CMap>,
        budget: &mut Budget,
    ) -> Result<Self, PdfError> {
        let codes = codes(document, font, budget)?;
        let empty = Dictionary::new();
        let listed = font.get(b"DescendantFonts").is_ok();
        let descendant = object::get_array(document, font, b"DescendantFonts")
            .and_then(|fonts| object::resolve(document, fonts.first()?))
            .and_then(object::as_dictionary);
        if listed && descendant.is_none() {
            // Without its widths no text of this font has its place.
            return Err(PdfError::Corrupt { detail: "a part of a font is missing".into() });
        }
        let descendant = descendant.unwrap_or(&empty);
        let mut glyphs = HashMap::new();
        let silent = to_unicode.is_none() && !matches!(codes, Codes::Legacy(_));
        let data = if silent { embedded(document, descendant, budget)? } else { None };
        if let Some(data) = data {
            glyphs = program::by_glyph(&data);
        }
        let cid_to_gid = match object::get_stream(document, descendant, b"CIDToGIDMap") {
            Some(map) if !glyphs.is_empty() => {
                Some(stream::decode(document, map, "a font's glyph map", budget)?)
            }
            _ => None,
        };
        Ok(Self {
            codes,
            to_unicode,
            glyphs,
            cid_to_gid,
            widths: widths(document, descendant),
            default_width: object::get_number(document, descendant, b"DW").unwrap_or(1000.0),
            cache: RefCell::default(),
        })
    }

    pub(super) fn decode(&self, bytes: &[u8], mut each: impl FnMut(Shown<'_>)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = self.code_length(rest);
            let (code_bytes, tail) = rest.split_at(length.clamp(1, rest.len()));
            rest = tail;
            let entry = self.entry(code_bytes);
            each(Shown {
                advance: entry.advance,
                text: entry.text.as_deref(),
                is_word_space: code_bytes == b" ",
            });
        }
    }

    fn code_length(&self, bytes: &[u8]) -> usize {
        match &self.codes {
            Codes::Identity => 2,
            Codes::Embedded(map) => map.code_length(bytes, 2),
            Codes::Legacy(encoding) => legacy_length(encoding, bytes),
        }
    }

    fn entry(&self, bytes: &[u8]) -> Rc<Entry> {
        let code = cmap::code(bytes);
        if let Some(entry) = self.cache.borrow().get(&code) {
            return Rc::clone(entry);
        }
        let cid = match &self.codes {
            Codes::Embedded(map) => map.cid(code),
            Codes::Identity | Codes::Legacy(_) => code,
        };
        let width = match &self.codes {
            // CIDs of predefined character sets are not known here; half width for one byte.
            Codes::Legacy(_) if bytes.len() == 1 => self.default_width / 2.0,
            Codes::Legacy(_) => self.default_width,
            _ => self.widths.get(&cid).copied().unwrap_or(self.default_width),
        };
        let entry = Rc::new(Entry { advance: width / 1000.0, text: self.text(code, cid, bytes) });
        self.cache.borrow_mut().insert(code, Rc::clone(&entry));
        entry
    }

    fn text(&self, code: u32, cid: u32, bytes: &[u8]) -> Option<String> {
        if let Some(text) = self.to_unicode.as_ref().and_then(|map| map.text(code)) {
            return Some(text);
        }
        if let Codes::Legacy(encoding) = self.codes {
            let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
            return Some(text.into_owned()).filter(|text| !text.is_empty());
        }
        let glyph = match &self.cid_to_gid {
            Some(map) => {
                let at = usize::try_from(cid).ok()?.checked_mul(2)?;
                u32::from(*map.get(at)?) << 8 | u32::from(*map.get(at + 1)?)
            }
            None => cid,
        };
        self.glyphs.get(&glyph).cloned()
    }
}

fn codes(document: &Document, font: &Dictionary, budget: &mut Budget) -> Result<Codes, PdfError> {
    Ok(match object::get(document, font, b"Encoding") {
        Some(Object::Stream(map)) => {
            let data = stream::decode(document, map, "a font's code map", budget)?;
            Codes::Embedded(CMap::parse(&data))
        }
        Some(Object::Name(name)) => legacy(name).map_or(Codes::Identity, Codes::Legacy),
        _ => Codes::Identity,
    })
}

/// Predefined maps by the character set of their codes.
fn legacy(name: &[u8]) -> Option<&'static Encoding> {
    let name = std::str::from_utf8(name).ok()?;
    let name = name.strip_suffix("-H").or_else(|| name.strip_suffix("-V"))?;
    Some(match name {
        "UniGB-UCS2" | "UniGB-UTF16" | "UniCNS-UCS2" | "UniCNS-UTF16" | "UniJIS-UCS2" | "UniJIS-UTF16"
        | "UniJIS2004-UTF16" | "UniKS-UCS2" | "UniKS-UTF16" => encoding_rs::UTF_16BE,
        "GBK-EUC" | "GBKp-EUC" | "GBK2K" | "GB-EUC" => encoding_rs::GBK,
        "ETen-B5" | "B5pc" | "ETenms-B5" | "HKscs-B5" => encoding_rs::BIG5,
        "90ms-RKSJ" | "90msp-RKSJ" | "90pv-RKSJ" | "83pv-RKSJ" | "Ext-RKSJ" => encoding_rs::SHIFT_JIS,
        "EUC" => encoding_rs::EUC_JP,
        "KSC-EUC" | "KSCms-UHC" | "KSCms-UHC-HW" | "KSCpc-EUC" => encoding_rs::EUC_KR,
        _ => return None,
    })
}

fn legacy_length(encoding: &'static Encoding, bytes: &[u8]) -> usize {
    let first = bytes.first().copied().unwrap_or(0);
    if encoding == encoding_rs::UTF_16BE {
        // A surrogate pair is one character.
        return if (0xd8..0xdc).contains(&first) { 4 } else { 2 };
    }
    let half_width_kana = encoding == encoding_rs::SHIFT_JIS && (0xa0..0xe0).contains(&first);
    if first < 0x81 || first == 0xff || half_width_kana { 1 } else { 2 }
}

/// The `W` array: `c [w1 w2 …]` and `first last w` (9.7.4.3).
fn widths(document: &Document, font: &Dictionary) -> HashMap<u32, f64> {
    const MAX: usize = 70_000;
    let mut widths = HashMap::new();
    let Some(items) = object::get_array(document, font, b"W") else {
        return widths;
    };
    let mut items = items.iter().filter_map(|item| object::resolve(document, item));
    while let Some(first) = items.next().and_then(cid) {
        match items.next() {
            Some(Object::Array(list)) => {
                for (at, width) in (first..).zip(list) {
                    let width = object::resolve(document, width).and_then(object::number);
                    if let Some(width) = width.filter(|_| widths.len() < MAX) {
                        widths.insert(at, width);
                    }
                }
            }
            Some(last) => {
                let (Some(last), Some(width)) = (cid(last), items.next().and_then(object::number)) else {
                    break;
                };
                for at in first..=last.min(first.saturating_add(0xffff)) {
                    if widths.len() < MAX {
                        widths.insert(at, width);
                    }
                }
            }
            None => break,
        }
    }
    widths
}

fn cid(object: &Object) -> Option<u32> {
    object::integer(object).and_then(|cid| u32::try_from(cid).ok())
}

#[cfg(test)]
mod tests {
    use lopdf::dictionary;

    use super::super::super::limits::Limits;
    use super::super::Font;
    use super::*;

    fn shown(font: &Dictionary, document: &Document, bytes: &[u8]) -> Vec<(Option<String>, f64)> {
        let font = Font::load(document, font, &mut Budget::new(Limits::default())).expect("a font");
        let mut out = Vec::new();
        font.decode(bytes, |shown| {
            out.push((shown.text.map(str::to_owned), shown.advance));
        });
        out
    }

    #[test]
    fn identity_with_a_map_and_widths() {
        let mut document = Document::new();
        let map = document.add_object(lopdf::Stream::new(
            Dictionary::new(),
            b"1 beginbfrange <0001> <0002> <0041> endbfrange".to_vec(),
        ));
        let font = dictionary! {
            "Subtype" => "Type0", "Encoding" => "Identity-H", "ToUnicode" => map,
            "DescendantFonts" => vec![dictionary! {
                "DW" => 300,
                "W" => vec![2.into(), vec![650.into()].into()],
            }.into()],
        };
        let found = shown(&font, &document, &[0, 1, 0, 2, 0, 3]);
        assert_eq!(found[0], (Some("A".into()), 0.3));
        assert_eq!(found[1], (Some("B".into()), 0.65));
        assert_eq!(found[2].0, None);
    }

    #[test]
    fn predefined_maps_speak_their_character_set() {
        let document = Document::new();
        let font = dictionary! { "Subtype" => "Type0", "Encoding" => "90ms-RKSJ-H" };
        let found = shown(&font, &document, &[b'A', 0x82, 0xa0]);
        assert_eq!(found[0], (Some("A".into()), 0.5));
        assert_eq!(found[1], (Some("あ".into()), 1.0));
    }
}
