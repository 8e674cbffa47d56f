//! Field masks: which parts of an answer are sent, and which parts of a message a request
//! changes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::errors::{Answer, ApiError};
use super::schema::{Kind, Message, Schema};

/// A parsed mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// Everything below this point.
    All,
    /// The named fields.
    Only(BTreeMap<String, Mask>),
}

impl Mask {
    /// The mask of an answer. Dots, slashes and parentheses nest; `*` is everything.
    pub fn of_answer(text: &str, message: &str) -> Answer<Self> {
        Self::parse(text, Schema::message(message)).map_err(|path| {
            let description =
                format!("Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'.");
            ApiError::bad_request("Request contains an invalid argument.", &[(path.clone(), description)])
        })
    }

    /// The mask of a change, given as `fields` of a request.
    pub fn of_change(request: &Value, message: &str) -> Answer<Self> {
        let text = request["fields"].as_str().unwrap_or_default();
        if text.trim().is_empty() {
            return Err(ApiError::invalid(
                "At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)",
            ));
        }
        Self::parse(text, Schema::message(message))
            .map_err(|path| ApiError::invalid(format!("Invalid field: {}", snake(&path))))
    }

    fn parse(text: &str, message: &'static Message) -> Result<Self, String> {
        let mut parser = Parser { letters: text.chars().collect(), at: 0 };
        let mut mask = Self::Only(BTreeMap::new());
        parser.list(&mut mask, Some(message), "")?;
        if parser.at < parser.letters.len() {
            return Err(text.to_owned());
        }
        Ok(mask)
    }

    /// The mask below a field; `None` when the field is not wanted.
    pub fn under(&self, field: &str) -> Option<&Self> {
        match self {
            Self::All => Some(&Self::All),
            Self::Only(fields) => fields.get(field).or_else(|| fields.get("*")),
        }
    }

    /// Whether a path of fields is wanted, in whole or in part.
    pub fn wants(&self, path: &[&str]) -> bool {
        path.split_first().is_none_or(|(first, rest)| self.under(first).is_some_and(|mask| mask.wants(rest)))
    }

    /// What the mask leaves of a value.
    pub fn select(&self, value: Value) -> Value {
        match (self, value) {
            (Self::All, value) => value,
            (mask, Value::Array(items)) => {
                Value::Array(items.into_iter().map(|item| mask.select(item)).collect())
            }
            (mask, Value::Object(object)) => {
                let kept = object.into_iter().filter_map(|(name, value)| {
                    let below = mask.under(&name)?;
                    Some((name, below.select(value)))
                });
                Value::Object(kept.collect())
            }
            (_, other) => other,
        }
    }

    /// Copies the masked fields of `source` into `target`; a field that the source lacks
    /// is taken away.
    pub fn merge(&self, target: &mut Map<String, Value>, source: &Value) {
        let empty = Map::new();
        let source = source.as_object().unwrap_or(&empty);
        let fields = match self {
            Self::Only(fields) if !fields.contains_key("*") => fields,
            _ => {
                target.clone_from(source);
                return;
            }
        };
        for (name, mask) in fields {
            let given = source.get(name);
            match mask {
                Self::All => match given {
                    Some(value) => drop(target.insert(name.clone(), value.clone())),
                    None => drop(target.remove(name)),
                },
                Self::Only(_) => {
                    let mut below = match target.remove(name) {
                        Some(Value::Object(object)) => object,
                        _ => Map::new(),
                    };
                    mask.merge(&mut below, given.unwrap_or(&Value::Null));
                    if !below.is_empty() {
                        target.insert(name.clone(), Value::Object(below));
                    }
                }
            }
        }
    }

    fn add(&mut self, other: Self) {
        match (self, other) {
            (Self::All, _) => {}
            (this, Self::All) => *this = Self::All,
            (Self::Only(fields), Self::Only(more)) => {
                for (name, mask) in more {
                    match fields.get_mut(&name) {
                        Some(known) => known.add(mask),
                        None => drop(fields.insert(name, mask)),
                    }
                }
            }
        }
    }
}

fn snake(path: &str) -> String {
    path.split('.').map(super::schema::snake_case).collect::<Vec<_>>().join(".")
}

