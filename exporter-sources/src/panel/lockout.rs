//! The guard against lock-outs: a password that the panel refused is not sent again until
//! it is another one.

use std::fs;
use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use exporter_core::{Error, ErrorKind, Secret};
use ring::pbkdf2;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use super::make_private;

/// The file's name in the state directory.
const FILE: &str = "refused.toml";
/// Rounds of PBKDF2: who gets the file can hardly try passwords on it.
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

/// Remembers the last refused password of an account as a salted hash.
pub(super) struct Lockout {
    path: PathBuf,
    /// Panel, user and password together.
    secret: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Refused {
    at: DateTime<Utc>,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Lockout {
    pub(super) fn new(state: &Path, account: &str, password: &Secret) -> Self {
        let secret = format!("{account}\n{}", password.expose()).into_bytes();
        Self { path: state.join(FILE), secret }
    }

    /// Refuses what the panel has refused before.
    pub(super) fn check(&self) -> Result<(), Error> {
        let refused =
            fs::read_to_string(&self.path).ok().and_then(|text| toml::from_str::<Refused>(&text).ok());
        let Some(Refused { at, salt, hash }) = refused else { return Ok(()) };
        if pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, &self.secret, &hash).is_err() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::WrongPassword, "the panel refused this user name and password before")
            .context("when", at.format("%Y-%m-%d %H:%M UTC").to_string())
            .hint("it is not sent again, so that the user is not locked out: put the right password where exporter reads it")
            .hint("if the password is right by now, try it once with `exporter check`"))
    }

    /// Takes down that the panel refused it.
    pub(super) fn note(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let broken = || Error::new(ErrorKind::Internal, "a refused password cannot be taken down");
        let mut salt = vec![0; 16];
        SystemRandom::new().fill(&mut salt).map_err(|_| broken())?;
        let mut hash = vec![0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, &self.secret, &mut hash);
        let text =
            toml::to_string(&Refused { at: now, salt, hash }).map_err(|error| broken().source(error))?;
        let directory = self.path.parent().unwrap_or(Path::new("."));
        make_private(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.persist(&self.path).map_err(|error| Error::from(error.error))?;
        Ok(())
    }

    /// The panel took it: nothing is refused any more.
    pub(super) fn clear(&self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "no refused password was taken down");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_password_waits_for_another_one() {
        let directory = tempfile::tempdir().unwrap();
        let guard = |password: &str| Lockout::new(directory.path(), "http://p kasir", &Secret::new(password));
        let wrong = guard("wrong");
        assert!(wrong.check().is_ok());
        wrong.note("2026-01-07T00:00:00Z".parse().unwrap()).unwrap();
        let error = guard("wrong").check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongPassword);
        assert!(error.to_string().contains("2026-01-07"), "{error}");
        assert!(!fs::read_to_string(directory.path().join(FILE)).unwrap().contains("wrong"));
        let other = guard("another");
        assert!(other.check().is_ok());
        other.clear();
        assert!(guard("wrong").check().is_ok());
    }
}
