//! Widths and encodings of the fourteen standard fonts, which files may leave out
//! (ISO 32000-1, 9.6.2.2).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::encoding::Table;

/// One of the standard families, or a metric twin such as Arial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standard {
    /// A column of the width table.
    Text(usize),
    /// Every glyph is 600 wide.
    Courier,
    Symbol,
    Dingbats,
}

static WIDTHS: LazyLock<HashMap<char, [u16; 6]>> = LazyLock::new(|| {
    let mut widths = HashMap::new();
    for mut fields in rows(include_str!("standard14.tsv")) {
        let Some(c) = fields.next().and_then(code_point) else {
            continue;
        };
        let mut row = [0; 6];
        for (slot, field) in row.iter_mut().zip(fields) {
            *slot = field.parse().unwrap_or(0);
        }
        widths.insert(c, row);
    }
    widths
});

static SYMBOLS: LazyLock<HashMap<(Standard, u8), (char, u16)>> = LazyLock::new(|| {
    let mut symbols = HashMap::new();
    for mut fields in rows(include_str!("symbols.tsv")) {
        let font = match fields.next() {
            Some("Symbol") => Standard::Symbol,
            _ => Standard::Dingbats,
        };
        let mut entry = || {
            let code = fields.next()?.parse().ok()?;
            let c = fields.next().and_then(code_point)?;
            Some((code, (c, fields.next()?.parse().ok()?)))
        };
        if let Some((code, value)) = entry() {
            symbols.insert((font, code), value);
        }
    }
    symbols
});

impl std::hash::Hash for Standard {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
    }
}

fn rows(data: &str) -> impl Iterator<Item = std::str::Split<'_, char>> {
    data.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t'))
}

fn code_point(field: &str) -> Option<char> {
    char::from_u32(u32::from_str_radix(field, 16).ok()?)
}

impl Standard {
    /// By the font's name, which may carry a subset tag and a style.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.split_once('+').map_or(name, |(_, rest)| rest);
        let plain: String =
            name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        let bold = plain.contains("bold");
        let italic = plain.contains("italic") || plain.contains("oblique");
        if plain.starts_with("courier") {
            Some(Self::Courier)
        } else if plain.starts_with("helvetica") || plain.starts_with("arial") {
            Some(Self::Text(usize::from(bold)))
        } else if plain.starts_with("times") {
            Some(Self::Text(2 + usize::from(bold) + 2 * usize::from(italic)))
        } else if plain.starts_with("zapfdingbats") {
            Some(Self::Dingbats)
        } else if plain == "symbol" {
            Some(Self::Symbol)
        } else {
            None
        }
    }

    /// Width of a character in thousandths of the size.
    pub(super) fn width(self, code: u8, c: char) -> Option<u16> {
        match self {
            Self::Courier => Some(600),
            Self::Text(column) => WIDTHS.get(&c).map(|row| row[column]),
            Self::Symbol | Self::Dingbats => SYMBOLS.get(&(self, code)).map(|&(_, width)| width),
        }
    }

    /// The font's own encoding, where it is not the Standard one.
    pub(super) fn builtin(self) -> Option<Table> {
        matches!(self, Self::Symbol | Self::Dingbats).then(|| {
            (0..=255_u8).map(|code| SYMBOLS.get(&(self, code)).map(|&(c, _)| c.to_string())).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Standard;

    #[test]
    fn families_by_name() {
        assert_eq!(Standard::named("Helvetica-Bold"), Some(Standard::Text(1)));
        assert_eq!(Standard::named("ABCDEF+ArialMT"), Some(Standard::Text(0)));
        assert_eq!(Standard::named("Times-BoldItalic"), Some(Standard::Text(5)));
        assert_eq!(Standard::named("CourierNew"), Some(Standard::Courier));
        assert_eq!(Standard::named("Roboto"), None);
    }

    #[test]
    fn widths_by_character() {
        assert_eq!(Standard::Text(0).width(b'A', 'A'), Some(667));
        assert_eq!(Standard::Text(2).width(b'W', 'W'), Some(944));
        assert_eq!(Standard::Symbol.width(34, '∀'), Some(713));
    }

    #[test]
    fn symbol_has_its_own_encoding() {
        let table = Standard::Symbol.builtin().expect("a table");
        assert_eq!(table[34].as_deref(), Some("∀"));
        assert_eq!(Standard::Courier.builtin(), None);
    }
}
