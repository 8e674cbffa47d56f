//! Long texts in parts that a service takes, every part with its tags whole.
//!
//! Counted in UTF-16 units, markup included, as Telegram does or more strictly than it.

/// UTF-16 units of a text.
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text in parts of at most `limit` units: cut at a line's end where possible, else
/// at a space, else between two letters. Tags open at a cut are closed there and opened
/// again in the next part; entities like `&amp;` stay whole.
pub fn split(html: &str, limit: usize) -> Vec<String> {
    let tokens = tokens(html);
    let mut parts = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut start = 0;
    while start < tokens.len() {
        let end = cut(&tokens, start, &open, limit);
        let mut part: String = open.concat();
        part.extend(tokens[start..end].iter().copied());
        for token in &tokens[start..end] {
            track(&mut open, token);
        }
        // White space at a cut is the cut.
        part.truncate(part.trim_end().len());
        part.extend(open.iter().rev().map(|tag| closing(tag)));
        parts.push(part);
        start = end;
        while tokens.get(start).is_some_and(|token| matches!(*token, " " | "\n")) {
            start += 1;
        }
    }
    parts
}

/// The token after the part that begins at `start` under these open tags.
fn cut(tokens: &[&str], start: usize, open: &[&str], limit: usize) -> usize {
    let mut open = open.to_vec();
    let mut used: usize = open.iter().map(|tag| units(tag)).sum();
    let (mut line, mut space, mut last) = (None, None, None);
    for (index, token) in tokens.iter().enumerate().skip(start) {
        used += units(token);
        track(&mut open, token);
        let closed: usize = open.iter().map(|tag| units(&closing(tag))).sum();
        if used + closed > limit {
            // At least one token, so that there is an end to it.
            return line.or(space).or(last).unwrap_or(start + 1);
        }
        match *token {
            "\n" => line = Some(index + 1),
            " " => space = Some(index + 1),
            _ => {}
        }
        last = Some(index + 1);
    }
    tokens.len()
}

/// Tags, entities and letters, each for itself.
fn tokens(html: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = html;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '<' => rest.find('>').map(|end| end + 1),
            '&' => rest.find(';').map(|end| end + 1).filter(|end| *end <= "&quot;".len()),
            _ => None,
        };
        let (token, after) = rest.split_at(end.unwrap_or(first.len_utf8()));
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// Keeps account of the open tags.
fn track<'a>(open: &mut Vec<&'a str>, token: &'a str) {
    if token.starts_with("</") {
        open.pop();
    } else if token.len() > 1 && token.starts_with('<') {
        open.push(token);
    }
}

/// The tag that closes this one.
fn closing(tag: &str) -> String {
    let name = tag.trim_matches(['<', '>']).split(' ').next().unwrap_or_default();
    format!("</{name}>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plain;

    #[test]
    fn a_short_text_stays_whole() {
        assert_eq!(split("<b>a</b> b", 20), ["<b>a</b> b"]);
        assert!(split("", 20).is_empty());
    }

    #[test]
    fn lines_stay_whole_where_they_can() {
        assert_eq!(split("one two\nthree four\nfive", 12), ["one two", "three four", "five"]);
        assert_eq!(split("one two three", 8), ["one two", "three"]);
    }

    #[test]
    fn tags_are_closed_and_opened_again() {
        assert_eq!(split("<b>aaaa bbbb</b>", 12), ["<b>aaaa</b>", "<b>bbbb</b>"]);
    }

    #[test]
    fn units_are_utf_16_and_letters_and_entities_stay_whole() {
        assert_eq!(units("💡a"), 3);
        assert_eq!(split("💡💡💡", 4), ["💡💡", "💡"]);
        assert_eq!(split("&amp;&amp;&amp;", 11), ["&amp;&amp;", "&amp;"]);
    }

    #[test]
    fn every_part_fits_is_well_formed_and_nothing_is_lost() {
        let line = "<b>Toko</b>: <code>R&amp;D &lt;💡&gt; kata panjang</code>";
        let text = [line; 400].join("\n");
        let solid = format!("<code>{}</code>", "x💡&lt;".repeat(3000));
        for text in [text, solid] {
            let parts = split(&text, 4096);
            assert!(parts.len() > 1);
            for part in &parts {
                assert!(units(part) <= 4096);
                for tag in ["b", "code"] {
                    let count = |tag: String| part.matches(&tag).count();
                    assert_eq!(count(format!("<{tag}>")), count(format!("</{tag}>")));
                }
            }
            let letters = |text: &str| plain(text).split_whitespace().collect::<String>();
            assert_eq!(letters(&parts.concat()), letters(&text));
        }
    }
}
