//! A packed file as an archive whose parts are unpacked while they are read: no part can be larger
//! than it says, each is checked to its end, and what passes by is looked at for what the readers
//! of workbooks do not tell. Layout of archives by APPNOTE.TXT 4.3.

mod facts;

use std::cell::RefCell;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::rc::Rc;

use exporter_core::Error;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

pub(super) use self::facts::Facts;
use self::facts::Looker;
use super::{Limits, corrupt, too_large};

/// More parts than any workbook has.
const ENTRIES: usize = 10_000;
/// How much is unpacked at once.
const CHUNK: usize = 64 << 10;
/// As much of the chunk before is kept, so that a tag cut in two is seen.
const OVERLAP: usize = 512;
/// Readers look for the directory from the end backwards, in blocks: nothing has to be unpacked
/// for that.
const PADDING: usize = 64 << 10;

/// An archive like the packed one with all parts stored: readers see what is in the parts without
/// unpacking, and nothing of it is kept. Copies share one place in it.
#[derive(Clone)]
pub(super) struct Unpacked<'a>(Rc<RefCell<State<'a>>>);

struct State<'a> {
    parts: Vec<Part<'a>>,
    /// Padding and the directory, after all parts.
    tail: Vec<u8>,
    tail_start: u64,
    position: u64,
    stream: Option<Stream<'a>>,
}

/// One part: its header as it stands before the data, and the data as it is packed.
struct Part<'a> {
    name: String,
    start: u64,
    header: Vec<u8>,
    packed: &'a [u8],
    deflated: bool,
    size: u64,
    crc: u32,
}

impl<'a> Unpacked<'a> {
    /// Looks through the directory.
    ///
    /// # Errors
    /// A bomb, an archive that is cut off, parts packed in a way that no workbook is.
    pub(super) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(corrupt)?;
        if archive.len() > ENTRIES {
            return Err(too_large("the number of parts in the file", ENTRIES as u64));
        }
        let too_much = || too_large("the unpacked file", limits.unpacked_bytes);
        let mut left = limits.unpacked_bytes;
        let (mut parts, mut start) = (Vec::new(), 0);
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(corrupt)?;
            left = left.checked_sub(entry.size()).ok_or_else(too_much)?;
            let deflated = match entry.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                other => return Err(corrupt(format!("a part is packed by {other}"))),
            };
            if entry.encrypted() {
                return Err(corrupt("a part of it is encrypted"));
            }
            let place = entry.data_start().and_then(|from| {
                let from = usize::try_from(from).ok()?;
                bytes.get(from..from.checked_add(usize::try_from(entry.compressed_size()).ok()?)?)
            });
            let mut part = Part {
                name: entry.name().map_err(corrupt)?.into_owned(),
                start,
                header: Vec::new(),
                packed: place.ok_or_else(|| corrupt("a part reaches over its end"))?,
                deflated,
                size: entry.size(),
                crc: entry.crc32(),
            };
            part.header = part.local_header().ok_or_else(too_much)?;
            start = part.end();
            parts.push(part);
        }
        let tail = tail(&parts, start).ok_or_else(too_much)?;
        let state = State { parts, tail, tail_start: start, position: 0, stream: None };
        Ok(Self(Rc::new(RefCell::new(state))))
    }

    /// What was seen in the part that was read last, which is read to its end for that.
    ///
    /// # Errors
    /// The rest of the part is damaged.
    pub(super) fn facts(&self) -> Result<Facts, Error> {
        let state = &mut *self.0.borrow_mut();
        state.finish().map_err(corrupt)?;
        Ok(state.stream.take().map(|stream| stream.looker.into_facts()).unwrap_or_default())
    }
}

impl Part<'_> {
    fn data_start(&self) -> u64 {
        self.start + self.header.len() as u64
    }

    fn end(&self) -> u64 {
        self.data_start() + self.size
    }

    /// What both headers of a stored part have in common, from the flags to the lengths.
    fn common(&self) -> Option<Vec<u8>> {
        const UTF_8: u16 = 1 << 11;
        let size = u32::try_from(self.size).ok()?.to_le_bytes();
        let name = u16::try_from(self.name.len()).ok()?.to_le_bytes();
        let version = 20_u16.to_le_bytes();
        // Stored; midnight of the first day there is.
        let (method, time, day) = ([0, 0], [0, 0], 0x21_u16.to_le_bytes());
        let crc = self.crc.to_le_bytes();
        let flags = UTF_8.to_le_bytes();
        Some([&version[..], &flags, &method, &time, &day, &crc, &size, &size, &name, &[0, 0]].concat())
    }

    fn local_header(&self) -> Option<Vec<u8>> {
        Some([b"PK\x03\x04", &self.common()?[..], self.name.as_bytes()].concat())
    }

    fn directory_entry(&self) -> Option<Vec<u8>> {
        let start = u32::try_from(self.start).ok()?.to_le_bytes();
        let made_by = 20_u16.to_le_bytes();
        // No comment, first disk, no attributes.
        let rest = [0; 10];
        let common = self.common()?;
        Some([&b"PK\x01\x02"[..], &made_by, &common, &rest, &start, self.name.as_bytes()].concat())
    }
}

