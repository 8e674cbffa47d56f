//! What passes by while a part is unpacked: merged cells, hidden rows, formulas without a value in
//! worksheets; promises of more texts than there are.

use std::io;
use std::ops::Range;

use memchr::{memmem, memrchr};

use super::super::grid::Merge;
use super::{OVERLAP, damaged};

/// What a worksheet holds beside values.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in super::super) struct Facts {
    /// Whether there are merged cells (xlsx).
    pub(in super::super) merged: bool,
    /// The merged cells (xlsb).
    pub(in super::super) merges: Vec<Merge>,
    /// Rows that are not shown.
    pub(in super::super) hidden_rows: u64,
    /// Formulas that were never calculated: their cells have no value (xlsx).
    pub(in super::super) uncalculated: u64,
}

/// Looks at a part by what it is.
pub(super) enum Looker {
    /// A worksheet of an xlsx.
    Sheet(Facts),
    /// A worksheet of an xlsb.
    Binary(Records),
    /// The shared texts of an xlsx, as large as they say, as far as the first of them.
    Texts { size: u64, begun: bool },
    /// Anything else.
    Other,
}

impl Looker {
    pub(super) fn of(name: &str, size: u64) -> Self {
        // Readers find parts however their names are spelled.
        let name = name.to_ascii_lowercase();
        if name.ends_with("sharedstrings.xml") {
            Self::Texts { size, begun: false }
        } else if !name.contains("worksheets/") {
            Self::Other
        } else if name.ends_with("bin") {
            Self::Binary(Records { left: size, ..Records::default() })
        } else {
            Self::Sheet(Facts::default())
        }
    }

    /// Looks at a chunk, which follows `kept` bytes of the one before.
    pub(super) fn look(&mut self, text: &[u8], kept: usize, last: bool) -> io::Result<()> {
        match self {
            // Half of what was kept was looked at with the chunk before.
            Self::Sheet(facts) => {
                let end = if last { text.len() } else { text.len() - OVERLAP / 2 };
                facts.look(text, kept / 2..end);
            }
            Self::Binary(records) => records.look(&text[kept..])?,
            Self::Texts { size, begun } if !*begun => {
                // The reader makes room for as many texts as are promised; the shortest is `<si/>`.
                if promises(text).any(|texts| texts > *size / 5) {
                    return Err(damaged("it promises more texts than it holds"));
                }
                *begun = memmem::find(text, b"<si").is_some();
            }
            Self::Texts { .. } | Self::Other => {}
        }
        Ok(())
    }

    pub(super) fn into_facts(self) -> Facts {
        match self {
            Self::Sheet(facts) => facts,
            Self::Binary(records) => records.facts,
            Self::Texts { .. } | Self::Other => Facts::default(),
        }
    }
}

/// The numbers of shared texts that are given.
fn promises(text: &[u8]) -> impl Iterator<Item = u64> {
    memmem::find_iter(text, b"uniqueCount").map(|at| {
        let rest = &text[at + b"uniqueCount".len()..];
        let digits = rest.iter().skip_while(|byte| b" \t\r\n='\"".contains(byte));
        let digits = digits.take_while(|byte| byte.is_ascii_digit());
        digits.fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    })
}

impl Facts {
    /// Counts what begins at `places` of a part of a worksheet.
    fn look(&mut self, text: &[u8], places: Range<usize>) {
        let found = |needle: &'static [u8]| {
            let (start, area) = (places.start, &text[places.start..]);
            let end = places.end - start;
            memmem::find_iter(area, needle).take_while(move |at| *at < end).map(move |at| start + at)
        };
        self.merged |= found(b"<mergeCell ").next().is_some();
        let hidden = found(b" hidden=\"1\"").filter(|at| tag(text, *at, b"<row "));
        self.hidden_rows += hidden.count() as u64;
        let empty = found(b"</f>").filter(|at| {
            let after = &text[at + b"</f>".len()..];
            let valueless =
                [&b"<v></v>"[..], b"<v/>", b"<v />", b"</c>"].iter().any(|next| after.starts_with(next));
            // The text of a calculated formula may be empty.
            valueless && !cell_of_text(&text[..*at])
        });
        self.uncalculated += empty.count() as u64;
    }
}

/// Whether the attribute at `at` stands in a tag that begins so.
fn tag(text: &[u8], at: usize, name: &[u8]) -> bool {
    memrchr(b'<', &text[..at]).is_some_and(|start| text[start..at].starts_with(name))
}

/// Whether the last cell that `text` opens is one of text.
fn cell_of_text(text: &[u8]) -> bool {
    let head = &text[text.len().saturating_sub(OVERLAP)..];
    memmem::rfind(head, b"<c ").is_some_and(|cell| memmem::find(&head[cell..], b"t=\"str\"").is_some())
}

/// The records of a binary worksheet, wherever chunks are cut (MS-XLSB 2.1.4).
#[derive(Default)]
pub(super) struct Records {
    facts: Facts,
    /// Kind and length of the next record, as far as they came, and its data where it is wanted.
    record: Vec<u8>,
    /// How much of the record's data is still to come, and is not wanted.
    skip: u64,
    /// How much of the part is still to come.
    left: u64,
}

