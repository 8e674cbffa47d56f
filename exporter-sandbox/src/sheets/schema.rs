//! The API's messages as data: field names, types and order, from its public description.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A boolean.
    Bool,
    /// A 32-bit integer.
    Int,
    /// A 32-bit floating-point number.
    Float,
    /// A 64-bit floating-point number.
    Double,
    /// A field mask, written as text.
    Mask,
    /// Any JSON.
    Any,
    /// A list of any JSON values (a row or column of `values`).
    List,
    /// Another message.
    Message(usize),
    /// One of some names.
    Enum(usize),
}

/// A field of a message.
#[derive(Debug)]
pub struct Field {
    /// Name in JSON.
    pub name: &'static str,
    /// Type of one value.
    pub kind: Kind,
    /// Whether it holds a list.
    pub repeated: bool,
    /// Whether it holds values by name.
    pub map: bool,
}

/// A message: its name and its fields in the order in which answers print them.
#[derive(Debug)]
pub struct Message {
    /// Name, for instance `GridRange`.
    pub name: &'static str,
    /// Fields in order.
    pub fields: Vec<Field>,
}

/// An enumeration.
#[derive(Debug)]
pub struct Names {
    /// Name, for instance `Dimension`.
    pub name: &'static str,
    /// Its values.
    pub values: Vec<&'static str>,
}

/// All messages and enumerations.
#[derive(Debug)]
pub struct Schema {
    messages: Vec<Message>,
    enums: Vec<Names>,
    by_name: HashMap<&'static str, usize>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::parse(include_str!("schema.txt")));

impl Message {
    /// The field called `name`, in JSON or in proto spelling (`row_index`).
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name).or_else(|| {
            let camel = camel_case(name)?;
            self.fields.iter().find(|field| field.name == camel)
        })
    }
}

impl Schema {
    /// The message called `name`; an unknown name gives an empty message.
    pub fn message(name: &str) -> &'static Message {
        static EMPTY: Message = Message { name: "", fields: Vec::new() };
        SCHEMA.by_name.get(name).map_or(&EMPTY, |&index| &SCHEMA.messages[index])
    }

    /// The message a field's type points to.
    pub fn at(index: usize) -> &'static Message {
        &SCHEMA.messages[index]
    }

    /// The enumeration a field's type points to.
    pub fn names(index: usize) -> &'static Names {
        &SCHEMA.enums[index]
    }

    /// The enumeration called `name`.
    pub fn names_of(name: &str) -> Option<&'static Names> {
        SCHEMA.enums.iter().find(|names| names.name == name)
    }

    fn parse(text: &'static str) -> Self {
        let lines = || text.lines().filter(|line| !line.starts_with('#'));
        let enums: Vec<Names> = lines()
            .filter_map(|line| line.strip_prefix("enum "))
            .map(|line| {
                let mut words = line.split(' ');
                Names { name: words.next().unwrap_or_default(), values: words.collect() }
            })
            .collect();
        let bodies: Vec<(&str, Vec<&str>)> = lines()
            .filter(|line| !line.starts_with("enum "))
            .map(|line| {
                let mut words = line.split(' ');
                (words.next().unwrap_or_default(), words.collect())
            })
            .collect();
        let by_name: HashMap<&str, usize> =
            bodies.iter().enumerate().map(|(index, (name, _))| (*name, index)).collect();
        let enum_by_name: HashMap<&str, usize> =
            enums.iter().enumerate().map(|(index, names)| (names.name, index)).collect();
        let messages = bodies
            .into_iter()
            .map(|(name, fields)| Message {
                name,
                fields: fields
                    .into_iter()
                    .filter_map(|field| parse_field(field, &by_name, &enum_by_name))
                    .collect(),
            })
            .collect();
        Self { messages, enums, by_name }
    }
}

fn parse_field(
    text: &'static str,
    messages: &HashMap<&str, usize>,
    enums: &HashMap<&str, usize>,
) -> Option<Field> {
    let (name, kind) = text.split_once('=')?;
    let (kind, repeated) = kind.strip_suffix('*').map_or((kind, false), |kind| (kind, true));
    let (kind, map) = kind.strip_prefix("map:").map_or((kind, false), |kind| (kind, true));
    let kind = match kind {
        "string" => Kind::Text,
        "bool" => Kind::Bool,
        "int" => Kind::Int,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "mask" => Kind::Mask,
        "any" => Kind::Any,
        "ListValue" => Kind::List,
        other => match messages.get(other) {
            Some(&index) => Kind::Message(index),
            None => Kind::Enum(*enums.get(other)?),
        },
    };
    Some(Field { name, kind, repeated, map })
}

/// `row_index` to `rowIndex`; `None` when there is nothing to change.
fn camel_case(name: &str) -> Option<String> {
    if !name.contains('_') {
        return None;
    }
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            '_' => upper = true,
            _ if upper => {
                camel.push(letter.to_ascii_uppercase());
                upper = false;
            }
            _ => camel.push(letter),
        }
    }
    Some(camel)
}

/// `rowIndex` to `row_index`, the spelling error texts use.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_in_the_table_is_known() {
        let text = include_str!("schema.txt");
        let written: usize = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.starts_with("enum "))
            .map(|line| line.split(' ').count() - 1)
            .sum();
        let read: usize = SCHEMA.messages.iter().map(|message| message.fields.len()).sum();
        assert_eq!(read, written);
    }

    #[test]
    fn both_spellings_of_a_field_are_found() {
        let message = Schema::message("GridCoordinate");
        assert_eq!(message.field("row_index").map(|field| field.name), Some("rowIndex"));
        assert_eq!(message.field("rowIndex").map(|field| field.kind), Some(Kind::Int));
        assert!(message.field("row").is_none());
        assert_eq!(snake_case("userEnteredValue"), "user_entered_value");
    }
}
