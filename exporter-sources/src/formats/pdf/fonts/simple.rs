//! Fonts with one-byte codes: Type 1, TrueType, Type 3 (ISO 32000-1, 9.6).

use lopdf::{Dictionary, Document};

use super::super::error::PdfError;
use super::super::limits::Budget;
use super::super::object;
use super::cmap::CMap;
use super::encoding::{self, Base, Table};
use super::standard::Standard;
use super::{Shown, embedded, program};

/// Text and advance for each of the 256 codes.
#[derive(Debug)]
pub(super) struct Simple {
    texts: Table,
    advances: Vec<f64>,
}

impl Simple {
    pub(super) fn load(
        document: &Document,
        font: &Dictionary,
        name: &str,
        to_unicode: Option<&CMap>,
        budget: &mut Budget,
    ) -> Result<Self, PdfError> {
        let standard = Standard::named(name);
        let mut texts = own_encoding(document, font, standard, to_unicode.is_some(), budget)?;
        if let Some(map) = to_unicode {
            for (code, slot) in (0_u32..).zip(texts.iter_mut()) {
                if let Some(text) = map.text(code) {
                    *slot = Some(text);
                }
            }
        }
        let advances = advances(document, font, standard, &texts);
        Ok(Self { texts, advances })
    }

    pub(super) fn shown(&self, code: u8) -> Shown<'_> {
        let at = usize::from(code);
        Shown {
            advance: self.advances.get(at).copied().unwrap_or(0.0),
            text: self.texts.get(at).and_then(Option::as_deref),
            is_word_space: code == 32,
        }
    }
}

/// What the codes mean without `ToUnicode`.
fn own_encoding(
    document: &Document,
    font: &Dictionary,
    standard: Option<Standard>,
    mapped: bool,
    budget: &mut Budget,
) -> Result<Table, PdfError> {
    let type3 = object::get_name(document, font, b"Subtype") == Some(b"Type3");
    let mut builtin = standard.and_then(Standard::builtin);
    let has_base = match object::get(document, font, b"Encoding") {
        Some(lopdf::Object::Name(_)) => true,
        Some(other) => {
            object::as_dictionary(other).is_some_and(|encoding| encoding.get(b"BaseEncoding").is_ok())
        }
        None => false,
    };
    // The program is unpacked only if nothing else speaks.
    let mut is_embedded = false;
    if !mapped && !has_base && builtin.is_none() && !type3 {
        let data = embedded(document, font, budget)?;
        is_embedded = data.is_some();
        builtin = data.as_deref().and_then(program::builtin);
    }
    if type3 {
        builtin = Some(vec![None; 256]);
    }
    if let Some(table) = encoding::declared(document, font, builtin.as_ref()) {
        return Ok(table);
    }
    let symbolic = object::get_dictionary(document, font, b"FontDescriptor")
        .and_then(|descriptor| object::get_number(document, descriptor, b"Flags"))
        .is_some_and(|flags| flags.rem_euclid(8.0) >= 4.0);
    Ok(match builtin {
        Some(table) => table,
        // A subset with codes of its own: a guess would be read as a value.
        None if symbolic && (is_embedded || mapped) => vec![None; 256],
        None => encoding::table(Base::Standard),
    })
}

/// Size of one glyph-space unit in text space (9.2.4): a thousandth, but for Type 3.
pub(super) fn unit(document: &Document, font: &Dictionary) -> f64 {
    if object::get_name(document, font, b"Subtype") != Some(b"Type3") {
        return 0.001;
    }
    object::matrix(document, font, b"FontMatrix").map_or(0.001, |matrix| matrix.a.abs())
}

fn advances(document: &Document, font: &Dictionary, standard: Option<Standard>, texts: &Table) -> Vec<f64> {
    let unit = unit(document, font);
    let first = object::get(document, font, b"FirstChar").and_then(object::integer);
    let widths = object::get_array(document, font, b"Widths");
    let missing = object::get_dictionary(document, font, b"FontDescriptor")
        .and_then(|descriptor| object::get_number(document, descriptor, b"MissingWidth"));
    (0..=255_u8)
        .zip(texts)
        .map(|(code, text)| {
            let listed = widths.and_then(|widths| {
                let at = usize::try_from(i64::from(code) - first.unwrap_or(0)).ok()?;
                object::number(object::resolve(document, widths.get(at)?)?)
            });
            if let Some(width) = listed {
                return width * unit;
            }
            let c = text.as_deref().and_then(|text| text.chars().next());
            let metric = standard
                .or_else(|| widths.is_none().then_some(Standard::Text(0)))
                .and_then(|standard| standard.width(code, c.unwrap_or(' ')))
                .map(f64::from);
            metric.or(missing).unwrap_or(0.0) * unit
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use lopdf::{Object, dictionary};

    use super::super::super::limits::Limits;
    use super::super::Font;
    use super::*;

    fn shown(font: &Dictionary, bytes: &[u8]) -> (String, f64) {
        let document = Document::new();
        let font = Font::load(&document, font, &mut Budget::new(Limits::default())).expect("a font");
        let (mut text, mut advance) = (String::new(), 0.0);
        font.decode(bytes, |shown| {
            text.push_str(shown.text.unwrap_or("?"));
            advance += shown.advance;
        });
        (text, advance)
    }

    #[test]
    fn a_standard_font_needs_nothing_but_its_name() {
        let font = dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" };
        let (text, advance) = shown(&font, b"AB");
        assert_eq!(text, "AB");
        assert!((advance - 1.334).abs() < 1e-9);
    }

    #[test]
    fn listed_widths_win() {
        let font = dictionary! {
            "Subtype" => "TrueType", "BaseFont" => "Some", "Encoding" => "WinAnsiEncoding",
            "FirstChar" => 65, "Widths" => vec![500.into(), 250.into()],
        };
        let (text, advance) = shown(&font, b"AB");
        assert_eq!(text, "AB");
        assert!((advance - 0.75).abs() < 1e-9);
    }

    #[test]
    fn type3_measures_in_its_own_units_and_guesses_no_letters() {
        let font = dictionary! {
            "Subtype" => "Type3",
            "FontMatrix" => vec![0.01.into(), 0.into(), 0.into(), 0.01.into(), 0.into(), 0.into()],
            "FirstChar" => 97, "Widths" => vec![60.into(), 60.into()],
            "Encoding" => dictionary! { "Differences" => vec![97.into(), Object::Name(b"A".to_vec())] },
        };
        let (text, advance) = shown(&font, b"ab");
        assert_eq!(text, "A?");
        assert!((advance - 1.2).abs() < 1e-6);
    }
}