/// Padding, the directory of the stored parts, and its end; nothing for archives beyond 4 GB.
fn tail(parts: &[Part<'_>], start: u64) -> Option<Vec<u8>> {
    let mut directory = Vec::new();
    for part in parts {
        directory.extend(part.directory_entry()?);
    }
    let count = u16::try_from(parts.len()).ok()?.to_le_bytes();
    let size = u32::try_from(directory.len()).ok()?.to_le_bytes();
    let place = u32::try_from(start + PADDING as u64).ok()?.to_le_bytes();
    let end = [b"PK\x05\x06", &[0; 4][..], &count, &count, &size, &place, &[0, 0]].concat();
    Some([vec![0; PADDING], directory, end].concat())
}

impl State<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let position = self.position;
        let read = if position >= self.tail_start {
            copy(&self.tail, position - self.tail_start, buffer)
        } else {
            let place = self.parts.partition_point(|part| part.end() <= position);
            let part = &self.parts[place];
            if position < part.data_start() {
                copy(&part.header, position - part.start, buffer)
            } else {
                self.read_part(place, position - part.data_start(), buffer)?
            }
        };
        self.position += read as u64;
        Ok(read)
    }

    fn read_part(&mut self, place: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let fits = |stream: &Stream<'_>| stream.place == place && stream.window_start() <= offset;
        if !self.stream.as_ref().is_some_and(fits) {
            self.finish()?;
            self.stream = None;
        }
        let part = &self.parts[place];
        let stream = self.stream.get_or_insert_with(|| Stream::open(part, place));
        while !stream.done && stream.produced <= offset {
            stream.advance(part)?;
        }
        Ok(copy(&stream.buffer[stream.kept..stream.end], offset - stream.window_start(), buffer))
    }

    /// Reads the part that is being read to its end: its checksum stands for all of it.
    fn finish(&mut self) -> io::Result<()> {
        if let Some(stream) = &mut self.stream {
            while !stream.done {
                stream.advance(&self.parts[stream.place])?;
            }
        }
        Ok(())
    }
}

fn copy(from: &[u8], offset: u64, to: &mut [u8]) -> usize {
    let rest = usize::try_from(offset).ok().and_then(|offset| from.get(offset..)).unwrap_or_default();
    let length = rest.len().min(to.len());
    to[..length].copy_from_slice(&rest[..length]);
    length
}

/// A part that is being unpacked, a chunk at a time.
struct Stream<'a> {
    place: usize,
    source: Box<dyn Read + 'a>,
    crc: Crc,
    /// The end of the chunk before, `kept` bytes, then this one.
    buffer: Vec<u8>,
    kept: usize,
    end: usize,
    /// How much of the part came so far.
    produced: u64,
    done: bool,
    looker: Looker,
}

impl<'a> Stream<'a> {
    fn open(part: &Part<'a>, place: usize) -> Self {
        let source: Box<dyn Read + 'a> =
            if part.deflated { Box::new(DeflateDecoder::new(part.packed)) } else { Box::new(part.packed) };
        Self {
            place,
            source,
            crc: Crc::new(),
            buffer: vec![0; OVERLAP + CHUNK],
            kept: 0,
            end: 0,
            produced: 0,
            done: false,
            looker: Looker::of(&part.name, part.size),
        }
    }

    /// Where in the part the chunk begins.
    fn window_start(&self) -> u64 {
        self.produced - (self.end - self.kept) as u64
    }

