//! Query parameters: read once, checked against what the method takes.

use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::route::decode;

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

    /// The last value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a repeated parameter.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// A parameter that is true or false; missing is false.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
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
        assert!(Query::read("fields=x&prettyPrint=false").check("create").is_ok());
    }
}
