//! Secrets by reference: `env:NAME`, `file:PATH` or `keyring:NAME`, never the text itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use exporter_core::{Error, ErrorKind, Secret};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Deserializer, de};

use crate::hex::hex;
use crate::keyring;

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// In this environment variable.
    Env(String),
    /// In this file; a relative path starts at the configuration file's directory.
    File(PathBuf),
    /// Under this name in the keyring of the system.
    Keyring(String),
}

impl SecretRef {
    /// Fetches the secret. One line break at the end of a file is not part of it.
    ///
    /// # Errors
    /// [`ErrorKind::SecretMissing`] that names the place, never what is in it.
    pub fn resolve(&self, directory: &Path, what: &str) -> Result<Secret, Error> {
        let missing = |why: String| {
            Error::new(ErrorKind::SecretMissing, format!("{what} is missing: {why}"))
                .context("looked in", self.to_string())
        };
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| {
                missing("the environment variable is not set".to_owned())
                    .hint(format!("set it: export {name}=…"))
            })?,
            Self::File(path) => {
                let path = std::path::absolute(directory.join(path))?;
                std::fs::read_to_string(&path).map_err(|error| {
                    missing("the file cannot be read".to_owned())
                        .source(error)
                        .hint(format!("put the secret into {}", path.display()))
                })?
            }
            Self::Keyring(name) => match keyring::find(name)? {
                Some(secret) => secret.expose().to_owned(),
                None => {
                    return Err(missing("the keyring has none of this name".to_owned())
                        .hint(format!("keep it there: exporter secret {name} < FILE"))
                        .hint(
                            "on Linux it is the kernel's keyring, which a restart of the machine empties",
                        ));
                }
            },
        };
        let text =
            text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
        if text.is_empty() {
            return Err(missing("there is nothing in it".to_owned()));
        }
        Ok(Secret::new(text))
    }
}

impl SecretRef {
    /// The key of sealed sessions. One that the keyring does not have is made and kept there:
    /// all that a new one costs is a login.
    ///
    /// # Errors
    /// As [`SecretRef::resolve`].
    pub fn resolve_or_make(&self, directory: &Path, what: &str) -> Result<Secret, Error> {
        if let Self::Keyring(name) = self
            && keyring::find(name)?.is_none()
        {
            let mut bytes = [0; 32];
            SystemRandom::new()
                .fill(&mut bytes)
                .map_err(|_| Error::new(ErrorKind::Internal, "the system gives no random numbers"))?;
            keyring::put(name, &Secret::new(hex(&bytes)))?;
        }
        self.resolve(directory, what)
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Keyring(name) => write!(f, "keyring:{name}"),
        }
    }
}

impl FromStr for SecretRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("keyring", name)) if !name.is_empty() => Ok(Self::Keyring(name.to_owned())),
            // The text is not repeated: it may be the secret itself.
            _ => Err("a secret is given by reference: `env:NAME` for an environment variable, `file:PATH` for a file or `keyring:NAME` for the system's keyring".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        password: SecretRef,
    }

    #[test]
    fn a_secret_written_out_is_refused_without_repeating_it() {
        let error = toml::from_str::<Holder>("password = 'hunter2'").unwrap_err().to_string();
        assert!(error.contains("by reference"), "{error}");
        assert!(!toml::from_str::<Holder>("password = 'hunter2'").unwrap_err().message().contains("hunter2"));
    }

    #[test]
    fn a_file_is_read_beside_the_configuration() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("pw"), "s3cret\n").unwrap();
        let holder: Holder = toml::from_str("password = 'file:pw'").unwrap();
        assert_eq!(holder.password.resolve(directory.path(), "the password").unwrap().expose(), "s3cret");
    }

    #[test]
    fn the_key_of_sessions_is_made_where_the_keyring_has_none() {
        let name = format!("test-session-{}", std::process::id());
        let place: SecretRef = format!("keyring:{name}").parse().unwrap();
        match place.resolve_or_make(Path::new("."), "the key that keeps sessions") {
            Ok(made) => {
                assert_eq!(made.expose().len(), 64);
                let again = place.resolve(Path::new("."), "the key that keeps sessions").unwrap();
                assert_eq!(again.expose(), made.expose());
                assert!(keyring::forget(&name).unwrap());
                let error = place.resolve(Path::new("."), "the key").unwrap_err();
                assert!(error.to_string().contains("the keyring has none of this name"), "{error}");
            }
            // A machine that forbids keyrings says so.
            Err(error) => assert!(error.to_string().contains("keyring of this system"), "{error}"),
        }
    }

    #[test]
    fn a_missing_secret_names_the_place() {
        let error = SecretRef::Env("NO_SUCH_VARIABLE_HERE".into())
            .resolve(Path::new("."), "the panel's password")
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SecretMissing);
        assert!(error.to_string().contains("env:NO_SUCH_VARIABLE_HERE"), "{error}");
    }
}
