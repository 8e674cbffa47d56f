//! Notes, errors and hints in another language: the text itself is the key, as in gettext,
//! so that whoever writes one need not know of languages. What has no translation stays.

/// A text with holes, in two languages.
struct Phrase {
    original: Vec<Piece>,
    translated: Vec<Piece>,
}

enum Piece {
    Words(&'static str),
    Hole(&'static str),
}

/// Holes that are filled with words of ours, and not with data.
const WORDS: [&str; 4] = ["what", "who", "found", "weekday"];

/// The phrases of one language.
pub struct Phrasebook(Vec<Phrase>);

impl Phrasebook {
    /// Reads lines `original => translated` with `{holes}`; empty lines and lines that begin
    /// with `#` are not part of it.
    pub fn parse(file: &'static str) -> Self {
        let lines = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let phrases = lines.filter_map(|line| line.split_once(" => ")).map(|(original, translated)| Phrase {
            original: pieces(original),
            translated: pieces(translated),
        });
        Self(phrases.collect())
    }

    /// The text in this language. Of a text that goes on in brackets or with a cause, each
    /// part is translated as far as it is known.
    pub fn translate(&self, text: &str) -> String {
        if let Some(translated) = self.whole(text) {
            return translated;
        }
        for sign in [" (", "; ", ": "] {
            let Some((sentence, rest)) = text.split_once(sign) else { continue };
            let Some(sentence) = self.whole(sentence) else { continue };
            let rest = if sign == " (" { self.facts(rest) } else { self.translate(rest) };
            return format!("{sentence}{sign}{rest}");
        }
        text.to_owned()
    }

    /// What stands in brackets, as `name: value, name: value`: the names.
    fn facts(&self, text: &str) -> String {
        let fact = |fact: &str| match fact.split_once(": ") {
            Some((name, value)) => {
                format!("{}: {value}", self.whole(name).unwrap_or_else(|| name.to_owned()))
            }
            None => fact.to_owned(),
        };
        text.split(", ").map(fact).collect::<Vec<_>>().join(", ")
    }

    fn whole(&self, text: &str) -> Option<String> {
        self.0.iter().find_map(|phrase| {
            let found = holes(&phrase.original, text)?;
            let piece = |piece: &Piece| match piece {
                Piece::Words(words) => (*words).to_owned(),
                Piece::Hole(name) => {
                    let value = found.iter().find(|(known, _)| known == name).map_or("", |(_, value)| *value);
                    match *name {
                        // A cause goes on in brackets, or with a cause of its own.
                        "why" => self.translate(value),
                        name if WORDS.contains(&name) => {
                            self.whole(value).unwrap_or_else(|| value.to_owned())
                        }
                        // Data stays as it is.
                        _ => value.to_owned(),
                    }
                }
            };
            Some(phrase.translated.iter().map(piece).collect())
        })
    }
}

fn pieces(mut text: &'static str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    while let Some((words, (name, after))) =
        text.split_once('{').and_then(|(words, rest)| Some((words, rest.split_once('}')?)))
    {
        pieces.extend([Piece::Words(words), Piece::Hole(name)]);
        text = after;
    }
    pieces.push(Piece::Words(text));
    pieces
}

/// What fills the holes, if the text is this phrase; each hole ends where the words after it
/// begin for the first time.
fn holes<'a>(pieces: &[Piece], text: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let (mut rest, mut found) = (text, Vec::new());
    let mut open = None;
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Hole(name) => open = Some(*name),
            Piece::Words(words) => {
                let last = index + 1 == pieces.len();
                let at = match (open.take(), last) {
                    (None, _) => rest.starts_with(words).then_some(0)?,
                    (Some(name), last) => {
                        let at = if last { rest.strip_suffix(words)?.len() } else { rest.find(words)? };
                        found.push((name, &rest[..at]));
                        at
                    }
                };
                rest = &rest[at + words.len()..];
            }
        }
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# a comment\nthe tab `{tab}` is new => tab `{tab}` baru\n\
                        no answer => tidak ada jawaban\n{a} of {b} rows => dari {b} baris, {a}\n\
                        cut off: {why} => putus: {why}\n{what} was not found => {what} tidak ditemukan\n\
                        page => halaman\n";

    #[test]
    fn holes_keep_what_is_in_them_and_the_rest_is_translated() {
        let book = Phrasebook::parse(FILE);
        for (text, translated) in [
            ("the tab `a `b` c` is new", "tab `a `b` c` baru"),
            ("3 of 12 rows", "dari 12 baris, 3"),
            ("no answer", "tidak ada jawaban"),
            ("no answer (page: http://x, status: 503)", "tidak ada jawaban (halaman: http://x, status: 503)"),
            ("cut off: no answer; no answer", "putus: tidak ada jawaban; tidak ada jawaban"),
            ("the tab `page` is new", "tab `page` baru"),
            ("no answer was not found", "tidak ada jawaban tidak ditemukan"),
            ("no answer: cut (off)", "tidak ada jawaban: cut (off)"),
            ("no answers", "no answers"),
            ("something else (no answer)", "something else (no answer)"),
            ("", ""),
        ] {
            assert_eq!(book.translate(text), translated);
        }
    }

    #[test]
    fn each_translation_has_the_holes_of_its_original() {
        let book = Phrasebook::parse(include_str!("id.phrases.txt"));
        assert!(book.0.len() > 50);
        let names = |pieces: &[Piece]| {
            let names = pieces.iter().filter_map(|piece| match piece {
                Piece::Hole(name) => Some(*name),
                Piece::Words(_) => None,
            });
            let mut names: Vec<&str> = names.collect();
            names.sort_unstable();
            names
        };
        for phrase in &book.0 {
            assert_eq!(names(&phrase.original), names(&phrase.translated));
        }
    }
}
