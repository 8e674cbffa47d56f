//! Reading the file: every mistake is named with line, column and what was meant.

use std::ops::Range;
use std::path::Path;

use exporter_core::{Error, ErrorKind};
use exporter_sources::PanelConfig;

use super::model::{Config, Loaded};

/// Where somebody sees how it is done.
const EXAMPLE: &str = "`exporter demo --keep` prints the path of a complete example";

/// Reads and checks a configuration file.
///
/// # Errors
/// [`ErrorKind::Config`] with the place of the mistake.
pub fn load(path: &Path) -> Result<Loaded, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(ErrorKind::Config, format!("the configuration {} cannot be read", path.display()))
            .source(error)
            .hint(EXAMPLE)
    })?;
    let config: Config = toml::from_str(&text).map_err(|error| explain(path, &text, &error))?;
    let directory = path.parent().unwrap_or(Path::new("")).to_path_buf();
    Ok(Loaded { config, directory })
}

/// Reads and checks a file that describes a panel.
///
/// # Errors
/// [`ErrorKind::Config`] with the place of the mistake.
pub fn load_panel(path: &Path) -> Result<PanelConfig, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(
            ErrorKind::Config,
            format!("the description of the panel {} cannot be read", path.display()),
        )
        .source(error)
        .hint("`[panel] preset` is the name of a built-in panel, `none`, or the path of such a file")
    })?;
    toml::from_str(&text).map_err(|error| explain(path, &text, &error))
}

/// `FILE:LINE:COLUMN: what`, with the nearest name for a key that is not known.
fn explain(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let place = match error.span() {
        Some(span) => {
            let (line, column) = position(text, &span);
            format!("{}:{line}:{column}", path.display())
        }
        None => path.display().to_string(),
    };
    // The message alone: its printed form quotes the line, which may hold a secret.
    let message = error.message();
    let explained = Error::new(ErrorKind::Config, format!("{place}: {}", message.replace('\n', " ")));
    match nearest(message) {
        Some(name) => explained.hint(format!("did you mean `{name}`?")),
        None => explained.hint(advice(message)),
    }
}

/// What to do about a mistake, from the words of serde and of the TOML reader.
fn advice(message: &str) -> &'static str {
    let said = |part: &str| message.contains(part);
    if said("failed to parse timezone") {
        "name it by continent and city: Asia/Jakarta, Asia/Makassar, Asia/Jayapura, Europe/Berlin"
    } else if said("expected a string") {
        "put the value into quotes"
    } else if said("duplicate key") {
        "it is there twice in this section: take one away"
    } else if said("unknown field") || said("unknown variant") {
        "take it away, or write one of these"
    } else if said("missing field") {
        "add it to the section that begins at this line"
    } else if said("invalid type") || said("invalid value") {
        EXAMPLE
    } else {
        "every line is `[section]`, `key = \"text\"` or `# remark`; look at this line and the one before"
    }
}

/// Line and column, from 1, of where a span begins; columns count characters.
fn position(text: &str, span: &Range<usize>) -> (usize, usize) {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |index| index + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// From serde's "unknown field `x`, expected one of `a`, `b`": the nearest of those.
fn nearest(message: &str) -> Option<&str> {
    let mut names = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    names
        .map(|name| (strsim::damerau_levenshtein(unknown, name), name))
        .filter(|&(distance, name)| distance <= 1 + name.len() / 3)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Error {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("exporter.toml");
        std::fs::write(&path, text).unwrap();
        load(&path).unwrap_err()
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place_and_the_nearest_name() {
        let error = error("store_name = \"x\"\n\n[panel]\n  passwort = \"env:P\"\n");
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("exporter.toml:4:3: unknown field `passwort`"), "{error}");
        assert_eq!(error.hints(), ["did you mean `password`?"]);
    }

    #[test]
    fn a_missing_file_says_where_an_example_is() {
        let error = load(Path::new("/nowhere/exporter.toml")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.hints()[0].contains("exporter demo --keep"));
    }

    #[test]
    fn a_far_off_name_gets_no_guess() {
        assert_eq!(nearest("unknown field `zebra`, expected one of `url`, `preset`"), None);
        assert_eq!(nearest("unknown field `ulr`, expected one of `url`, `preset`"), Some("url"));
        assert_eq!(nearest("missing field `url`"), None);
    }
}
