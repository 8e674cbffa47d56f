//! How people write days in a configuration: `DD/MM/YYYY`, `{first}`, `{last:D MMM YYYY}`.

/// Letters and what they are for chrono; the longer come first.
const LETTERS: [(&str, &str, char); 8] = [
    ("YYYY", "%Y", 'Y'),
    ("MMMM", "%B", 'M'),
    ("MMM", "%b", 'M'),
    ("YY", "%y", 'Y'),
    ("MM", "%m", 'M'),
    ("DD", "%d", 'D'),
    ("M", "%-m", 'M'),
    ("D", "%-d", 'D'),
];

/// A format for chrono; `None` unless year, month and day are there once each.
pub(super) fn letters(written: &str) -> Option<String> {
    let mut format = String::new();
    let mut parts = String::new();
    let mut rest = written;
    while let Some(next) = rest.chars().next() {
        if let Some((letters, chrono, part)) = LETTERS.iter().find(|(letters, ..)| rest.starts_with(letters))
        {
            format.push_str(chrono);
            parts.push(*part);
            rest = &rest[letters.len()..];
        } else {
            if next == '%' {
                return None;
            }
            format.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    let once = |part: char| parts.chars().filter(|other| *other == part).count() == 1;
    (once('Y') && once('M') && once('D')).then_some(format)
}

/// The pattern for a text with `{first}`, `{last}` or `{until}` (the day after the last)
/// in it, in this format for chrono unless one stands with it.
pub(super) fn pattern(text: &str, format: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('{') {
        out.push_str(before);
        let place = tail.split_once('}').and_then(|(place, after)| {
            let (word, own) = place.split_once(':').map_or((place, None), |(word, own)| (word, Some(own)));
            ["first", "last", "until"].contains(&word).then_some((word, own, after))
        });
        if let Some((word, own, after)) = place {
            let format = own.map_or_else(|| Some(format.to_owned()), letters)?;
            out.extend(["{{", word, " ", &format, "}}"]);
            rest = after;
        } else {
            out.push('{');
            rest = tail;
        }
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        assert_eq!(letters("DD/MM/YYYY").as_deref(), Some("%d/%m/%Y"));
        assert_eq!(letters("YYYY-MM-DD 00:00").as_deref(), Some("%Y-%m-%d 00:00"));
        assert_eq!(letters("D MMM YY").as_deref(), Some("%-d %b %y"));
        for wrong in ["%d/MM/YYYY", "DD/MM", "DD/DD/MM/YYYY", ""] {
            assert_eq!(letters(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn patterns() {
        let made = |text| pattern(text, "%Y-%m-%d");
        assert_eq!(
            made("/x?a={first}&b={last:DD.MM.YYYY}").as_deref(),
            Some("/x?a={{first %Y-%m-%d}}&b={{last %d.%m.%Y}}")
        );
        assert_eq!(made("{\"a\":{}} {until}").as_deref(), Some("{\"a\":{}} {{until %Y-%m-%d}}"));
        assert_eq!(made("{first:YYYY}"), None);
    }
}