/// `BrtRowHdr` (MS-XLSB 2.4.746) and `BrtMergeCell` (2.4.690).
const ROW: u16 = 0;
const MERGE: u16 = 176;
/// Cells that follow their neighbour without a place of their own (MS-XLSB 2.3.2): the reader passes
/// them over, and they would be lost.
const SHORT: std::ops::RangeInclusive<u16> = 12..=18;
/// Records of these kinds are shorter.
const WANTED: u64 = 4096;
/// More merged cells than any export has.
const MAX_MERGES: usize = 1_000_000;

impl Records {
    fn look(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.skip > 0 {
                let step = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
                (self.skip, self.left) = (self.skip - step as u64, self.left - step as u64);
                bytes = &bytes[step..];
                continue;
            }
            self.record.push(byte);
            self.left -= 1;
            bytes = rest;
            let Some((kind, length, head)) = head(&self.record) else { continue };
            if self.record.len() == head && length > self.left {
                return Err(damaged("a record is longer than its part"));
            }
            if SHORT.contains(&kind) {
                return Err(damaged("it has cells in a short form; save it as xlsx in Excel"));
            }
            if !matches!(kind, ROW | MERGE) || length > WANTED {
                self.skip = length;
                self.record.clear();
            } else if (self.record.len() - head) as u64 == length {
                self.facts.record(kind, &self.record[head..])?;
                self.record.clear();
            }
        }
        Ok(())
    }
}

impl Facts {
    fn record(&mut self, kind: u16, data: &[u8]) -> io::Result<()> {
        let number = |at: usize| {
            let bytes = data.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_le_bytes(bytes))
        };
        if kind == ROW {
            // `fDyZero`: the row has no height.
            self.hidden_rows += u64::from(data.get(11).is_some_and(|flags| flags & 0x10 != 0));
        } else if let (Some(top), Some(bottom), Some(left), Some(right)) =
            (number(0), number(4), number(8), number(12))
        {
            let (top, bottom) = (top.saturating_add(1), bottom.saturating_add(1));
            self.merges.push(Merge { top, bottom, left: left as usize, right: right as usize });
        }
        if self.merges.len() > MAX_MERGES {
            return Err(damaged("more merged cells than any export has"));
        }
        Ok(())
    }
}

/// Kind, length and where the data begins; nothing while the head is not whole.
fn head(record: &[u8]) -> Option<(u16, u64, usize)> {
    let first = u16::from(*record.first()?);
    let (kind, mut at) = match first & 0x80 {
        0 => (first, 1),
        _ => (first & 0x7F | (u16::from(*record.get(1)?) & 0x7F) << 7, 2),
    };
    let mut length = 0;
    for step in 0..4 {
        let byte = *record.get(at)?;
        at += 1;
        length |= u64::from(byte & 0x7F) << (7 * step);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some((kind, length, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(looker: &mut Looker, text: &[u8]) -> io::Result<()> {
        looker.look(text, 0, true)
    }

    #[test]
    fn a_formula_whose_text_is_empty_was_calculated() {
        let sheet = b"<c r=\"A1\" t=\"str\"><f>\"\"</f><v></v></c><mergeCell ref=\"A1:B2\"/>";
        let mut looker = Looker::of("xl/worksheets/a.xml", 100);
        look(&mut looker, sheet).unwrap();
        assert_eq!(looker.into_facts(), Facts { merged: true, ..Facts::default() });
    }

    #[test]
    fn false_promises_are_refused() {
        for (promise, kept) in [
            (&b"<sst uniqueCount=\"99999999999\"></sst>"[..], false),
            (b"<sst uniqueCount = '99'></sst>", false),
            (b"<sst uniqueCount=\"2\"><si/><si/></sst>", true),
        ] {
            let mut looker = Looker::of("xl/sharedStrings.xml", promise.len() as u64);
            assert_eq!(look(&mut looker, promise).is_ok(), kept);
        }
    }

    #[test]
    fn rows_and_merged_cells_of_binary_sheets_wherever_chunks_are_cut() {
        let row = |flags: u8| [&[0, 17][..], &[0; 11], &[flags], &[0; 5]].concat();
        let merge = [&[0xB0, 0x01, 16][..], &[2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]].concat();
        let other = [&[0x91, 0x01, 0x80, 0x02][..], &[0x10; 256]].concat();
        let sheet = [row(0x10), other, row(0), row(0x11), merge].concat();
        for cut in 0..sheet.len() {
            let mut looker = Looker::of("xl/worksheets/sheet1.bin", sheet.len() as u64);
            looker.look(&sheet[..cut], 0, false).unwrap();
            looker.look(&sheet[cut..], 0, true).unwrap();
            let facts = looker.into_facts();
            assert_eq!(facts.hidden_rows, 2, "{cut}");
            assert_eq!(facts.merges, [Merge { top: 3, bottom: 4, left: 0, right: 1 }]);
        }
        let mut looker = Looker::of("xl/worksheets/sheet1.bin", 10);
        assert!(look(&mut looker, &[18, 8, 0, 0, 0, 0, 0, 0, 0, 0]).is_err(), "a cell in the short form");
        let mut looker = Looker::of("xl/worksheets/sheet1.bin", 10);
        assert!(look(&mut looker, &[0x91, 0x01, 0xFF, 0x7F]).is_err(), "longer than the part");
    }
}
