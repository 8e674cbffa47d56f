//! A secret: a string that prints as `***`.

use std::fmt;

use serde::{Serialize, Serializer};

/// A password, token or key. `Debug`, `Display` and `Serialize` all print `***`;
/// the only way to the text is [`Secret::expose`], to be called where it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints() {
        let secret = Secret::new("hunter2");
        let printed = format!("{secret} {secret:?} {}", serde_json::to_string(&secret).unwrap());
        assert_eq!(printed, "*** *** \"***\"");
        assert_eq!(secret.expose(), "hunter2");
    }
}
