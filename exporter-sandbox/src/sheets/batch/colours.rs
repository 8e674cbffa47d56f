//! A colour has an old and a new spelling, `…Color` and `…ColorStyle`, and answers carry both.

use serde_json::{Map, Value, json};

use crate::sheets::defaults;
use crate::sheets::fields::Mask;

/// Completes one colour of a message: the spelling that the mask names decides, the new one
/// before the old.
pub fn complete(message: &mut Map<String, Value>, mask: &Mask, plain: &str, style: &str) {
    if mask.under(plain).is_none() && mask.under(style).is_none() {
        return;
    }
    if mask.under(style).is_none() || !message.contains_key(style) {
        match message.get(plain) {
            Some(color) => {
                let new = json!({ "rgbColor": color });
                message.insert(style.to_owned(), new);
            }
            None => drop(message.remove(style)),
        }
    } else if let Some(color) = rgb(&message[style]) {
        message.insert(plain.to_owned(), color);
    }
}

/// Completes every colour in a message and the messages in it, as far as they were given.
pub fn complete_all(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(complete_all);
            for name in object.keys().cloned().collect::<Vec<_>>() {
                let plain = name.strip_suffix("Style").unwrap_or(&name);
                // A theme's colours and a style's own are no pairs.
                if matches!(plain, "rgbColor" | "themeColor") {
                    continue;
                }
                if plain == "color" || plain.ends_with("Color") {
                    complete(object, &Mask::All, plain, &format!("{plain}Style"));
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(complete_all),
        _ => {}
    }
}

/// The colour that a style means; that of the theme for one which names a role in it.
pub fn rgb(style: &Value) -> Option<Value> {
    style.get("rgbColor").cloned().or_else(|| defaults::theme_color(style["themeColor"].as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_spelling_is_added_at_any_depth() {
        let red = json!({"red": 1});
        let mut value = json!({"top": {"style": "SOLID", "color": red},
            "rows": [{"headerColorStyle": {"rgbColor": red}}, {"headerColorStyle": {"themeColor": "ACCENT1"}}]});
        complete_all(&mut value);
        let blue = json!({"red": 0.258_823_54, "green": 0.521_568_66, "blue": 0.956_862_75});
        assert_eq!(
            value,
            json!({"top": {"style": "SOLID", "color": red, "colorStyle": {"rgbColor": red}},
                "rows": [{"headerColor": red, "headerColorStyle": {"rgbColor": red}},
                    {"headerColor": blue, "headerColorStyle": {"themeColor": "ACCENT1"}}]})
        );
    }
}
