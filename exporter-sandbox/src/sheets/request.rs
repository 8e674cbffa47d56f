//! Checks a request's JSON against its message, with the API's own error texts, and
//! brings it into one spelling.

use serde_json::{Map, Value};

use super::errors::{Answer, ApiError};
use super::schema::{Field, Kind, Message, Schema, snake_case};

/// Where in the request a value stands; rendered only when something is wrong there.
struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Root(&'a str),
    Field(&'a str),
    Index(usize),
}

/// Messages in which false is not the same as nothing; everywhere else the API forgets it.
const DISTINCT: [&str; 3] = ["ExtendedValue", "TextFormat", "DeveloperMetadataLocation"];

/// Fields whose value may be told from a missing one: the API keeps them in a message of
/// their own, and its error texts show it.
const WRAPPED: [&str; 6] =
    ["startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex", "startIndex", "endIndex"];

/// Messages of which one field of a few may be set, with the name of the choice.
const CHOICES: [(&str, &str, &[&str]); 5] = [
    ("ExtendedValue", "value", &["numberValue", "stringValue", "boolValue", "formulaValue", "errorValue"]),
    ("UpdateCellsRequest", "area", &["start", "range"]),
    ("DataFilter", "filter", &["developerMetadataLookup", "a1Range", "gridRange"]),
    ("DeveloperMetadataLocation", "location", &["spreadsheet", "sheetId", "dimensionRange"]),
    ("ConditionalFormatRule", "rule", &["booleanRule", "gradientRule"]),
];

impl Place<'_> {
    fn is_wrapped(&self) -> bool {
        matches!(self.step, Step::Field(name) if WRAPPED.contains(&name))
    }

    fn render(&self) -> String {
        let before = self.parent.map(Place::render).unwrap_or_default();
        match self.step {
            Step::Root(name) => name.to_owned(),
            Step::Field(name) if before.is_empty() => snake_case(name),
            Step::Field(name) => format!("{before}.{}", snake_case(name)),
            Step::Index(index) => format!("{before}[{index}]"),
        }
    }
}

struct Check {
    violations: Vec<(String, String)>,
}

/// Parses and checks `body` as the message called `message`. `root` is the name under
/// which errors speak of the body: empty, or `data` where the body is one field of the
/// request.
pub fn parse(body: &[u8], message: &str, root: &str) -> Answer<Value> {
    let mut value = if body.iter().all(u8::is_ascii_whitespace) {
        Value::Object(Map::new())
    } else {
        serde_json::from_slice(body).map_err(|error| malformed(body, &error))?
    };
    let mut check = Check { violations: Vec::new() };
    let place = Place { parent: None, step: Step::Root(root) };
    check.message(&mut value, Schema::message(message), &place);
    if check.violations.is_empty() {
        return Ok(value);
    }
    let lines: Vec<&str> = check.violations.iter().map(|(_, text)| text.as_str()).collect();
    Err(ApiError::bad_request(lines.join("\n"), &check.violations))
}

/// Checks the text of an enumeration given as a query parameter.
pub fn enum_parameter(parameter: &str, names: &str, text: &str) -> Answer<()> {
    let known = Schema::names_of(names).is_none_or(|names| names.values.contains(&text));
    if known {
        return Ok(());
    }
    let field = snake_case(parameter);
    let message =
        format!("Invalid value at '{field}' (type.googleapis.com/google.apps.sheets.v4.{names}), \"{text}\"");
    Err(ApiError::bad_request(message.clone(), &[(field, message)]))
}

fn malformed(body: &[u8], error: &serde_json::Error) -> ApiError {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let column = error.column().saturating_sub(1);
    let shown: String = line.chars().skip(column.saturating_sub(20)).take(60).collect();
    let what = if error.is_eof() { "Unexpected end of string." } else { "Unexpected token." };
    ApiError::invalid(format!(
        "Invalid JSON payload received. {what}\n{shown}\n{}^",
        " ".repeat(column.min(20))
    ))
}

impl Check {
    fn wrong(&mut self, place: &Place, kind: &str, value: &Value) {
        let mut field = place.render();
        if place.is_wrapped() {
            field.push_str(".value");
        }
        let text = format!("Invalid value at '{field}' ({kind}), {value}");
        self.violations.push((field, text));
    }

