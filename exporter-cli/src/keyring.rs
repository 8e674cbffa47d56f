//! Secrets in the keyring of the system: that of the kernel on Linux, the Keychain on macOS, the
//! Credential Manager on Windows.

use std::sync::Arc;

use exporter_core::{Error, ErrorKind, Secret};
use keyring_core::{CredentialStore, Entry};

/// What all entries of ours are filed under.
const SERVICE: &str = "exporter";

/// The secret of this name, if there is one.
///
/// # Errors
/// [`ErrorKind::SecretMissing`] where no keyring can be used.
pub fn find(name: &str) -> Result<Option<Secret>, Error> {
    match entry(name)?.get_password() {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(keyring_core::Error::NoEntry) => Ok(None),
        Err(error) => Err(unusable(&error)),
    }
}

/// Puts a secret there, instead of another of the same name.
///
/// # Errors
/// As [`find`].
pub fn put(name: &str, secret: &Secret) -> Result<(), Error> {
    entry(name)?.set_password(secret.expose()).map_err(|error| unusable(&error))
}

/// Takes a secret away; whether there was one.
///
/// # Errors
/// As [`find`].
pub fn forget(name: &str) -> Result<bool, Error> {
    match entry(name)?.delete_credential() {
        Ok(()) => Ok(true),
        Err(keyring_core::Error::NoEntry) => Ok(false),
        Err(error) => Err(unusable(&error)),
    }
}

fn entry(name: &str) -> Result<Entry, Error> {
    if keyring_core::get_default_store().is_none() {
        keyring_core::set_default_store(store()?);
    }
    Entry::new(SERVICE, name).map_err(|error| unusable(&error))
}

#[cfg(target_os = "linux")]
fn store() -> Result<Arc<CredentialStore>, Error> {
    let store = linux_keyutils_keyring_store::Store::new();
    store.map(|store| store as Arc<CredentialStore>).map_err(|error| unusable(&error))
}

#[cfg(target_os = "macos")]
fn store() -> Result<Arc<CredentialStore>, Error> {
    let store = apple_native_keyring_store::keychain::Store::new();
    store.map(|store| store as Arc<CredentialStore>).map_err(|error| unusable(&error))
}

#[cfg(windows)]
fn store() -> Result<Arc<CredentialStore>, Error> {
    let store = windows_native_keyring_store::Store::new();
    store.map(|store| store as Arc<CredentialStore>).map_err(|error| unusable(&error))
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn store() -> Result<Arc<CredentialStore>, Error> {
    Err(unusable(&keyring_core::Error::NoDefaultStore))
}

/// The kinds of keyring errors say nothing secret, but for the two that hold the bytes.
fn unusable(error: &keyring_core::Error) -> Error {
    let why = match error {
        keyring_core::Error::BadEncoding(_) | keyring_core::Error::BadDataFormat(..) => {
            "what is in it is no text".to_owned()
        }
        other => other.to_string(),
    };
    Error::new(ErrorKind::SecretMissing, "the keyring of this system cannot be used")
        .context("it says", why)
        .hint("containers often forbid it: keep the secret in a file (`file:PATH`, chmod 600) or in the environment (`env:NAME`)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_there_is_found_until_it_is_forgotten() {
        let name = format!("test-{}", std::process::id());
        match put(&name, &Secret::new("hunter22")) {
            Ok(()) => {
                assert_eq!(
                    find(&name).unwrap().map(|found| found.expose().to_owned()),
                    Some("hunter22".into())
                );
                assert!(forget(&name).unwrap());
                assert!(find(&name).unwrap().is_none());
                assert!(!forget(&name).unwrap());
            }
            // A machine that forbids keyrings says so, and what to do.
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::SecretMissing);
                assert!(error.hints()[0].contains("file:PATH"), "{error}");
            }
        }
    }

    #[test]
    fn an_unusable_keyring_repeats_nothing_secret() {
        let error = unusable(&keyring_core::Error::BadEncoding(b"hunter22".to_vec()));
        assert!(
            !format!("{error:?}").contains("hunter22") && !error.to_string().contains("104, 117"),
            "{error}"
        );
    }
}
