//! A mail as it came over SMTP, read as far as a test needs it: RFC 5322 headers, RFC 2045
//! encodings, RFC 2047 words.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The sender on the envelope.
    pub from: String,
    /// The receivers on the envelope.
    pub to: Vec<String>,
    /// Headers and body as they came.
    pub data: String,
}

impl Letter {
    /// The subject in words.
    pub fn subject(&self) -> String {
        let subject = header(&self.data, "Subject").unwrap_or_default();
        let mut words = String::new();
        let mut was_encoded = false;
        for (index, word) in subject.split_whitespace().enumerate() {
            let encoded = encoded_word(word);
            // White space between two encoded words is not part of the text.
            if index > 0 && !(was_encoded && encoded.is_some()) {
                words.push(' ');
            }
            was_encoded = encoded.is_some();
            words.push_str(encoded.as_deref().unwrap_or(word));
        }
        words
    }

    /// The text of the part of this media type, for instance `text/plain`; empty when there
    /// is none.
    pub fn part(&self, media_type: &str) -> String {
        let start = format!("Content-Type: {media_type}");
        let Some(at) = self.data.find(&start) else { return String::new() };
        // A part's other headers may stand before this one, after the boundary.
        let from = self.data[..at].rfind("\n--").map_or(0, |boundary| boundary + 1);
        let part = &self.data[from..];
        let (head, body) = part.split_once("\r\n\r\n").unwrap_or((part, ""));
        let body = body.find("\r\n--").map_or(body, |end| &body[..end]);
        let bytes = match header(head, "Content-Transfer-Encoding").as_deref() {
            Some("base64") => {
                let packed: String = body.split_whitespace().collect();
                STANDARD.decode(packed).unwrap_or_default()
            }
            Some("quoted-printable") => quoted_printable(body),
            _ => body.as_bytes().to_vec(),
        };
        String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
    }
}

/// A header's value with its folded lines joined.
fn header(text: &str, name: &str) -> Option<String> {
    let head = text.split("\r\n\r\n").next()?;
    let joined = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut lines = joined.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
}

/// `=?utf-8?b?…?=`.
fn encoded_word(word: &str) -> Option<String> {
    let inner = word.strip_prefix("=?")?.strip_suffix("?=")?;
    let mut fields = inner.splitn(3, '?');
    let (_, kind, text) = (fields.next()?, fields.next()?, fields.next()?);
    let bytes = match kind {
        "b" | "B" => STANDARD.decode(text).ok()?,
        _ => quoted_printable(&text.replace('_', " ")),
    };
    String::from_utf8(bytes).ok()
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'=' {
            bytes.push(first);
        } else if let Some(next) = after.strip_prefix(b"\r\n") {
            rest = next;
        } else {
            let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
            if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                bytes.push(byte);
                rest = &after[2..];
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subject_and_parts_are_decoded() {
        let data = "Subject: =?utf-8?b?4p2M?= plain words\r\nContent-Type: multipart/alternative;\r\n boundary=\"x\"\r\n\r\n\
             --x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
             caf=C3=A9 =\r\nau lait\r\n--x\r\nContent-Transfer-Encoding: base64\r\nContent-Type: text/html\r\n\r\nPGI+\r\n--x--\r\n";
        let letter = Letter { from: String::new(), to: Vec::new(), data: data.into() };
        assert_eq!(letter.subject(), "❌ plain words");
        assert_eq!(
            (letter.part("text/plain"), letter.part("text/html")),
            ("café au lait".into(), "<b>".into())
        );
    }
}
