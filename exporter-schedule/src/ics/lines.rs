//! The lines of an iCalendar file (RFC 5545, 3.1): unfolded, each with its number, its name
//! and its value.

/// A line of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it begins in the file, from 1.
    pub number: usize,
    /// Its name in capitals, without parameters.
    pub name: String,
    /// What it says.
    pub value: String,
}

impl Line {
    /// As an error names it.
    pub fn place(&self) -> String {
        format!("line {}: `{}:{}`", self.number, self.name, self.value)
    }
}

/// All lines that have a name and a value. What was folded is one line again.
pub fn lines(text: &str) -> Vec<Line> {
    let mut whole: Vec<(usize, String)> = Vec::new();
    // Windows writes a mark at the beginning that is no part of the text.
    for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1..) {
        match (line.strip_prefix([' ', '\t']), whole.last_mut()) {
            (Some(rest), Some((_, last))) => last.push_str(rest),
            _ => whole.push((number, line.to_owned())),
        }
    }
    whole.into_iter().filter_map(|(number, text)| line(number, &text)).collect()
}

/// `NAME;PARAMETER="with: a colon":value`.
fn line(number: usize, text: &str) -> Option<Line> {
    let mut quoted = false;
    let outside = |c: char| {
        quoted ^= c == '"';
        c == ':' && !quoted
    };
    let at = text.find(outside)?;
    let (head, value) = (&text[..at], text[at + 1..].trim());
    let name = head.split(';').next().unwrap_or_default().trim().to_ascii_uppercase();
    Some(Line { number, name, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_lines_are_one_and_quoted_colons_are_no_end_of_a_name() {
        let text = "\u{feff}BEGIN:VCALENDAR\r\ndtstart;TZID=\"(UTC+07:00) Jakarta\":2026\r\n 0101T000000\r\n\r\nno line\r\nEND:VCALENDAR";
        let read: Vec<String> = lines(text).iter().map(Line::place).collect();
        assert_eq!(
            read,
            ["line 1: `BEGIN:VCALENDAR`", "line 2: `DTSTART:20260101T000000`", "line 6: `END:VCALENDAR`"]
        );
    }
}