    fn message(&mut self, value: &mut Value, message: &'static Message, place: &Place) {
        let Value::Object(object) = value else {
            let kind = format!("type.googleapis.com/google.apps.sheets.v4.{}", message.name);
            self.wrong(place, &kind, value);
            return;
        };
        object.retain(|_, value| !value.is_null());
        let mut renamed: Vec<(String, &'static str)> = Vec::new();
        for (key, value) in object.iter_mut() {
            match message.field(key) {
                None => self.unknown(key, place),
                Some(field) => {
                    if field.name != key {
                        renamed.push((key.clone(), field.name));
                    }
                    let place = Place { parent: Some(place), step: Step::Field(field.name) };
                    self.field(value, field, &place);
                }
            }
        }
        for (key, name) in renamed {
            if let Some(value) = object.remove(&key) {
                object.insert(name.to_owned(), value);
            }
        }
        self.choice(object, message.name, place);
        if message.name == "Color" {
            quantise(object);
        }
        if !DISTINCT.contains(&message.name) {
            object.retain(|_, value| *value != false);
        }
        object.retain(|name, value| {
            let Some(field) = message.field(name) else { return true };
            let empty_list = field.kind != Kind::List && value.as_array().is_some_and(Vec::is_empty);
            !empty_list && !is_no_colour(field, value)
        });
    }

    fn choice(&mut self, object: &Map<String, Value>, message: &str, place: &Place) {
        let Some((_, choice, fields)) = CHOICES.iter().find(|(name, ..)| *name == message) else { return };
        let mut set = object.keys().filter(|key| fields.contains(&key.as_str()));
        if let (Some(_), Some(other)) = (set.next(), set.next()) {
            let field = place.render();
            let text = format!(
                "Invalid value at '{field}' (oneof), oneof field '{choice}' is already set. Cannot set '{other}'"
            );
            self.violations.push((field, text));
        }
    }

    fn unknown(&mut self, key: &str, place: &Place) {
        let field = place.render();
        let at = if field.is_empty() { String::new() } else { format!(" at '{field}'") };
        let text = format!("Invalid JSON payload received. Unknown name \"{key}\"{at}: Cannot find field.");
        self.violations.push((field, text));
    }

    fn field(&mut self, value: &mut Value, field: &'static Field, place: &Place) {
        if field.map {
            if let Value::Object(object) = value {
                for (key, value) in object.iter_mut() {
                    let place = Place { parent: Some(place), step: Step::Field(key) };
                    self.one(value, field, &place);
                }
            }
        } else if !field.repeated {
            self.one(value, field, place);
        } else if let Value::Array(items) = value {
            for (index, item) in items.iter_mut().enumerate() {
                let place = Place { parent: Some(place), step: Step::Index(index) };
                self.one(item, field, &place);
            }
        } else {
            // One value stands for a list of one.
            self.one(value, field, place);
            let only = value.take();
            *value = Value::Array(vec![only]);
        }
    }

    fn one(&mut self, value: &mut Value, field: &'static Field, place: &Place) {
        if value.is_array() && !matches!(field.kind, Kind::List | Kind::Any) {
            let at = place.parent.map(Place::render).unwrap_or_default();
            let text = format!(
                "Invalid JSON payload received. Unknown name \"{}\" at '{at}': Proto field is not \
                 repeating, cannot start list.",
                field.name
            );
            self.violations.push((at, text));
            return;
        }
        match field.kind {
            Kind::Any => {}
            Kind::Message(index) => self.message(value, Schema::at(index), place),
            Kind::List if value.is_array() => {}
            Kind::List => self.wrong(place, "type.googleapis.com/google.protobuf.ListValue", value),
            Kind::Text | Kind::Mask if value.is_string() => {}
            Kind::Text => self.wrong(place, "TYPE_STRING", value),
            Kind::Mask => self.wrong(place, "type.googleapis.com/google.protobuf.FieldMask", value),
            Kind::Bool => match value.as_str() {
                Some("true") => *value = Value::Bool(true),
                Some("false") => *value = Value::Bool(false),
                _ if value.is_boolean() => {}
                _ => self.wrong(place, "TYPE_BOOL", value),
            },
            Kind::Int => match integer(value) {
                Some(number) => *value = Value::from(number),
                None => self.wrong(place, "TYPE_INT32", value),
            },
            Kind::Float => self.number(value, "TYPE_FLOAT", place),
            Kind::Double => self.number(value, "TYPE_DOUBLE", place),
            Kind::Enum(index) => {
                let names = Schema::names(index);
                let by_number = value.as_u64().and_then(|at| names.values.get(usize::try_from(at).ok()?));
                if let Some(name) = by_number {
                    *value = Value::from(*name);
                } else if !value.as_str().is_some_and(|text| names.values.contains(&text)) {
                    let kind = format!("type.googleapis.com/google.apps.sheets.v4.{}", names.name);
                    self.wrong(place, &kind, value);
                }
            }
        }
    }

    fn number(&mut self, value: &mut Value, kind: &str, place: &Place) {
        let parsed = value.as_str().and_then(|text| text.trim().parse::<f64>().ok());
        if let Some(number) = parsed {
            *value = Value::from(number);
        } else if !value.is_number() {
            self.wrong(place, kind, value);
        }
    }
}

/// A style that names no colour at all takes the colour away, as if the field were not there.
fn is_no_colour(field: &Field, value: &Value) -> bool {
    let Kind::Message(index) = field.kind else { return false };
    Schema::at(index).name == "ColorStyle" && value.as_object().is_some_and(Map::is_empty)
}

fn integer(value: &Value) -> Option<i32> {
    if let Some(text) = value.as_str() {
        return text.trim().parse().ok();
    }
    if let Some(number) = value.as_i64() {
        return i32::try_from(number).ok();
    }
    let number = value.as_f64()?;
    let whole = number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX);
    #[allow(clippy::cast_possible_truncation)] // whole and in range, checked above
    whole.then_some(number as i32)
}

