//! The few tags that messages use: escaping data, and going back to plain text.

/// Text that may stand anywhere between tags: the three characters that mean something
/// are escaped, and what could rearrange the message (line breaks, control characters,
/// marks that turn the writing direction) is a space or gone.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' | '\r' | '\t' => out.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            control if control.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

/// What a person sees of a marked-up text: without tags, escapes undone.
pub fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut in_tag = false;
    for letter in html.chars() {
        match letter {
            '<' => in_tag = true,
            '>' => in_tag = false,
            other if !in_tag => out.push(other),
            _ => {}
        }
    }
    // The ampersand last: it may begin what looks like another escape.
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_become_markup_and_comes_back_plain() {
        for data in ["<b>Toko & Co</b>", "a < b > c", "&lt;b&gt;", "&amp;amp;", "</code><a href=\"x\">", "<"]
        {
            let escaped = escape(data);
            assert!(!escaped.contains(['<', '>']), "{escaped}");
            assert_eq!(plain(&format!("<code>{escaped}</code>")), data);
        }
    }

    #[test]
    fn data_cannot_rearrange_the_message() {
        assert_eq!(escape("a\nb\u{202e}c\u{0}d"), "a bcd");
    }
}