    /// Unpacks the next chunk.
    fn advance(&mut self, part: &Part<'a>) -> io::Result<()> {
        let kept = self.end.min(OVERLAP);
        self.buffer.copy_within(self.end - kept..self.end, 0);
        let chunk = &mut self.buffer[kept..kept + CHUNK];
        let read = fill(&mut self.source, chunk)?;
        self.crc.update(&chunk[..read]);
        (self.kept, self.end) = (kept, kept + read);
        self.produced += read as u64;
        self.done = read < CHUNK;
        let promised = self.produced == part.size && self.crc.sum() == part.crc;
        if self.produced > part.size || self.done && !promised {
            return Err(damaged(format!("the part {} is not what it says", part.name)));
        }
        self.looker.look(&self.buffer[..self.end], kept, self.done)
    }
}

/// Reads until `buffer` is full or the part ends.
fn fill(part: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        let read = part.read(&mut buffer[filled..])?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    Ok(filled)
}

fn damaged(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

impl Seek for Unpacked<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let state = &mut *self.0.borrow_mut();
        let end = state.tail_start + state.tail.len() as u64;
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(back) => end.checked_add_signed(back),
            SeekFrom::Current(step) => state.position.checked_add_signed(step),
        };
        state.position = place.ok_or_else(|| damaged("a place before the beginning"))?;
        Ok(state.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn limits(unpacked_bytes: u64) -> Limits {
        Limits { unpacked_bytes, ..Limits::default() }
    }

    /// What a reader of archives finds in the part of this name, and what was seen meanwhile.
    fn unpack(bytes: &[u8], name: &str, limit: u64) -> Result<(Vec<u8>, Facts), Error> {
        let unpacked = Unpacked::open(bytes, &limits(limit))?;
        let mut archive = ZipArchive::new(unpacked.clone()).map_err(corrupt)?;
        let mut content = Vec::new();
        archive.by_name(name).map_err(corrupt)?.read_to_end(&mut content).map_err(corrupt)?;
        Ok((content, unpacked.facts()?))
    }

    #[test]
    fn parts_come_back_in_any_order() {
        let long: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        let bytes = packed(&[("a/long", &long), ("empty", b""), ("b", b"short"), ("c/", b"")]);
        let unpacked = Unpacked::open(&bytes, &limits(1 << 30)).unwrap();
        let mut archive = ZipArchive::new(unpacked).unwrap();
        for (name, content) in [("b", &b"short"[..]), ("a/long", &long), ("empty", b""), ("a/long", &long)] {
            let mut found = Vec::new();
            archive.by_name(name).unwrap().read_to_end(&mut found).unwrap();
            assert!(found == content, "{name}");
        }
    }

    #[test]
    fn facts_are_counted_once_wherever_chunks_are_cut() {
        let row = b"<row r=\"1\" hidden=\"1\"><c r=\"A1\"><f>1+1</f><v></v></c></row><col hidden=\"1\"/>";
        for padding in 0..3 * row.len() {
            let sheet = [&vec![b' '; CHUNK - OVERLAP - row.len() + padding][..], &row.repeat(20)].concat();
            let name = "xl/worksheets/sheet1.xml";
            let (_, facts) = unpack(&packed(&[(name, &sheet)]), name, 1 << 30).unwrap();
            assert_eq!(facts, Facts { hidden_rows: 20, uncalculated: 20, ..Facts::default() }, "{padding}");
        }
    }

    #[test]
    fn bombs_are_refused_before_they_are_unpacked() {
        let bomb = packed(&[("a", &vec![0; 200_000])]);
        assert!(unpack(&bomb, "a", 199_999).is_err());
        assert!(unpack(&bomb, "a", 200_000).is_ok());
    }

    #[test]
    fn a_part_that_is_not_what_it_says_is_damaged() {
        let content = vec![7; 200_000];
        let sound = packed(&[("a", &content)]);
        let directory = sound.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
        // The checksum, and the size when unpacked, in the directory.
        for place in [directory + 16, directory + 24] {
            let mut bytes = sound.clone();
            bytes[place] ^= 1;
            let error = unpack(&bytes, "a", 1 << 30).unwrap_err();
            assert!(error.to_string().contains("damaged"), "{error}");
        }
        // Its end was not asked for, and is checked all the same.
        let mut bytes = sound;
        bytes[directory + 16] ^= 1;
        let unpacked = Unpacked::open(&bytes, &limits(1 << 30)).unwrap();
        let mut archive = ZipArchive::new(unpacked.clone()).unwrap();
        archive.by_name("a").unwrap().read_exact(&mut [0; 10]).unwrap();
        assert!(unpacked.facts().is_err());
    }
}
