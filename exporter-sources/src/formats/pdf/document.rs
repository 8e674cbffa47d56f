//! Opens a PDF: repair, decryption, and the checks that nothing of it is missing.

use std::collections::HashSet;

use lopdf::xref::XrefRecovery;
use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use super::error::PdfError;
use super::geometry::{Area, Matrix};
use super::limits::{self, Budget};
use super::{notpdf, object, stream};

/// One page with what it inherits (ISO 32000-1, 7.7.3.4).
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) dictionary: &'a Dictionary,
    pub(super) resources: Option<&'a Dictionary>,
    /// The visible box, in default user space.
    pub(super) area: Area,
    /// Clockwise quarter turns for display.
    pub(super) quarters: u8,
    /// Size of a unit in points (`UserUnit`).
    pub(super) unit: f64,
}

impl Page<'_> {
    /// From default user space to the page as a person sees it, `y` downwards, in points.
    pub(super) fn upright(&self) -> Matrix {
        let (w, h) = (f64::from(self.area.width()), f64::from(self.area.height()));
        let origin = Matrix::translate(-f64::from(self.area.x0), -f64::from(self.area.y0));
        let turn = match self.quarters {
            0 => Matrix::new([1.0, 0.0, 0.0, -1.0, 0.0, h]),
            1 => Matrix::new([0.0, 1.0, 1.0, 0.0, 0.0, 0.0]),
            2 => Matrix::new([-1.0, 0.0, 0.0, 1.0, w, 0.0]),
            _ => Matrix::new([0.0, -1.0, -1.0, 0.0, h, w]),
        };
        let unit = Matrix::new([self.unit, 0.0, 0.0, self.unit, 0.0, 0.0]);
        origin.then(&turn).then(&unit)
    }

    /// Width and height as displayed, in points.
    pub(super) fn size(&self) -> (f64, f64) {
        let (w, h) = (f64::from(self.area.width()), f64::from(self.area.height()));
        let (w, h) = if self.quarters % 2 == 1 { (h, w) } else { (w, h) };
        (w * self.unit, h * self.unit)
    }
}

/// Opens the file in `bytes`.
pub(super) fn open(bytes: &[u8], password: Option<&str>, budget: &Budget) -> Result<Document, PdfError> {
    let limits = *budget.limits();
    if bytes.is_empty() {
        return Err(PdfError::Empty);
    }
    limits::check("the size of the file in bytes", bytes.len() as u64, limits.bytes)?;
    let Some(start) = find(&bytes[..bytes.len().min(64 << 10)], b"%PDF-") else {
        return Err(PdfError::NotPdf { found: notpdf::describe(bytes) });
    };
    let options = LoadOptions {
        password: password.map(str::to_owned),
        max_decompressed_size: Some(usize::try_from(limits.unpacked_bytes).unwrap_or(usize::MAX)),
        filter: Some(without_structure),
        ..LoadOptions::default()
    };
    let document = load(&bytes[start..], options).map_err(|error| match ends_early(bytes, true) {
        Some(detail) if !is_password(&error) => PdfError::Truncated { detail },
        _ => explain(error, password.is_some()),
    })?;
    if document.is_encrypted() && document.encryption_state.is_none() {
        return Err(password_error(password.is_some()));
    }
    limits::check("the number of objects", document.objects.len() as u64, limits.objects)?;
    let rebuilt = document.xref_recovery == Some(XrefRecovery::Reconstructed);
    if let Some(detail) = ends_early(bytes, rebuilt) {
        return Err(PdfError::Truncated { detail });
    }
    Ok(document)
}

/// lopdf repairs a lost page tree only in files loaded whole.
fn load(bytes: &[u8], options: LoadOptions) -> lopdf::Result<Document> {
    let filtered = Document::load_mem_with_options(bytes, options.clone())?;
    let waits = filtered.is_encrypted() && filtered.encryption_state.is_none();
    if waits || page_tree(&filtered).is_some() {
        return Ok(filtered);
    }
    Document::load_mem_with_options(bytes, LoadOptions { filter: None, ..options })
}

/// Leaves the elements of the logical structure out: in tagged files they are most of the
/// objects, and nothing here reads them. lopdf takes the returned object only for members of
/// object streams, which are never streams, so those need no copy.
fn without_structure(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    match object {
        Object::Dictionary(dictionary) if dictionary.has_type(b"StructElem") => None,
        Object::Stream(_) => Some((id, Object::Null)),
        other => Some((id, other.clone())),
    }
}

