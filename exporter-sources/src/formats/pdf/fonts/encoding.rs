//! What the one-byte codes of a simple font mean (ISO 32000-1, 9.6.6 and annex D).

use lopdf::{Dictionary, Document, Object};

use super::super::object;
use super::names;

/// One entry per code; `None` where nothing says which character it is.
pub(super) type Table = Vec<Option<String>>;

/// The base encodings a font can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Standard,
    WinAnsi,
    MacRoman,
}

/// The font's `Encoding`: base and differences. `None` if the font gives none, so that its
/// built-in one counts.
pub(super) fn declared(document: &Document, font: &Dictionary, builtin: Option<&Table>) -> Option<Table> {
    match object::get(document, font, b"Encoding")? {
        Object::Name(name) => base_named(name).map(table),
        other => {
            let dictionary = object::as_dictionary(other)?;
            let mut codes = object::get_name(document, dictionary, b"BaseEncoding")
                .and_then(base_named)
                .map(table)
                .or_else(|| builtin.cloned())
                .unwrap_or_else(|| table(Base::Standard));
            if let Some(differences) = object::get_array(document, dictionary, b"Differences") {
                apply_differences(document, differences, &mut codes);
            }
            Some(codes)
        }
    }
}

fn base_named(name: &[u8]) -> Option<Base> {
    match name {
        b"WinAnsiEncoding" | b"PDFDocEncoding" => Some(Base::WinAnsi),
        b"MacRomanEncoding" => Some(Base::MacRoman),
        b"StandardEncoding" => Some(Base::Standard),
        _ => None,
    }
}

fn apply_differences(document: &Document, differences: &[Object], codes: &mut Table) {
    let mut code = 0_usize;
    for entry in differences {
        match object::resolve(document, entry) {
            Some(Object::Name(name)) => {
                if let Some(slot) = codes.get_mut(code) {
                    *slot = names::character(name);
                }
                code += 1;
            }
            Some(entry) => {
                if let Some(start) = object::integer(entry) {
                    code = usize::try_from(start).unwrap_or(usize::MAX / 2);
                }
            }
            None => {}
        }
    }
}

/// All 256 codes of a base encoding.
pub(super) fn table(base: Base) -> Table {
    (0..=255_u8)
        .map(|code| {
            let found = match base {
                Base::Standard => standard(code),
                Base::WinAnsi => single(encoding_rs::WINDOWS_1252, code),
                Base::MacRoman => single(encoding_rs::MACINTOSH, code),
            };
            found.map(String::from)
        })
        .collect()
}

fn single(encoding: &'static encoding_rs::Encoding, code: u8) -> Option<char> {
    if code < 32 {
        return None;
    }
    let bytes = [code];
    let text = encoding.decode_without_bom_handling(&bytes).0;
    text.chars().next().filter(|c| !c.is_control())
}

fn standard(code: u8) -> Option<char> {
    const UPPER: &str = "¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ\0–†‡·\0¶•‚„”»…‰\0¿\0`´ˆ˜¯˘˙¨\0˚¸\0˝˛ˇ—";
    let found = match code {
        b'\'' => '\u{2019}',
        b'`' => '\u{2018}',
        32..=126 => char::from(code),
        161..=208 => UPPER.chars().nth(usize::from(code - 161))?,
        225 => 'Æ',
        227 => 'ª',
        232 => 'Ł',
        233 => 'Ø',
        234 => 'Œ',
        235 => 'º',
        241 => 'æ',
        245 => 'ı',
        248 => 'ł',
        249 => 'ø',
        250 => 'œ',
        251 => 'ß',
        _ => return None,
    };
    (found != '\0').then_some(found)
}

#[cfg(test)]
mod tests {
    use lopdf::dictionary;

    use super::*;

    #[test]
    fn the_three_bases_differ_where_they_should() {
        assert_eq!(table(Base::Standard)[0x27].as_deref(), Some("\u{2019}"));
        assert_eq!(table(Base::WinAnsi)[0x27].as_deref(), Some("'"));
        assert_eq!(table(Base::WinAnsi)[0x80].as_deref(), Some("€"));
        assert_eq!(table(Base::MacRoman)[0x8e].as_deref(), Some("é"));
        assert_eq!(table(Base::Standard)[251].as_deref(), Some("ß"));
        assert_eq!(table(Base::Standard)[208].as_deref(), Some("—"));
    }

    #[test]
    fn differences_replace_single_codes() {
        let document = Document::new();
        let font = dictionary! {
            "Encoding" => dictionary! {
                "BaseEncoding" => "WinAnsiEncoding",
                "Differences" => vec![
                    65.into(),
                    Object::Name(b"eacute".to_vec()),
                    Object::Name(b"uni0042".to_vec()),
                    Object::Name(b"g17".to_vec()),
                ],
            },
        };
        let codes = declared(&document, &font, None).expect("an encoding");
        assert_eq!(codes[65].as_deref(), Some("é"));
        assert_eq!(codes[66].as_deref(), Some("B"));
        assert_eq!(codes[67], None);
        assert_eq!(codes[68].as_deref(), Some("D"));
    }
}
