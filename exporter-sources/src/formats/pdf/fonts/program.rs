//! What an embedded font program itself says about its glyphs, for fonts whose dictionary is
//! silent: TrueType `cmap` and `post` tables, CFF names, the clear part of Type 1.

use std::collections::HashMap;

use ttf_parser::{Face, GlyphId, cff};

use super::super::lexer::{Lexer, Operand, Operands};
use super::encoding::Table;
use super::names;

/// Characters by glyph index, out of a TrueType or OpenType program.
pub(super) fn by_glyph(data: &[u8]) -> HashMap<u32, String> {
    let mut found = HashMap::new();
    if let Ok(face) = Face::parse(data, 0) {
        names_of(&face, &mut found);
        for table in face.tables().cmap.iter().flat_map(|cmap| cmap.subtables) {
            if !table.is_unicode() {
                continue;
            }
            table.codepoints(|code| {
                let Some(c) = char::from_u32(code) else { return };
                if let Some(glyph) = table.glyph_index(code)
                    && glyph.0 != 0
                {
                    found.entry(u32::from(glyph.0)).or_insert_with(|| c.to_string());
                }
            });
        }
    } else if let Some(table) = cff::Table::parse(data) {
        for glyph in 0..table.number_of_glyphs() {
            if let Some(text) =
                table.glyph_name(GlyphId(glyph)).and_then(|name| names::character(name.as_bytes()))
            {
                found.insert(u32::from(glyph), text);
            }
        }
    }
    found
}

fn names_of(face: &Face<'_>, found: &mut HashMap<u32, String>) {
    for glyph in 1..face.number_of_glyphs() {
        if let Some(text) = face.glyph_name(GlyphId(glyph)).and_then(|name| names::character(name.as_bytes()))
        {
            found.insert(u32::from(glyph), text);
        }
    }
}

/// The built-in encoding of a simple font's program: code → glyph → name or character.
pub(super) fn builtin(data: &[u8]) -> Option<Table> {
    if data.starts_with(b"%!") || data.first() == Some(&0x80) {
        return type1(data);
    }
    let glyphs = by_glyph(data);
    if glyphs.is_empty() {
        return None;
    }
    let index = |code: u8| -> Option<u32> {
        if let Ok(face) = Face::parse(data, 0) {
            // Symbolic fonts map codes in a (3,0) table at F000 or in a (1,0) table (9.6.6.4).
            let tables = face.tables().cmap?.subtables;
            return tables.into_iter().find_map(|table| {
                let code = u32::from(code);
                [0xf000 + code, code]
                    .into_iter()
                    .filter(|_| !table.is_unicode() || table.platform_id == ttf_parser::PlatformId::Windows)
                    .find_map(|code| table.glyph_index(code))
                    .filter(|glyph| glyph.0 != 0)
                    .map(|glyph| u32::from(glyph.0))
            });
        }
        cff::Table::parse(data)?.glyph_index(code).map(|glyph| u32::from(glyph.0))
    };
    let table: Table = (0..=255_u8).map(|code| glyphs.get(&index(code)?).cloned()).collect();
    table.iter().any(Option::is_some).then_some(table)
}

/// `dup 65 /A put` lines in the clear part of a Type 1 program.
fn type1(data: &[u8]) -> Option<Table> {
    let start = data.windows(9).position(|window| window == b"/Encoding")?;
    let end = data.windows(5).position(|window| window == b"eexec").unwrap_or(data.len());
    let clear = data.get(start..end)?;
    let mut table: Table = vec![None; 256];
    let mut lexer = Lexer::new(clear);
    let mut operands = Operands::default();
    let mut any = false;
    while let Some(operator) = lexer.next(&mut operands) {
        if operator == b"StandardEncoding" {
            return None;
        }
        let code = operands.items.iter().rev().find_map(|item| match item {
            Operand::Number(code) => Some(*code),
            _ => None,
        });
        if operator == b"put"
            && let (Some(code), Some(name)) = (code, operands.name())
        {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
            if let Some(slot) = table.get_mut(code as usize) {
                *slot = names::character(name);
                any = true;
            }
        }
    }
    any.then_some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type1_encoding_in_the_clear_part() {
        let program = b"%!PS-AdobeFont-1.0\n/Encoding 256 array\n0 1 255 {1 index exch /.notdef put} for\ndup 1 /A put\ndup 2 /eacute put\nreadonly def\ncurrentfile eexec";
        let table = builtin(program).expect("an encoding");
        assert_eq!(table[1].as_deref(), Some("A"));
        assert_eq!(table[2].as_deref(), Some("é"));
        assert_eq!(table[65], None);
    }

    #[test]
    fn junk_says_nothing() {
        assert!(by_glyph(b"not a font").is_empty());
        assert!(builtin(&[0, 1, 0, 0, 0, 0]).is_none());
    }
}