fn page_tree(document: &Document) -> Option<&Dictionary> {
    let catalog = document.catalog().ok()?;
    object::get_dictionary(document, catalog, b"Pages")
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn password_error(given: bool) -> PdfError {
    if given { PdfError::WrongPassword } else { PdfError::PasswordNeeded }
}

fn is_password(error: &lopdf::Error) -> bool {
    matches!(error, lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_))
}

fn explain(error: lopdf::Error, given: bool) -> PdfError {
    use lopdf::encryption::DecryptionError;
    match error {
        lopdf::Error::InvalidPassword | lopdf::Error::Decryption(DecryptionError::IncorrectPassword) => {
            password_error(given)
        }
        lopdf::Error::UnsupportedSecurityHandler(name) => {
            PdfError::Encryption { detail: format!("security handler {}", String::from_utf8_lossy(&name)) }
        }
        lopdf::Error::Decryption(error) => PdfError::Encryption { detail: error.to_string() },
        lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { limit }) => {
            PdfError::Limit { what: "the unpacked content", limit: limit as u64 }
        }
        other => PdfError::Corrupt { detail: format!("its structure cannot be read ({other})") },
    }
}

/// Why the end of the file shows that something is missing, if it does. A whole file ends with
/// `%%EOF` (7.5.5); one whose cross-reference table had to be rebuilt *and* that lacks the mark
/// was cut, and so was one with objects after the last mark (an update that never finished).
fn ends_early(bytes: &[u8], rebuilt: bool) -> Option<String> {
    let mark = b"%%EOF";
    let Some(at) = bytes.windows(mark.len()).rposition(|window| window == mark) else {
        return rebuilt.then(|| "it has no end mark (%%EOF)".to_owned());
    };
    let rest = &bytes[at + mark.len()..];
    find(rest, b" obj")
        .map(|_| format!("{} bytes follow its last end mark (%%EOF) without one of their own", rest.len()))
}

/// All pages in order. A page tree that names what is not there, or fewer pages than it
/// counts, is damage.
pub(super) fn pages<'a>(document: &'a Document, budget: &Budget) -> Result<Vec<Page<'a>>, PdfError> {
    let damaged = |detail: &str| PdfError::Corrupt { detail: detail.to_owned() };
    let root = page_tree(document).ok_or_else(|| damaged("its page tree is missing"))?;
    let mut walk = Walk { document, budget, seen: HashSet::new(), pages: Vec::new() };
    walk.node(root, &Inherited::default(), 0)?;
    let counted = object::get_number(document, root, b"Count");
    #[expect(clippy::cast_precision_loss, reason = "pages are counted in thousands")]
    let missing = counted.is_some_and(|count| count > walk.pages.len() as f64);
    if missing {
        return Err(damaged(&format!(
            "it counts {} pages and holds {}",
            counted.unwrap_or_default(),
            walk.pages.len()
        )));
    }
    // A table of objects rebuilt by scanning shows pages that a damaged tree has lost.
    if document.xref_recovery == Some(XrefRecovery::Reconstructed) {
        let objects = document.objects.values().filter_map(object::as_dictionary);
        let present = objects.filter(|dictionary| dictionary.has_type(b"Page")).count();
        if present > walk.pages.len() {
            let held = walk.pages.len();
            return Err(damaged(&format!("it holds {present} pages, and its page tree only {held}")));
        }
    }
    Ok(walk.pages)
}

#[derive(Default, Clone, Copy)]
struct Inherited<'a> {
    resources: Option<&'a Dictionary>,
    media: Option<Area>,
    crop: Option<Area>,
    rotate: Option<f64>,
}

struct Walk<'a, 'b> {
    document: &'a Document,
    budget: &'b Budget,
    seen: HashSet<ObjectId>,
    pages: Vec<Page<'a>>,
}

