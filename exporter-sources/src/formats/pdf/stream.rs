//! Unpacks streams strictly: what lopdf repairs in silence would be lost rows here.

use flate2::{Decompress, FlushDecompress, Status};
use lopdf::{Dictionary, Document, Object, Stream};

use super::error::PdfError;
use super::limits::{self, Budget};
use super::object;

/// The plain bytes of `stream`; `what` names it in errors.
pub(super) fn decode(
    document: &Document,
    stream: &Stream,
    what: &str,
    budget: &mut Budget,
) -> Result<Vec<u8>, PdfError> {
    if stream.content.is_empty() && object::get_number(document, &stream.dict, b"Length") != Some(0.0) {
        return Err(corrupt(what, "its length is missing"));
    }
    let filters = filters(document, &stream.dict);
    if filters.len() > Stream::MAX_FILTERS {
        return Err(corrupt(what, "it names too many filters"));
    }
    let mut data: Option<Vec<u8>> = None;
    for (name, parameters) in filters {
        let input = data.as_deref().unwrap_or(&stream.content);
        let output = match name {
            b"Crypt" => continue,
            b"FlateDecode" | b"Fl" if !has_predictor(document, parameters) => inflate(input, budget, what)?,
            _ => other_filter(name, parameters, input, budget, what)?,
        };
        data = Some(output);
    }
    let data = data.unwrap_or_else(|| stream.content.clone());
    budget.unpack(data.len())?;
    Ok(data)
}

fn corrupt(what: &str, why: &str) -> PdfError {
    PdfError::Corrupt { detail: format!("{what} cannot be unpacked ({why})") }
}

