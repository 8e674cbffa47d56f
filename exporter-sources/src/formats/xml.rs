//! What readers of XML share: attributes, entities, numbers as XML writes them.

use exporter_core::{Error, Value};
use quick_xml::events::BytesStart;
use rust_decimal::Decimal;

use super::corrupt;

/// An attribute by its name without prefix, entities resolved.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, Error> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(corrupt)?;
        if attribute.key.local_name().as_ref() == name {
            return unescaped(&attribute.value).map(Some);
        }
    }
    Ok(None)
}

/// A number in an attribute; nothing if it is not there.
pub(super) fn count<N: std::str::FromStr<Err: std::fmt::Display>>(
    tag: &BytesStart<'_>,
    name: &str,
) -> Result<Option<N>, Error> {
    attribute(tag, name)?.map(|text| text.trim().parse().map_err(corrupt)).transpose()
}

/// The five entities of XML and characters by number.
pub(super) fn entity(name: &str) -> Result<String, Error> {
    let by_number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    let character = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix("#x").map(|hex| by_number(hex, 16)) {
            Some(found) => found,
            None => name.strip_prefix('#').and_then(|digits| by_number(digits, 10)),
        },
    };
    character.map(String::from).ok_or_else(|| corrupt(format!("&{name}; is no character")))
}

/// The text of an attribute, in which characters may be written as entities.
fn unescaped(text: &str) -> Result<String, Error> {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(';').ok_or_else(|| corrupt("an & that begins no character"))?;
        plain.push_str(&entity(name)?);
        plain.push_str(rest);
    }
    Ok(plain)
}

/// A number as XML writes it: with a point, perhaps with an exponent.
pub(super) fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse() {
        return Some(Value::Integer(whole));
    }
    let decimal = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text)).ok()?.normalize();
    Some(if decimal.scale() == 0 {
        i64::try_from(decimal).map_or(Value::Decimal(decimal), Value::Integer)
    } else {
        Value::Decimal(decimal)
    })
}
