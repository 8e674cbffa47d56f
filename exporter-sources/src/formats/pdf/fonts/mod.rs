//! Fonts: from the bytes of a shown string to characters and widths.

mod cmap;
mod composite;
mod encoding;
mod names;
mod program;
mod simple;
mod standard;

use lopdf::{Dictionary, Document};

use super::error::PdfError;
use super::limits::Budget;
use super::{object, stream};
use cmap::CMap;

/// One code of a shown string.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shown<'a> {
    /// How far the text moves, in units of the font size.
    pub(super) advance: f64,
    /// The characters; `None` where nothing tells them.
    pub(super) text: Option<&'a str>,
    /// A one-byte code 32, which word spacing widens (9.3.3).
    pub(super) is_word_space: bool,
}

/// A font ready to decode strings.
#[derive(Debug)]
pub(super) struct Font {
    /// `BaseFont`, for messages.
    pub(super) name: String,
    /// Height of the font's unit square relative to the size it is set in; not 1 for Type 3.
    pub(super) em: f64,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Simple(simple::Simple),
    Composite(Box<composite::Composite>),
}

impl Font {
    /// Loads the font in `dictionary`.
    pub(super) fn load(
        document: &Document,
        dictionary: &Dictionary,
        budget: &mut Budget,
    ) -> Result<Self, PdfError> {
        let name = object::get_name(document, dictionary, b"BaseFont")
            .or_else(|| object::get_name(document, dictionary, b"Name"))
            .map_or_else(|| "without a name".to_owned(), |name| String::from_utf8_lossy(name).into_owned());
        let to_unicode = match object::get_stream(document, dictionary, b"ToUnicode") {
            Some(map) => {
                let data = stream::decode(document, map, "a font's character map", budget)?;
                Some(CMap::parse(&data)).filter(CMap::has_text)
            }
            None => None,
        };
        let subtype = object::get_name(document, dictionary, b"Subtype");
        let (kind, em) = if subtype == Some(b"Type0") {
            let font = composite::Composite::load(document, dictionary, to_unicode, budget)?;
            (Kind::Composite(Box::new(font)), 1.0)
        } else {
            let font = simple::Simple::load(document, dictionary, &name, to_unicode.as_ref(), budget)?;
            let em = simple::unit(document, dictionary) * 1000.0;
            (Kind::Simple(font), em)
        };
        Ok(Self { name, em, kind })
    }

    /// Calls `each` for every code of `bytes`.
    pub(super) fn decode(&self, bytes: &[u8], mut each: impl FnMut(Shown<'_>)) {
        match &self.kind {
            Kind::Simple(font) => {
                for &byte in bytes {
                    each(font.shown(byte));
                }
            }
            Kind::Composite(font) => font.decode(bytes, each),
        }
    }
}

/// The embedded program of a font, from its descriptor.
fn embedded(
    document: &Document,
    font: &Dictionary,
    budget: &mut Budget,
) -> Result<Option<Vec<u8>>, PdfError> {
    let Some(descriptor) = object::get_dictionary(document, font, b"FontDescriptor") else {
        return Ok(None);
    };
    for key in [&b"FontFile2"[..], b"FontFile3", b"FontFile"] {
        if let Some(program) = object::get_stream(document, descriptor, key) {
            return stream::decode(document, program, "an embedded font", budget).map(Some);
        }
    }
    Ok(None)
}

/// How wide a character is in most fonts for text, in ems: as in Helvetica.
pub(super) fn typical_width(c: char) -> f32 {
    /// That of a digit, for what Helvetica does not have.
    const OTHERS: u16 = 556;
    f32::from(standard::Standard::Text(0).width(0, c).unwrap_or(OTHERS)) / 1000.0
}
