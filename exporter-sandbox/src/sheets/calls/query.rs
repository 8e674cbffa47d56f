//! Query parameters: read once, checked against what the method takes.

use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::route::decode;
use crate::sheets::schema::snake_case;

/// The parameters of a request.
#[derive(Debug, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

/// Parameters that every method takes.
const COMMON: [&str; 14] = [
    "fields",
    "prettyPrint",
    "alt",
    "quotaUser",
    "key",
    "access_token",
    "oauth_token",
    "callback",
    "uploadType",
    "upload_protocol",
    "$.xgafv",
    "$alt",
    "pp",
    "$prettyPrint",
];

impl Query {
    /// Reads the text after the `?`.
    pub fn read(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (camel(&decode(name, true)), decode(value, true))
        });
        Self { pairs: pairs.collect() }
    }

    /// The first value of a parameter that every method takes, the last of any other.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.pairs.iter().filter(|(key, _)| key == name);
        let pair = if COMMON.contains(&name) { values.next() } else { values.next_back() };
        pair.map(|(_, value)| value.as_str())
    }

    /// Whether the answer is indented: unless `prettyPrint` is `false` or `0`.
    pub fn pretty(&self) -> bool {
        !matches!(self.get("prettyPrint"), Some("false" | "0"))
    }

    /// Every value of a repeated parameter.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// A parameter that is true or false, in any of the spellings the API takes; missing is
    /// false.
    pub fn flag(&self, name: &str) -> Answer<bool> {
        let Some(text) = self.get(name) else {
            return Ok(false);
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "t" | "y" | "yes" => Ok(true),
            "false" | "0" | "f" | "n" | "no" => Ok(false),
            _ => {
                let field = snake_case(name);
                let message = format!("Invalid value at '{field}' (TYPE_BOOL), \"{text}\"");
                Err(ApiError::bad_request(message.clone(), &[(field, message)]))
            }
        }
    }

    /// Refuses parameters that the method does not have.
    pub fn check(&self, method: &str) -> Answer<()> {
        let own: &[&str] = match method {
            "get" => &["ranges", "includeGridData", "excludeTablesInBandedRanges", "commentsViewMode"],
            "values.get" => &["majorDimension", "valueRenderOption", "dateTimeRenderOption"],
            "values.batchGet" => &["ranges", "majorDimension", "valueRenderOption", "dateTimeRenderOption"],
            "values.update" | "values.append" => &[
                "valueInputOption",
                "insertDataOption",
                "includeValuesInResponse",
                "responseValueRenderOption",
                "responseDateTimeRenderOption",
            ],
            _ => &[],
        };
        for (name, _) in &self.pairs {
            if !own.contains(&name.as_str()) && !COMMON.contains(&name.as_str()) {
                let message = format!(
                    "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query \
                     parameter. Field '{name}' could not be found in request message."
                );
                return Err(ApiError::bad_request(message.clone(), &[(String::new(), message)]));
            }
        }
        Ok(())
    }
}

/// `value_input_option` is taken as `valueInputOption`.
fn camel(name: &str) -> String {
    if matches!(name, "access_token" | "oauth_token" | "upload_protocol") {
        return name.to_owned();
    }
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let mut letters = word.chars();
        let upper = letters.next().map(|letter| letter.to_ascii_uppercase());
        text + &upper.into_iter().chain(letters).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_repeat_and_are_decoded() {
        let query = Query::read("ranges=A%201&ranges=B+2&value_input_option=RAW");
        assert_eq!(query.all("ranges"), ["A 1", "B 2"]);
        assert_eq!(query.get("valueInputOption"), Some("RAW"));
        assert!(query.check("values.update").is_err());
        let query = Query::read("fields=a&fields=b&includeGridData=Yes&x=on");
        assert_eq!((query.get("fields"), query.flag("includeGridData")), (Some("a"), Ok(true)));
        assert!(query.flag("x").is_err());
        assert!(Query::read("fields=x&prettyPrint=false").check("create").is_ok());
    }
}
