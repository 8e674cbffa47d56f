//! Parse mode `Markdown`, the old one: four marks, nothing nested
//! (core.telegram.org/bots/api#markdown-style).

use super::{Formatted, Output, Style, link};

/// Reads a text; the error says where what is not finished begins.
pub(super) fn parse(text: &str) -> Result<Formatted, String> {
    let mut output = Output::default();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        let escaped = rest.strip_prefix('\\').filter(|rest| rest.starts_with(['_', '*', '`', '[']));
        if let Some(mark) = escaped.and_then(|rest| rest.chars().next()) {
            output.push(mark);
            at += 2;
        } else if "_*`[".contains(letter) {
            at += part(rest, &mut output)
                .ok_or_else(|| format!("Can't find end of the entity starting at byte offset {at}"))?;
        } else {
            output.push(letter);
            at += letter.len_utf8();
        }
    }
    Ok(output.done())
}

/// Reads the marked part at the beginning; gives its length in bytes if it ends.
fn part(rest: &str, output: &mut Output) -> Option<usize> {
    let offset = output.units;
    let mark = ["```", "`", "*", "_", "["].into_iter().find(|mark| rest.starts_with(mark))?;
    let end = if mark == "[" { "]" } else { mark };
    let body = &rest[mark.len()..];
    let body = &body[..body.find(end)?];
    let mut length = mark.len() + body.len() + end.len();
    body.trim_start_matches(|letter| mark == "```" && letter == '\n')
        .chars()
        .for_each(|letter| output.push(letter));
    let style = match mark {
        "```" => Style::Pre(None),
        "`" => Style::Code,
        "*" => Style::Bold,
        "_" => Style::Italic,
        _ => {
            let behind = rest[length..].strip_prefix('(');
            let address = behind.map(|behind| &behind[..behind.find(')').unwrap_or(behind.len())]);
            length += address.map_or(0, |address| address.len() + 2);
            length = length.min(rest.len());
            match link(address.unwrap_or(body)) {
                Some(link) => link,
                None => return Some(length),
            }
        }
    };
    output.style(style, offset);
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_marks_and_an_escape() {
        let read = parse("*tebal* _miring_ `a*b` [buka](toko.test) \\_x 2*").unwrap_err();
        assert_eq!(read, "Can't find end of the entity starting at byte offset 46");
        let read = parse("*tebal* _miring_ `a*b` [buka](toko.test) \\_x").unwrap();
        assert_eq!(read.text, "tebal miring a*b buka _x");
        assert_eq!(read.entities.len(), 4);
    }
}