/// Colours are kept as bytes: 0.5 is 127 of 255 and comes back as 0.49803922; a
/// component of zero is left out.
fn quantise(color: &mut Map<String, Value>) {
    for component in color.values_mut() {
        let share = component.as_f64().unwrap_or_default().clamp(0.0, 1.0);
        let byte = (share * 255.0 + 1e-6).floor();
        *component = rounded(byte / 255.0);
    }
    color.retain(|_, component| component.as_f64() != Some(0.0));
}

/// A 32-bit float as JSON prints it: the shortest text that means it.
fn rounded(share: f64) -> Value {
    #[allow(clippy::cast_possible_truncation)] // the API's colours are 32-bit floats
    let text = (share as f32).to_string();
    text.parse::<f64>().map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(body: &Value, message: &str, root: &str) -> ApiError {
        parse(body.to_string().as_bytes(), message, root).expect_err("must be refused")
    }

    #[test]
    fn an_unknown_field_is_named_with_its_place() {
        let error = error(
            &json!({"requests": [{"addSheet": {"propertiez": 1}}]}),
            "BatchUpdateSpreadsheetRequest",
            "",
        );
        assert_eq!(
            error.message,
            "Invalid JSON payload received. Unknown name \"propertiez\" at 'requests[0].add_sheet': Cannot find field."
        );
        assert_eq!(error.details[0]["fieldViolations"][0]["field"], "requests[0].add_sheet");
    }

    #[test]
    fn values_of_a_wrong_type_are_quoted() {
        let error = error(&json!({"values": "X"}), "ValueRange", "data");
        assert_eq!(
            error.message,
            "Invalid value at 'data.values' (type.googleapis.com/google.protobuf.ListValue), \"X\""
        );
    }

    #[test]
    fn indexes_are_named_as_the_messages_they_are() {
        let filter = json!({"gridRange": {"startRowIndex": "abc"}});
        let error = error(&json!({"dataFilters": [filter]}), "BatchGetValuesByDataFilterRequest", "");
        assert_eq!(
            error.message,
            "Invalid value at 'data_filters[0].grid_range.start_row_index.value' (TYPE_INT32), \"abc\""
        );
    }

    #[test]
    fn proto_spelling_numbers_as_text_and_single_items_are_taken() {
        let value = parse(
            br#"{"requests": {"append_dimension": {"sheet_id": "7", "dimension": "ROWS", "length": 2.0}}}"#,
            "BatchUpdateSpreadsheetRequest",
            "",
        )
        .unwrap();
        assert_eq!(
            value,
            json!({"requests": [{"appendDimension": {"sheetId": 7, "dimension": "ROWS", "length": 2}}]})
        );
    }

    #[test]
    fn colours_become_bytes() {
        let value = parse(br#"{"red": 0.5, "green": 0, "blue": 1}"#, "Color", "").unwrap();
        assert_eq!(value, json!({"red": 0.498_039_22, "blue": 1.0}));
        let value = parse(br#"{"red": 0.004, "green": 0.017}"#, "Color", "").unwrap();
        assert_eq!(value, json!({"red": 0.003_921_569, "green": 0.015_686_275}));
    }
}
