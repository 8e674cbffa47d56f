//! The file name in a `Content-Disposition` header (RFC 6266), in both its forms.

use percent_encoding::percent_decode_str;

/// The name that the server gives the file: `filename*` where it is there and can be
/// read, else `filename`. It is for people; nobody may use it as a path.
pub(super) fn file_name(header: &str) -> Option<String> {
    let parameters = parameters(header);
    let value = |wanted: &str| {
        parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    value("filename*")
        .and_then(extended)
        .or_else(|| value("filename").map(str::to_owned))
        .filter(|name| !name.is_empty())
}

/// An extended value, `UTF-8'en'na%C3%AFve.pdf` (RFC 5987, 3.2).
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" => String::from_utf8(bytes).ok(),
        // Each byte of Latin-1 is the character of that number.
        "iso-8859-1" => Some(bytes.into_iter().map(char::from).collect()),
        _ => None,
    }
}

/// Name and value of each parameter; quoted strings without their quotes and escapes.
fn parameters(header: &str) -> Vec<(String, String)> {
    split(header)
        .iter()
        .skip(1)
        .filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_owned(), unquoted(value.trim())))
        })
        .collect()
}

/// The parts between semicolons that stand outside of quotes.
fn split(header: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for character in header.chars() {
        match character {
            ';' if !quoted => {
                parts.push(String::new());
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = quoted && character == '\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut out = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        // A backslash stands for the character after it (RFC 9110, 5.6.4).
        match character {
            '\\' => out.extend(characters.next()),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_name() {
        for (header, name) in [
            ("attachment; filename=\"a b.pdf\"", Some("a b.pdf")),
            ("attachment; filename=x.xlsx", Some("x.xlsx")),
            ("attachment; filename=\"a; b.pdf\"; size=3", Some("a; b.pdf")),
            ("attachment; filename=\"say \\\"hi\\\".csv\"", Some("say \"hi\".csv")),
            (
                "attachment; filename=\"EUR.csv\"; filename*=UTF-8''%e2%82%ac%20rates.csv",
                Some("\u{20ac} rates.csv"),
            ),
            ("attachment; FILENAME*=iso-8859-1'en'%A3%20rates.csv", Some("\u{a3} rates.csv")),
            ("attachment; filename*=utf-16''%00; filename=plain.csv", Some("plain.csv")),
            ("attachment; filename*=UTF-8''%ff; filename=plain.csv", Some("plain.csv")),
            ("attachment; filename=\"\"", None),
            ("inline", None),
        ] {
            assert_eq!(file_name(header).as_deref(), name, "{header}");
        }
    }
}
