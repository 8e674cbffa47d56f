//! Names what a file is that is not a PDF.

/// What `bytes` look like, for a message: "a ZIP archive", "a web page titled …".
pub(super) fn describe(bytes: &[u8]) -> String {
    const SIGNATURES: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "a ZIP archive"),
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"\xd0\xcf\x11\xe0", "an old Office document (xls, doc)"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"%!PS", "a PostScript file"),
        (b"{\\rtf", "a rich-text document"),
        (b"Rar!", "a RAR archive"),
        (b"7z\xbc\xaf", "a 7-Zip archive"),
    ];
    if let Some((_, name)) = SIGNATURES.iter().find(|(sign, _)| bytes.starts_with(sign)) {
        if *name == "a ZIP archive" && contains(bytes, b"xl/") {
            return "an Excel workbook (xlsx)".into();
        }
        return (*name).into();
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(64 << 10)]);
    let text = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.contains("<html") || lower.contains("<head") {
        return web_page(text, &lower);
    }
    if lower.starts_with("<?xml") {
        return "an XML document".into();
    }
    if text.starts_with('{') || text.starts_with('[') {
        return "a JSON answer".into();
    }
    let printable = text.chars().take(512).all(|c| !c.is_control() || c.is_whitespace());
    if printable && !text.is_empty() && !text.contains('\u{fffd}') {
        let start: String = text.lines().next().unwrap_or_default().chars().take(60).collect();
        return format!("a text that begins \"{start}\"");
    }
    "some other binary file".into()
}

fn web_page(text: &str, lower: &str) -> String {
    let kind = if lower.contains("type=\"password\"") || lower.contains("type='password'") {
        "a login page (the session has ended)"
    } else {
        "a web page"
    };
    let title = lower.find("<title").and_then(|start| {
        let open = start + lower[start..].find('>')? + 1;
        let close = open + lower[open..].find('<')?;
        // Lower-casing ASCII keeps byte positions.
        let title = text.get(open..close)?;
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        (!title.is_empty()).then_some(title)
    });
    match title {
        Some(title) => {
            let title: String = title.chars().take(80).collect();
            format!("{kind} titled \"{title}\"")
        }
        None => kind.into(),
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn kinds_are_named() {
        assert_eq!(describe(b"PK\x03\x04rest"), "a ZIP archive");
        assert_eq!(describe(b"PK\x03\x04..xl/workbook.xml"), "an Excel workbook (xlsx)");
        assert_eq!(describe(b" {\"error\": 1}"), "a JSON answer");
        assert_eq!(describe(b"not found"), "a text that begins \"not found\"");
        assert_eq!(describe(&[0, 1, 2, 255]), "some other binary file");
    }

    #[test]
    fn a_login_page_is_told_by_its_title() {
        let page =
            b"<!DOCTYPE html><HTML><title>\n Masuk \xe2\x80\x94 Panel</title><input type=\"password\">";
        assert_eq!(describe(page), "a login page (the session has ended) titled \"Masuk \u{2014} Panel\"");
    }
}
