//! What a file is, by its content; and what it is instead, in words.

use exporter_core::{Error, ErrorKind, FileKind};

/// How far into a text file is looked.
const HEAD: usize = 64 << 10;

/// Signatures of files that never hold a table of ours, with their names.
const OTHERS: [(&[u8], &str); 8] = [
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"%!PS", "a PostScript file"),
    (b"{\\rtf", "a rich-text document"),
];

/// Tells what a file is by its content, never by its name.
///
/// # Errors
/// [`ErrorKind::EmptyFile`], or [`ErrorKind::WrongFile`] that names what it is instead,
/// a web page by its title.
pub fn sniff(bytes: &[u8]) -> Result<FileKind, Error> {
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::EmptyFile, "the file is empty (0 bytes)").hint("export it again"));
    }
    if let Some((_, name)) = OTHERS.iter().find(|(sign, _)| bytes.starts_with(sign)) {
        return Err(wrong(name));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return zip_kind(bytes);
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return if find(bytes, b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0") {
            Err(Error::new(ErrorKind::ProtectedFile, "the workbook is protected by a password")
                .hint("take the password off in Excel, or export it without one"))
        } else {
            Ok(FileKind::Xls)
        };
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    // A PDF may have junk before its header: readers look at the first kilobyte.
    if find(&head[..head.len().min(1024)], b"%PDF-") {
        return Ok(FileKind::Pdf);
    }
    text_kind(head)
}

fn zip_kind(bytes: &[u8]) -> Result<FileKind, Error> {
    if find(bytes, b"xl/workbook.bin") {
        Ok(FileKind::Xlsb)
    } else if find(bytes, b"xl/workbook.xml") || find(bytes, b"xl/worksheets") {
        Ok(FileKind::Xlsx)
    } else if find(bytes, b"application/vnd.oasis.opendocument.spreadsheet") {
        Ok(FileKind::Ods)
    } else {
        Err(wrong("a ZIP archive without a workbook in it"))
    }
}

fn text_kind(head: &[u8]) -> Result<FileKind, Error> {
    let text = super::csv::decode_head(head);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("<?xml") && lower.contains("urn:schemas-microsoft-com:office:spreadsheet") {
        return Ok(FileKind::XmlSpreadsheet);
    }
    if lower.starts_with("<?xml") && lower.contains("urn:oasis:names:tc:opendocument:xmlns:office") {
        return Ok(FileKind::Ods);
    }
    if lower.starts_with('<')
        && ["<html", "<table", "<!doctype html", "<head", "<body"].iter().any(|tag| lower.contains(tag))
    {
        return web_page(text, &lower);
    }
    if lower.starts_with('<') {
        return Err(wrong("an XML document"));
    }
    // What kind of answer it is shows only when it is read as a whole.
    if lower.starts_with('{') || lower.starts_with('[') {
        return Ok(FileKind::Json);
    }
    let binary = text.chars().take(4096).any(|c| c.is_control() && !c.is_whitespace());
    if binary || text.is_empty() {
        return Err(wrong("some binary file"));
    }
    Ok(FileKind::Csv)
}

/// A web page with a table is a file that panels hand out as `.xls`. A page with a form is
/// a page of the panel itself, and one that asks for a password its login.
fn web_page(text: &str, lower: &str) -> Result<FileKind, Error> {
    let password = ["type=\"password\"", "type='password'", "type=password"];
    let login = password.iter().any(|input| lower.contains(input));
    let form = lower.contains("<form") || lower.contains("<input");
    if !login && !form && lower.contains("<table") {
        return Ok(FileKind::Html);
    }
    let page = match (login, form) {
        (true, _) => "a login page",
        (false, true) => "a web page with a form",
        (false, false) => "a web page",
    };
    Err(match title(text, lower) {
        Some(title) => wrong(&format!("{page} titled \"{title}\"")),
        None => wrong(page),
    })
}

/// The text of `<title>`, white space folded, at most 80 characters.
fn title(text: &str, lower: &str) -> Option<String> {
    let start = lower.find("<title")?;
    let open = start + lower[start..].find('>')? + 1;
    let close = open + lower[open..].find('<')?;
    // Lower-casing ASCII keeps byte positions.
    let title = text.get(open..close)?.split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then(|| title.chars().take(80).collect())
}

fn wrong(found: &str) -> Error {
    Error::new(ErrorKind::WrongFile, format!("this is no file with a table but {found}"))
        .hint("open the panel and look at what the export answers")
}

fn find(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_content() {
        assert_eq!(sniff(b"junk\n%PDF-1.4").unwrap(), FileKind::Pdf);
        assert_eq!(sniff(b"PK\x03\x04....xl/workbook.xml").unwrap(), FileKind::Xlsx);
        assert_eq!(sniff(b"ID;Nama\n1;Budi\n").unwrap(), FileKind::Csv);
        assert_eq!(sniff(b"<table><tr><td>ID</td></tr></table>").unwrap(), FileKind::Html);
    }

    #[test]
    fn what_is_no_table_is_named() {
        let page =
            b"<!DOCTYPE html><title>Masuk</title><form><input type=\"password\"></form><table></table>";
        let form =
            b"<html><title>Masuk | Admin</title><form><table><tr><td><input name=email></table></form>";
        for (bytes, words) in [
            (&form[..], "a web page with a form titled \"Masuk | Admin\""),
            (&page[..], "a login page titled \"Masuk\""),
            (b"PK\x03\x04docs", "a ZIP archive"),
            (b"\x89PNG\r\n", "a PNG picture"),
            (b"\x01\x02\x03", "some binary file"),
        ] {
            let error = sniff(bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongFile);
            assert!(error.to_string().contains(words), "{error}");
        }
        assert_eq!(sniff(b"").unwrap_err().kind(), ErrorKind::EmptyFile);
    }
}
