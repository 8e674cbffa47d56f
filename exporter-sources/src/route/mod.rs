//! Routes: the plain HTTP request that an export's trigger ends in, learned from a
//! browser and sent again without one.

mod learn;
mod pattern;
mod store;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub(crate) use learn::{Known, Observed, Trace, learn};
pub(crate) use pattern::{Facts, Wanted, render};
pub use store::Routes;

/// What a browser sends when an export is triggered, with the days and everything that
/// changes from page to page replaced by patterns such as `{{first %Y-%m-%d}}`,
/// `{{last %d/%m/%Y}}`, `{{field _token}}` or `{{meta csrf-token}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: String,
    /// Scheme, host and port of the panel that it belongs to.
    pub origin: String,
    /// Path, one pattern.
    pub path: String,
    /// The query's names and the patterns of their values, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// What is sent along.
    #[serde(default, skip_serializing_if = "Body::is_none")]
    pub body: Body,
    /// Headers beside those that every request has, and the patterns of their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The address of the page with the trigger: where patterns of the page are looked up.
    pub page: String,
    /// Which description of the export it was learned with; another one makes it stale.
    pub recipe: String,
    /// When it was learned.
    pub learned: DateTime<Utc>,
    /// When its table was last the same as the browser's.
    pub verified: DateTime<Utc>,
}

/// What a request carries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// A form's names and the patterns of their values, in order.
    Form(Vec<(String, String)>),
    /// Any other text, one pattern; its media type is among the headers.
    Text(String),
}

impl Body {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl Route {
    /// Every pattern in it.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = &str> {
        let form: &[(String, String)] = match &self.body {
            Body::Form(form) => form,
            _ => &[],
        };
        let text = match &self.body {
            Body::Text(text) => Some(text.as_str()),
            _ => None,
        };
        let pairs = self.query.iter().chain(form).chain(&self.headers);
        std::iter::once(self.path.as_str()).chain(pairs.map(|(_, value)| value.as_str())).chain(text)
    }

    /// All of it for people, a line for each part.
    pub fn explained(&self) -> String {
        let mut lines = vec![
            format!("{} {}{}", self.method, self.origin, self.path),
            format!("asked from the page {}", self.page),
        ];
        let mut pairs = |title: &str, pairs: &[(String, String)]| {
            if !pairs.is_empty() {
                lines.push(title.to_owned());
                lines.extend(pairs.iter().map(|(name, value)| format!("  {name} = {value}")));
            }
        };
        pairs("query:", &self.query);
        if let Body::Form(form) = &self.body {
            pairs("form:", form);
        }
        pairs("headers:", &self.headers);
        if let Body::Text(text) = &self.body {
            lines.push(format!("body: {text}"));
        }
        lines.push(format!("learned {}", self.learned.format("%Y-%m-%d %H:%M UTC")));
        lines.push(format!("last the same as the browser's {}", self.verified.format("%Y-%m-%d %H:%M UTC")));
        lines.join("\n")
    }

    /// Whether its page has to be fetched first, because a value comes from there.
    pub(crate) fn needs_page(&self) -> bool {
        self.patterns().any(|text| text.contains("{{field ") || text.contains("{{meta "))
    }
}

/// As one line for people: `GET /point/export?start={{first %Y-%m-%d}}`.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        let joined = |pairs: &[(String, String)]| {
            pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        };
        if !self.query.is_empty() {
            write!(f, "?{}", joined(&self.query))?;
        }
        match &self.body {
            Body::None => Ok(()),
            Body::Form(form) => write!(f, " with the form {}", joined(form)),
            Body::Text(text) => write!(f, " with {text}"),
        }
    }
}
