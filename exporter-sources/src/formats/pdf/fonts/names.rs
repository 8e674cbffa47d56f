//! From glyph names to characters, by the rules of the Adobe Glyph List specification.

use lopdf::{Document, Object, dictionary};

/// The text a glyph name stands for; `None` if the name says nothing (`g17`, `.notdef`).
pub(super) fn character(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let base = name.split('.').next().filter(|base| !base.is_empty())?;
    let mut text = String::new();
    for part in base.split('_') {
        text.push_str(&component(part)?);
    }
    (!text.is_empty()).then_some(text)
}

fn component(name: &str) -> Option<String> {
    if let Some(found) = listed(name) {
        return Some(found);
    }
    if let Some(digits) = name.strip_prefix("uni")
        && digits.len() >= 4
        && digits.len() % 4 == 0
        && digits.is_ascii()
    {
        let units: Option<Vec<u16>> = (0..digits.len() / 4)
            .map(|at| u16::from_str_radix(&digits[at * 4..at * 4 + 4], 16).ok())
            .collect();
        return String::from_utf16(&units?).ok();
    }
    let digits = name.strip_prefix('u')?;
    if (4..=6).contains(&digits.len()) {
        let code = u32::from_str_radix(digits, 16).ok()?;
        return char::from_u32(code).map(String::from);
    }
    None
}

/// lopdf carries the glyph list; an encoding of this one name asks it.
fn listed(name: &str) -> Option<String> {
    if name == ".notdef" || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let font = dictionary! {
        "Type" => "Font",
        "Encoding" => dictionary! {
            "Differences" => vec![0.into(), Object::Name(name.as_bytes().to_vec())],
        },
    };
    let document = Document::new();
    let text = font.get_font_encoding(&document).ok()?.bytes_to_string(&[0]).ok()?;
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::character;

    #[test]
    fn names_by_list_number_and_parts() {
        let check = |name: &str| character(name.as_bytes());
        assert_eq!(check("Aacute").as_deref(), Some("Á"));
        assert_eq!(check("a.alt").as_deref(), Some("a"));
        assert_eq!(check("f_i").as_deref(), Some("fi"));
        assert_eq!(check("uni00410042").as_deref(), Some("AB"));
        assert_eq!(check("u1F600").as_deref(), Some("😀"));
        assert_eq!(check("hyphen").as_deref(), Some("-"));
        assert_eq!(check("Euro").as_deref(), Some("€"));
    }

    #[test]
    fn names_that_say_nothing() {
        for name in ["g17", ".notdef", "cid1234", "uniXYZT", "u12", "", "glyph7"] {
            assert_eq!(character(name.as_bytes()), None, "{name}");
        }
    }
}
