//! A session that outlives its run: its cookies, sealed, in the state directory.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use exporter_core::{Error, ErrorKind, Secret};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use super::make_private;
use crate::driver::Cookie;

/// The file's name in the state directory.
const FILE: &str = "session.sealed";
/// What the key is for, so that it fits nothing else.
const PURPOSE: &[u8] = b"exporter panel session 1";

/// Keeps the cookies of one account's session, sealed with AES-256-GCM.
pub(super) struct Keeper {
    path: PathBuf,
    key: LessSafeKey,
    /// Panel and user: a session of another account does not open.
    account: String,
}

/// A cookie in the sealed file.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    value: String,
    domain: Option<String>,
    path: String,
    secure: bool,
}

impl Keeper {
    /// A keeper for this account; the key is derived from the secret by HKDF (RFC 5869).
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a secret that is too short to be one.
    pub(super) fn new(state: &Path, secret: &Secret, account: String) -> Result<Self, Error> {
        if secret.expose().len() < 16 {
            return Err(Error::new(ErrorKind::Config, "the key for kept sessions is too short")
                .hint("make one: head -c 32 /dev/urandom | base64"));
        }
        let broken = || Error::new(ErrorKind::Internal, "the key for kept sessions cannot be made");
        let key = hkdf::Salt::new(hkdf::HKDF_SHA256, PURPOSE).extract(secret.expose().as_bytes());
        let info = [account.as_bytes()];
        let okm = key.expand(&info, &AES_256_GCM).map_err(|_| broken())?;
        Ok(Self { path: state.join(FILE), key: LessSafeKey::new(UnboundKey::from(okm)), account })
    }

    /// The cookies of the last run, if there are any that this key opens.
    pub(super) fn load(&self) -> Option<Vec<Cookie>> {
        let mut sealed = fs::read(&self.path).ok().filter(|sealed| sealed.len() > NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(&sealed[..NONCE_LEN]).ok()?;
        let aad = Aad::from(self.account.as_bytes());
        let plain = self.key.open_in_place(nonce, aad, &mut sealed[NONCE_LEN..]).ok()?;
        let kept: Vec<Kept> = serde_json::from_slice(plain).ok()?;
        let cookie =
            |Kept { name, value, domain, path, secure }| Cookie { name, value, domain, path, secure };
        Some(kept.into_iter().map(cookie).collect())
    }

    /// Seals the cookies into the file (0600), which is replaced as a whole.
    pub(super) fn save(&self, cookies: Vec<Cookie>) -> Result<(), Error> {
        let broken = || Error::new(ErrorKind::Internal, "the session cannot be sealed");
        let cookie =
            |Cookie { name, value, domain, path, secure }| Kept { name, value, domain, path, secure };
        let kept: Vec<Kept> = cookies.into_iter().map(cookie).collect();
        let mut bytes = serde_json::to_vec(&kept).map_err(|error| broken().source(error))?;
        let mut fresh = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut fresh).map_err(|_| broken())?;
        let aad = Aad::from(self.account.as_bytes());
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(fresh), aad, &mut bytes)
            .map_err(|_| broken())?;
        let directory = self.path.parent().unwrap_or(Path::new("."));
        make_private(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(&fresh)?;
        file.write_all(&bytes)?;
        file.persist(&self.path).map_err(|error| Error::from(error.error))?;
        Ok(())
    }

    /// Forgets the session: the panel no longer knows it.
    pub(super) fn forget(&self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "no kept session to forget");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_opens_with_the_same_key_and_account_alone() {
        let directory = tempfile::tempdir().unwrap();
        let secret = Secret::new("0123456789abcdef0123456789abcdef");
        let keeper = |secret: &Secret, account: &str| Keeper::new(directory.path(), secret, account.into());
        let cookie = Cookie {
            name: "sid".into(),
            value: "very secret".into(),
            domain: None,
            path: "/".into(),
            secure: true,
        };
        let ours = keeper(&secret, "http://p.test kasir").unwrap();
        assert!(ours.load().is_none());
        ours.save(vec![cookie.clone()]).unwrap();
        let file = fs::read(directory.path().join(FILE)).unwrap();
        assert!(!file.windows(6).any(|part| part == b"secret"));
        assert_eq!(keeper(&secret, "http://p.test kasir").unwrap().load(), Some(vec![cookie]));
        assert!(keeper(&secret, "http://p.test admin").unwrap().load().is_none());
        let other = Secret::new("another key, just as long as it is");
        assert!(keeper(&other, "http://p.test kasir").unwrap().load().is_none());
        ours.forget();
        assert!(ours.load().is_none());
        assert!(keeper(&Secret::new("short"), "x").is_err());
    }
}
