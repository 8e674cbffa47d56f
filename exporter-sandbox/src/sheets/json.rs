//! Writes answers as the API prints them: fields in the message's order, numbers without
//! a needless `.0`, two spaces of indentation unless `prettyPrint=false`.

use serde_json::Value;

use super::errors::ApiError;
use super::schema::{Field, Kind, Message, Schema};

/// Writes `value`, an answer of the message called `message` (an unknown name keeps the
/// order of the keys).
pub fn write(value: &Value, message: &str, pretty: bool) -> Vec<u8> {
    let mut writer = Writer { out: Vec::with_capacity(1024), pretty, depth: 0 };
    writer.value(value, Shape::Message(Schema::message(message)));
    if pretty {
        writer.out.push(b'\n');
    }
    writer.out
}

/// Writes an error's envelope: code, message, status and, last, the details.
pub fn write_error(error: &ApiError, pretty: bool) -> Vec<u8> {
    let mut writer = Writer { out: Vec::with_capacity(512), pretty, depth: 0 };
    let envelope = error.body();
    writer.open(b'{');
    writer.line();
    writer.text("error");
    writer.out.extend_from_slice(if pretty { b": " } else { b":" });
    writer.open(b'{');
    let mut first = true;
    for name in ["code", "message", "status", "details"] {
        writer.member(&mut first, name, &envelope["error"][name], Shape::Plain);
    }
    writer.close(b'}');
    writer.close(b'}');
    if pretty {
        writer.out.push(b'\n');
    }
    writer.out
}

/// A number in the API's spelling: fifteen significant digits where they are enough,
/// seventeen where they are not.
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    let short = general(value, 15);
    if short.parse::<f64>().is_ok_and(|back| back.to_bits() == value.to_bits()) {
        return short;
    }
    general(value, 17)
}

/// `value` with `digits` significant digits, as C's `%g` prints it.
fn general(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let precision = i32::try_from(digits).unwrap_or(17);
    if exponent < -4 || exponent >= precision {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs());
    }
    let places = usize::try_from(precision - 1 - exponent).unwrap_or_default();
    trimmed(&format!("{value:.places$}")).to_owned()
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// What is known of a value's keys.
#[derive(Clone, Copy)]
enum Shape {
    Message(&'static Message),
    Map(&'static Field),
    Plain,
}

struct Writer {
    out: Vec<u8>,
    pretty: bool,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Value, shape: Shape) {
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Number(written) => match written.as_f64() {
                Some(float) if written.is_f64() => {
                    self.out.extend_from_slice(number(float).as_bytes());
                }
                _ => self.out.extend_from_slice(written.to_string().as_bytes()),
            },
            Value::String(text) => self.text(text),
            Value::Array(items) => self.array(items, shape),
            Value::Object(object) if object.is_empty() => self.out.extend_from_slice(b"{}"),
            Value::Object(object) => {
                self.open(b'{');
                let mut first = true;
                match shape {
                    Shape::Message(message) if !message.fields.is_empty() => {
                        for field in &message.fields {
                            if let Some(value) = object.get(field.name) {
                                self.member(&mut first, field.name, value, shape_of(field));
                            }
                        }
                    }
                    _ => {
                        let inner = match shape {
                            Shape::Map(field) => shape_of_one(field.kind),
                            _ => Shape::Plain,
                        };
                        for (name, value) in object {
                            self.member(&mut first, name, value, inner);
                        }
                    }
                }
                self.close(b'}');
            }
        }
    }

    fn array(&mut self, items: &[Value], shape: Shape) {
        if items.is_empty() {
            self.out.extend_from_slice(b"[]");
            return;
        }
        self.open(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.line();
            self.value(item, shape);
        }
        self.close(b']');
    }

    fn member(&mut self, first: &mut bool, name: &str, value: &Value, shape: Shape) {
        if value.is_null() {
            return;
        }
        if !*first {
            self.out.push(b',');
        }
        *first = false;
        self.line();
        self.text(name);
        self.out.extend_from_slice(if self.pretty { b": " } else { b":" });
        self.value(value, shape);
    }

    fn open(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.depth += 1;
    }

    fn close(&mut self, bracket: u8) {
        self.depth -= 1;
        self.line();
        self.out.push(bracket);
    }

    fn line(&mut self) {
        if self.pretty {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + 2 * self.depth, b' ');
        }
    }

    /// Text as JSON; `<` and `>` go out as `\u003c` and `\u003e`, as the API does so that
    /// an answer is harmless inside a page.
    fn text(&mut self, text: &str) {
        self.out.push(b'"');
        for letter in text.chars() {
            match letter {
                '"' => self.out.extend_from_slice(b"\\\""),
                '\\' => self.out.extend_from_slice(b"\\\\"),
                '\n' => self.out.extend_from_slice(b"\\n"),
                '\r' => self.out.extend_from_slice(b"\\r"),
                '\t' => self.out.extend_from_slice(b"\\t"),
                '<' | '>' | '\u{0}'..='\u{1f}' | '\u{7f}' | '\u{2028}' | '\u{2029}' => {
                    self.out.extend_from_slice(format!("\\u{:04x}", u32::from(letter)).as_bytes());
                }
                _ => {
                    let mut buffer = [0; 4];
                    self.out.extend_from_slice(letter.encode_utf8(&mut buffer).as_bytes());
                }
            }
        }
        self.out.push(b'"');
    }
}

fn shape_of(field: &'static Field) -> Shape {
    if field.map { Shape::Map(field) } else { shape_of_one(field.kind) }
}

fn shape_of_one(kind: Kind) -> Shape {
    match kind {
        Kind::Message(index) => Shape::Message(Schema::at(index)),
        _ => Shape::Plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_printed_as_the_api_prints_them() {
        for (value, text) in [
            (2.0, "2"),
            (-3.0, "-3"),
            (0.1, "0.1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1.0 / 3.0, "0.33333333333333331"),
            (12_345_678_901_234_567_890.0, "1.2345678901234567e+19"),
            (43_831.5, "43831.5"),
            (1e-7, "1e-07"),
            (1e15, "1e+15"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn fields_keep_the_order_of_the_message() {
        let value = json!({"values": [["a", 2.0]], "range": "Sheet1!A1:B1", "majorDimension": "ROWS"});
        assert_eq!(
            String::from_utf8(write(&value, "ValueRange", false)).unwrap(),
            r#"{"range":"Sheet1!A1:B1","majorDimension":"ROWS","values":[["a",2]]}"#
        );
        assert_eq!(
            String::from_utf8(write(&json!({"range": "x", "values": [[]]}), "ValueRange", true)).unwrap(),
            "{\n  \"range\": \"x\",\n  \"values\": [\n    []\n  ]\n}\n"
        );
    }
}