struct Parser {
    letters: Vec<char>,
    at: usize,
}

impl Parser {
    /// Reads `a,b(c,d),e/f` into `mask`; the error is the path that names nothing.
    fn list(
        &mut self,
        mask: &mut Mask,
        message: Option<&'static Message>,
        above: &str,
    ) -> Result<(), String> {
        loop {
            let path = self.path(message, above)?;
            mask.add(path);
            if self.letters.get(self.at) != Some(&',') {
                return Ok(());
            }
            self.at += 1;
        }
    }

    fn path(&mut self, message: Option<&'static Message>, above: &str) -> Result<Mask, String> {
        while self.letters.get(self.at) == Some(&' ') {
            self.at += 1;
        }
        let start = self.at;
        let part = |letter: &char| letter.is_alphanumeric() || matches!(letter, '_' | '*');
        while self.letters.get(self.at).is_some_and(part) {
            self.at += 1;
        }
        let written: String = self.letters[start..self.at].iter().collect();
        let path = if above.is_empty() { written.clone() } else { format!("{above}.{written}") };
        let (name, message) = match message {
            Some(known) if written != "*" => {
                let field = known.field(&written).ok_or_else(|| path.clone())?;
                let below = match field.kind {
                    // Keys of a map are not fields.
                    Kind::Message(index) if !field.map => Some(Schema::at(index)),
                    _ => None,
                };
                (field.name.to_owned(), below)
            }
            _ if written.is_empty() => return Err(path),
            _ => (written, None),
        };
        let below = match self.letters.get(self.at) {
            Some('.' | '/') => {
                self.at += 1;
                self.path(message, &path)?
            }
            Some('(') => {
                self.at += 1;
                let mut below = Mask::Only(BTreeMap::new());
                self.list(&mut below, message, &path)?;
                if self.letters.get(self.at) != Some(&')') {
                    return Err(path);
                }
                self.at += 1;
                below
            }
            _ => Mask::All,
        };
        if name == "*" && below == Mask::All {
            return Ok(Mask::All);
        }
        Ok(Mask::Only(BTreeMap::from([(name, below)])))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn select(mask: &str, value: Value) -> Value {
        Mask::of_answer(mask, "Spreadsheet").unwrap().select(value)
    }

    #[test]
    fn all_spellings_nest() {
        let value = || {
            json!({"spreadsheetId": "x", "sheets": [
                {"properties": {"sheetId": 0, "title": "a", "gridProperties": {"rowCount": 1, "columnCount": 2}}}]})
        };
        let wanted = json!({"sheets": [{"properties": {"title": "a", "gridProperties": {"rowCount": 1}}}]});
        assert_eq!(select("sheets(properties(title,gridProperties/rowCount))", value()), wanted);
        assert_eq!(
            select("sheets.properties.title,sheets.properties.gridProperties.rowCount", value()),
            wanted
        );
        assert_eq!(select("*", value()), value());
    }

    #[test]
    fn a_missing_leaf_leaves_its_parents() {
        let value = json!({"sheets": [{"properties": {"sheetId": 0}}]});
        assert_eq!(select("sheets.properties.tabColorStyle", value), json!({"sheets": [{"properties": {}}]}));
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let error = Mask::of_answer("sheets.foo", "Spreadsheet").unwrap_err();
        assert_eq!(error.message, "Request contains an invalid argument.");
        assert!(Mask::of_answer("sheets(", "Spreadsheet").is_err());
    }

    #[test]
    fn a_change_takes_away_what_is_not_given() {
        let mask = Mask::of_change(&json!({"fields": "note,userEnteredFormat.textFormat.bold"}), "CellData");
        let mut target = json!({"note": "n", "userEnteredFormat": {"wrapStrategy": "WRAP"}});
        let source = json!({"userEnteredFormat": {"textFormat": {"bold": true}}});
        mask.unwrap().merge(target.as_object_mut().unwrap(), &source);
        assert_eq!(
            target,
            json!({"userEnteredFormat": {"wrapStrategy": "WRAP", "textFormat": {"bold": true}}})
        );
    }
}
