//! One text file per language: sections of lines with `{placeholders}`, and words.

use std::collections::HashMap;

use super::markup::escape;

/// What a placeholder stands for.
pub enum Value {
    /// Data: escaped.
    Text(String),
    /// Already marked up: put in as it is.
    Markup(String),
    /// Nothing: the line it stands in is left out.
    Nothing,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

/// The sections and words of one language.
pub struct Templates {
    sections: HashMap<&'static str, Vec<&'static str>>,
    words: HashMap<&'static str, &'static str>,
}

impl Templates {
    /// Reads a file of sections (`[name]`, then lines) with the words in `[words]`
    /// (`name = text`). Empty lines and lines that begin with `#` are not part of it.
    pub fn parse(file: &'static str) -> Self {
        let mut sections: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut section = "";
        for line in file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                Some(name) => section = name,
                None => sections.entry(section).or_default().push(line),
            }
        }
        let words = sections.remove("words").unwrap_or_default();
        let words = words.into_iter().filter_map(|line| line.split_once(" = ")).collect();
        Self { sections, words }
    }

    /// A word or phrase of the language; its name where the language lacks it.
    pub fn word(&self, name: &'static str) -> &'static str {
        self.words.get(name).copied().unwrap_or(name)
    }

    /// A phrase with its placeholders filled in by plain text.
    pub fn phrase(&self, name: &'static str, values: &[(&str, &str)]) -> String {
        let mut text = self.word(name).to_owned();
        for (key, value) in values {
            text = text.replace(&format!("{{{key}}}"), value);
        }
        text
    }

    /// A section with its placeholders filled in; lines without a value are left out.
    pub fn fill(&self, section: &str, values: &[(&str, Value)]) -> String {
        let lines = self.sections.get(section).map(Vec::as_slice).unwrap_or_default();
        let filled: Vec<String> = lines.iter().filter_map(|line| fill_line(line, values)).collect();
        filled.join("\n")
    }
}

/// One line in one pass, so that a value that looks like a placeholder stays data.
fn fill_line(line: &str, values: &[(&str, Value)]) -> Option<String> {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        out.push_str(before);
        match values.iter().find(|(key, _)| *key == name) {
            Some((_, Value::Text(text))) => out.push_str(&escape(text)),
            Some((_, Value::Markup(markup))) => out.push_str(markup),
            Some((_, Value::Nothing)) | None => return None,
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# a comment\n[greeting]\n<b>{name}</b>\nage {age}\n\n[words]\nspan = {from}-{to}\n";

    #[test]
    fn a_line_without_its_value_is_left_out() {
        let templates = Templates::parse(FILE);
        let name = || ("name", Value::from("<{age}>"));
        assert_eq!(templates.fill("greeting", &[name(), ("age", Value::Nothing)]), "<b>&lt;{age}&gt;</b>");
        assert_eq!(templates.fill("greeting", &[name(), ("age", "3".into())]), "<b>&lt;{age}&gt;</b>\nage 3");
    }

    #[test]
    fn every_message_names_the_shop() {
        let whole = [
            "run_started",
            "progress",
            "export_done",
            "export_empty",
            "export_failed",
            "summary",
            "system_error",
            "still_failing",
            "recovered",
            "interrupted",
            "standing",
            "warning",
            "all_clear",
            "daily",
            "answer",
            "help",
            "history",
            "not_done",
            "note_text",
            "code_wanted",
            "code_over",
        ];
        for file in [include_str!("id.txt"), include_str!("en.txt")] {
            let templates = Templates::parse(file);
            for section in whole {
                let lines = &templates.sections[section];
                assert!(lines[0].contains("<b>{store}</b>"), "{section}: {lines:?}");
            }
        }
    }

    #[test]
    fn phrases_are_plain() {
        assert_eq!(Templates::parse(FILE).phrase("span", &[("from", "a"), ("to", "b")]), "a-b");
    }
}