/// Filter names with their parameters, in decoding order.
fn filters<'a>(
    document: &'a Document,
    dictionary: &'a Dictionary,
) -> Vec<(&'a [u8], Option<&'a Dictionary>)> {
    let parameters = object::get(document, dictionary, b"DecodeParms")
        .or_else(|| object::get(document, dictionary, b"DP"));
    let filter =
        object::get(document, dictionary, b"Filter").or_else(|| object::get(document, dictionary, b"F"));
    match filter {
        Some(Object::Name(name)) => {
            let parameters = match parameters {
                Some(Object::Array(items)) => items.first().and_then(|item| object::resolve(document, item)),
                other => other,
            };
            vec![(name.as_slice(), parameters.and_then(object::as_dictionary))]
        }
        Some(Object::Array(names)) => names
            .iter()
            .enumerate()
            .filter_map(|(index, name)| {
                let name = object::resolve(document, name)?.as_name().ok()?;
                let parameters = match parameters {
                    Some(Object::Array(items)) => {
                        items.get(index).and_then(|item| object::resolve(document, item))
                    }
                    other => other,
                };
                Some((name, parameters.and_then(object::as_dictionary)))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn has_predictor(document: &Document, parameters: Option<&Dictionary>) -> bool {
    parameters
        .and_then(|dictionary| object::get_number(document, dictionary, b"Predictor"))
        .is_some_and(|predictor| predictor > 1.0)
}

/// One filter by lopdf, within what is left of the budget.
fn other_filter(
    name: &[u8],
    parameters: Option<&Dictionary>,
    input: &[u8],
    budget: &Budget,
    what: &str,
) -> Result<Vec<u8>, PdfError> {
    let name: &[u8] = match name {
        b"A85" => b"ASCII85Decode",
        b"AHx" => b"ASCIIHexDecode",
        b"LZW" => b"LZWDecode",
        b"RL" => b"RunLengthDecode",
        b"Fl" => b"FlateDecode",
        other => other,
    };
    let mut dictionary = Dictionary::new();
    dictionary.set("Filter", Object::Name(name.to_vec()));
    if let Some(parameters) = parameters {
        dictionary.set("DecodeParms", parameters.clone());
    }
    Stream::new(dictionary, input.to_vec()).decompressed_content_with_limit(budget.unpacked_left()).map_err(
        |error| match error {
            lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { limit }) => {
                PdfError::Limit { what: "the unpacked content", limit: limit as u64 }
            }
            other => corrupt(what, &other.to_string()),
        },
    )
}

/// Inflates zlib data to its very end, checksum included. Data whose checksum alone is cut
/// short (some writers give a length that is too small) is whole if the rest of it fits.
fn inflate(input: &[u8], budget: &Budget, what: &str) -> Result<Vec<u8>, PdfError> {
    if input.is_empty() {
        return Ok(Vec::new());
    }
    let early = || corrupt(what, "the compressed data ends early");
    match run(Decompress::new(true), input, budget)? {
        Outcome::Done(output, _) => Ok(output),
        Outcome::Short if input.len() > 2 => {
            let Outcome::Done(output, read) = run(Decompress::new(false), &input[2..], budget)? else {
                return Err(early());
            };
            let rest = input.get(2 + read..).unwrap_or_default();
            if adler32(&output).to_be_bytes().starts_with(rest) { Ok(output) } else { Err(early()) }
        }
        Outcome::Short | Outcome::Bad => Err(corrupt(what, "the compressed data is damaged")),
    }
}

/// The checksum at the end of zlib data (RFC 1950, 9).
fn adler32(data: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1_u32, 0_u32);
    // As many bytes as fit into 32 bits before the sums are reduced.
    for chunk in data.chunks(5552) {
        for &byte in chunk {
            a += u32::from(byte);
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    b << 16 | a
}

enum Outcome {
    /// All of the data, and how many bytes of the input it took.
    Done(Vec<u8>, usize),
    /// The input ended before the data did.
    Short,
    Bad,
}

fn run(mut inflater: Decompress, input: &[u8], budget: &Budget) -> Result<Outcome, PdfError> {
    let cap = budget.unpacked_left();
    let mut output = Vec::with_capacity(input.len().saturating_mul(4).min(cap).min(16 << 20));
    loop {
        let read = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let rest = input.get(read..).unwrap_or_default();
        let before = (inflater.total_in(), output.len());
        if output.len() == output.capacity() {
            output.reserve(output.len().clamp(4096, 16 << 20));
        }
        let Ok(status) = inflater.decompress_vec(rest, &mut output, FlushDecompress::None) else {
            return Ok(Outcome::Bad);
        };
        limits::check("the unpacked content", output.len() as u64, cap as u64)?;
        if status == Status::StreamEnd {
            let read = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
            return Ok(Outcome::Done(output, read));
        }
        if before == (inflater.total_in(), output.len()) && output.len() < output.capacity() {
            return Ok(Outcome::Short);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lopdf::dictionary;

    use super::super::limits::Limits;
    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).expect("write to memory");
        encoder.finish().expect("write to memory")
    }

    fn unpack(content: Vec<u8>, limits: Limits) -> Result<Vec<u8>, PdfError> {
        let stream = Stream::new(dictionary! { "Filter" => "FlateDecode" }, content);
        decode(&Document::new(), &stream, "page 1", &mut Budget::new(limits))
    }

    #[test]
    fn whole_data_and_data_without_its_checksum() {
        let text = b"BT (hello) Tj ET ".repeat(50);
        let data = packed(&text);
        assert_eq!(unpack(data.clone(), Limits::default()), Ok(text.clone()));
        let without = data[..data.len() - 4].to_vec();
        assert_eq!(unpack(without, Limits::default()), Ok(text));
        let mut wrong = data[..data.len() - 2].to_vec();
        let last = wrong.len() - 1;
        wrong[last] ^= 1;
        assert!(unpack(wrong, Limits::default()).is_err());
    }

    #[test]
    fn damaged_or_short_data_is_refused() {
        let text: Vec<u8> = (0..4000_u32).flat_map(|n| n.to_string().into_bytes()).collect();
        let mut data = packed(&text);
        let half = data[..data.len() / 2].to_vec();
        assert!(matches!(unpack(half, Limits::default()), Err(PdfError::Corrupt { .. })));
        let middle = data.len() / 2;
        data[middle] ^= 0x55;
        assert!(matches!(unpack(data, Limits::default()), Err(PdfError::Corrupt { .. })));
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        let limits = Limits { unpacked_bytes: 1000, ..Limits::default() };
        let result = unpack(packed(&vec![b' '; 1 << 20]), limits);
        assert!(matches!(result, Err(PdfError::Limit { .. })));
    }
}
