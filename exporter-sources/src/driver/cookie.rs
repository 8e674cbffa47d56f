//! Cookies as plain data, to carry a session from one driver to the other.

use std::fmt;

/// One cookie of the panel. Its value is a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub name: String,
    pub value: String,
    /// The domain that it was set for; none means the panel's host alone.
    pub domain: Option<String>,
    pub path: String,
    pub secure: bool,
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookie {{ {}=***; path={} }}", self.name, self.path)
    }
}
