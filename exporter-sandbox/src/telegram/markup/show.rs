//! Formatted text as HTML for the page: everything escaped, only our own tags.

use super::{Entity, Formatted, Style};

/// HTML that shows a text; nothing in the text can become markup.
pub(in crate::telegram) fn show(formatted: &Formatted) -> String {
    let mut html = String::new();
    let mut open: Vec<&Entity> = Vec::new();
    let mut coming = formatted.entities.iter().peekable();
    let mut at = 0;
    for letter in formatted.text.chars() {
        close(&mut open, at, &mut html);
        while let Some(entity) = coming.next_if(|entity| entity.offset <= at) {
            html.push_str(&begin(&entity.style));
            open.push(entity);
        }
        html.push_str(&escaped(letter));
        at += letter.len_utf16();
    }
    close(&mut open, usize::MAX, &mut html);
    html
}

/// Ends what ends here, innermost first. Parts are nested, as all parsers make them.
fn close(open: &mut Vec<&Entity>, at: usize, html: &mut String) {
    while let Some(entity) = open.pop_if(|entity| entity.offset + entity.length <= at) {
        html.push_str(end(&entity.style));
    }
}

fn begin(style: &Style) -> String {
    let tag = match style {
        Style::Bold => "<b>",
        Style::Italic => "<i>",
        Style::Underline => "<u>",
        Style::Strikethrough => "<s>",
        Style::Spoiler => "<span class=\"spoiler\">",
        Style::Blockquote { .. } => "<blockquote>",
        Style::Code => "<code>",
        Style::Pre(_) => "<pre>",
        Style::CustomEmoji(_) | Style::BotCommand => "<span>",
        Style::TextLink(address) => {
            let address: String = address.chars().map(escaped).collect();
            return format!("<a rel=\"noreferrer\" href=\"{address}\">");
        }
    };
    tag.to_owned()
}

fn end(style: &Style) -> &'static str {
    match style {
        Style::Bold => "</b>",
        Style::Italic => "</i>",
        Style::Underline => "</u>",
        Style::Strikethrough => "</s>",
        Style::Spoiler | Style::CustomEmoji(_) | Style::BotCommand => "</span>",
        Style::Blockquote { .. } => "</blockquote>",
        Style::Code => "</code>",
        Style::Pre(_) => "</pre>",
        Style::TextLink(_) => "</a>",
    }
}

fn escaped(letter: char) -> String {
    match letter {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        _ => letter.to_string(),
    }
}

/// A plain text for an HTML page.
pub(in crate::telegram) fn plain(text: &str) -> String {
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_becomes_markup() {
        let read = Formatted::read(
            "<b>a<i>&lt;script&gt;</i></b> &amp; <a href=\"http://x.test/'\">b</a>",
            Some("HTML"),
        );
        assert_eq!(
            show(&read.unwrap()),
            "<b>a<i>&lt;script&gt;</i></b> &amp; <a rel=\"noreferrer\" href=\"http://x.test/&#39;\">b</a>"
        );
    }
}