impl<'a> Walk<'a, '_> {
    fn node(&mut self, node: &'a Dictionary, above: &Inherited<'a>, depth: u32) -> Result<(), PdfError> {
        let limits = self.budget.limits();
        limits::check("the depth of the page tree", u64::from(depth), u64::from(limits.nesting))?;
        let document = self.document;
        let here = Inherited {
            resources: object::get_dictionary(document, node, b"Resources").or(above.resources),
            media: object::rectangle(document, node, b"MediaBox").or(above.media),
            crop: object::rectangle(document, node, b"CropBox").or(above.crop),
            rotate: object::get_number(document, node, b"Rotate").or(above.rotate),
        };
        let kids = object::get_array(document, node, b"Kids");
        let Some(kids) = kids.filter(|_| !node.has_type(b"Page")) else {
            let keys = [&b"Contents"[..], b"Resources", b"MediaBox"];
            if !node.has_type(b"Page") && !keys.iter().any(|key| node.has(key)) {
                let detail = format!("page {} is not a page", self.pages.len() + 1);
                return Err(PdfError::Corrupt { detail });
            }
            self.pages.push(self.page(node, &here));
            return limits::check("the number of pages", self.pages.len() as u64, u64::from(limits.pages));
        };
        for kid in kids {
            if let Object::Reference(id) = kid
                && !self.seen.insert(*id)
            {
                return Err(PdfError::Corrupt { detail: "its page tree runs in a circle".into() });
            }
            let kid = object::resolve(document, kid).and_then(object::as_dictionary).ok_or_else(|| {
                PdfError::Corrupt { detail: format!("page {} is missing", self.pages.len() + 1) }
            })?;
            self.node(kid, &here, depth + 1)?;
        }
        Ok(())
    }

    fn page(&self, dictionary: &'a Dictionary, here: &Inherited<'a>) -> Page<'a> {
        // A4 where a file gives no size, as viewers do.
        let media = here.media.unwrap_or(Area { x0: 0.0, y0: 0.0, x1: 595.0, y1: 842.0 });
        let area =
            here.crop.map(|crop| crop.intersect(&media)).filter(|area| !area.is_empty()).unwrap_or(media);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 3")]
        let quarters = (here.rotate.unwrap_or(0.0) / 90.0).rem_euclid(4.0) as u8;
        let unit = object::get_number(self.document, dictionary, b"UserUnit")
            .filter(|unit| (1e-3..=1e6).contains(unit))
            .unwrap_or(1.0);
        Page { dictionary, resources: here.resources, area, quarters, unit }
    }
}

/// The content of a page, its parts joined (7.8.2).
pub(super) fn content(
    document: &Document,
    page: &Page<'_>,
    number: u32,
    budget: &mut Budget,
) -> Result<Vec<u8>, PdfError> {
    // Even a blank page has content, but for one whose dictionary lost a part.
    let missing = || PdfError::Corrupt { detail: format!("the content of page {number} is missing") };
    let contents = page.dictionary.get(b"Contents").map_err(|_| missing())?;
    let what = format!("the content of page {number}");
    match object::resolve(document, contents).ok_or_else(missing)? {
        Object::Stream(part) => stream::decode(document, part, &what, budget),
        Object::Array(parts) => {
            let mut joined = Vec::new();
            for part in parts {
                match object::resolve(document, part).ok_or_else(missing)? {
                    Object::Stream(part) => {
                        joined.extend(stream::decode(document, part, &what, budget)?);
                        joined.push(b'\n');
                    }
                    Object::Null => {}
                    _ => return Err(missing()),
                }
            }
            Ok(joined)
        }
        Object::Null => Ok(Vec::new()),
        _ => Err(missing()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::Limits;
    use super::*;

    #[test]
    fn a_file_without_its_end_mark_is_cut_only_if_the_table_was_rebuilt() {
        assert!(ends_early(b"1 0 obj endobj", true).is_some());
        assert!(ends_early(b"1 0 obj endobj", false).is_none());
        assert!(ends_early(b"1 0 obj endobj %%EOF\n", true).is_none());
        assert!(ends_early(b"%%EOF\n9 0 obj <<", false).is_some());
    }

    #[test]
    fn other_files_and_empty_ones_are_named() {
        let budget = Budget::new(Limits::default());
        assert_eq!(open(b"", None, &budget).err(), Some(PdfError::Empty));
        let error = open(b"PK\x03\x04", None, &budget).err();
        assert!(matches!(error, Some(PdfError::NotPdf { found }) if found == "a ZIP archive"));
    }

    #[test]
    fn turned_and_shifted_pages_come_upright() {
        let dictionary = Dictionary::new();
        let area = Area { x0: 10.0, y0: 20.0, x1: 110.0, y1: 220.0 };
        let page = |quarters| Page { dictionary: &dictionary, resources: None, area, quarters, unit: 1.0 };
        // The lower left corner of the sheet, seen after each turn.
        assert_eq!(page(0).upright().apply(10.0, 20.0), (0.0, 200.0));
        assert_eq!(page(1).upright().apply(10.0, 20.0), (0.0, 0.0));
        assert_eq!(page(2).upright().apply(10.0, 20.0), (100.0, 0.0));
        assert_eq!(page(3).upright().apply(10.0, 20.0), (200.0, 100.0));
        assert_eq!(page(1).size(), (200.0, 100.0));
    }
}
