//! The form of a backup file: a stream of pieces, each encrypted and authenticated, so
//! that damage, a missing end and a wrong key are told from each other and from nothing.
//!
//! `EXPORTER-BACKUP-1\n`, 16 bytes of salt, then pieces of at most [`PIECE`] bytes sealed
//! by ChaCha20-Poly1305. A piece's nonce is its number and whether it is the last (the
//! STREAM construction); the key comes from the given one, which is long and random, and
//! the salt by HKDF-SHA256.

use std::io::{self, Read, Write};

use exporter_core::{Error, ErrorKind, Result, Secret};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use ring::rand::{SecureRandom as _, SystemRandom};

const MAGIC: &[u8] = b"EXPORTER-BACKUP-1\n";
const SALT: usize = 16;
/// Plain bytes in a piece.
const PIECE: usize = 1 << 20;
/// A key that is shorter can be guessed: it is not a password that is stretched.
const SHORTEST_KEY: usize = 32;

/// Encrypts everything from `plain` into `sealed`.
pub fn seal(key: &Secret, plain: &mut impl Read, sealed: &mut impl Write) -> Result<()> {
    let mut salt = [0; SALT];
    SystemRandom::new().fill(&mut salt).map_err(|_| broken("the system gives no random numbers"))?;
    let key = derive(key, &salt)?;
    sealed.write_all(MAGIC)?;
    sealed.write_all(&salt)?;
    let mut piece = read_piece(plain, PIECE)?;
    for number in 0_u64.. {
        let next = read_piece(plain, PIECE)?;
        let last = next.is_empty();
        key.seal_in_place_append_tag(nonce(number, last), Aad::empty(), &mut piece)
            .map_err(|_| broken("the backup could not be encrypted"))?;
        sealed.write_all(&piece)?;
        if last {
            return Ok(());
        }
        piece = next;
    }
    Ok(())
}

/// Decrypts everything from `sealed` into `plain`.
///
/// # Errors
/// [`ErrorKind::CorruptFile`] when it is no backup, damaged or cut off, or the key is
/// another one: which of these, nobody can tell for a single piece.
pub fn open(key: &Secret, sealed: &mut impl Read, plain: &mut impl Write) -> Result<()> {
    let mut head = [0; MAGIC.len() + SALT];
    sealed.read_exact(&mut head).map_err(|_| no_backup())?;
    let (magic, salt) = head.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(no_backup());
    }
    let key = derive(key, salt)?;
    let whole = PIECE + CHACHA20_POLY1305.tag_len();
    let mut piece = read_piece(sealed, whole)?;
    for number in 0_u64.. {
        let next = read_piece(sealed, whole)?;
        let last = next.is_empty();
        let opened = key.open_in_place(nonce(number, last), Aad::empty(), &mut piece).map_err(|_| {
            let what = if number == 0 {
                "the key is another one than the backup was made with, or the backup is damaged"
            } else {
                "the backup is damaged or cut off"
            };
            Error::new(ErrorKind::CorruptFile, what).hint("try an older backup")
        })?;
        plain.write_all(opened)?;
        if last {
            return Ok(());
        }
        piece = next;
    }
    Ok(())
}

fn no_backup() -> Error {
    Error::new(ErrorKind::CorruptFile, "the file is no backup of exporter")
        .hint("backups are made by `exporter backup` and end in .backup")
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::Internal, what)
}

/// As many bytes as there are, up to `size`.
fn read_piece(from: &mut impl Read, size: usize) -> io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    from.take(size as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

fn derive(key: &Secret, salt: &[u8]) -> Result<LessSafeKey> {
    let given = key.expose().trim();
    if given.len() < SHORTEST_KEY {
        return Err(Error::new(ErrorKind::Config, "the backup's key has fewer than 32 characters")
            .hint("make one: openssl rand -base64 32"));
    }
    let expanded = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(given.as_bytes());
    let key = expanded.expand(&[b"exporter backup"], &CHACHA20_POLY1305).map(UnboundKey::from);
    key.map(LessSafeKey::new).map_err(|_| broken("the key of the backup cannot be derived"))
}

/// Never twice for one key: every backup has a salt and so a key of its own.
fn nonce(number: u64, last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes[NONCE_LEN - 1] = u8::from(last);
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Secret {
        Secret::new("a key that is long enough to be one\n")
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        seal(&key(), &mut &plain[..], &mut out).unwrap();
        out
    }

    fn opened(sealed: &[u8], key: &Secret) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        open(key, &mut &sealed[..], &mut out).map(|()| out)
    }

    #[test]
    fn what_was_sealed_comes_back_whatever_its_length() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE] {
            let plain: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect();
            let sealed = sealed(&plain);
            assert_eq!(opened(&sealed, &key()).unwrap(), plain, "{length}");
            assert!(length < 100 || !sealed.windows(50).any(|window| window == &plain[..50]));
        }
    }

    #[test]
    fn damage_a_missing_end_and_another_key_are_refused() {
        let whole = sealed(&vec![7; PIECE + 100]);
        for index in [0, 20, 40, PIECE, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[index] ^= 1;
            assert_eq!(opened(&damaged, &key()).unwrap_err().kind(), ErrorKind::CorruptFile, "{index}");
        }
        let piece = MAGIC.len() + SALT + PIECE + CHACHA20_POLY1305.tag_len();
        for end in [0, 10, 100, piece, whole.len() - 1] {
            assert!(opened(&whole[..end], &key()).is_err(), "cut off at {end}");
        }
        let other = Secret::new("another key of at least that length");
        let error = opened(&whole, &other).unwrap_err().to_string();
        assert!(error.contains("key is another one"), "{error}");
        assert!(seal(&Secret::new("short"), &mut &b""[..], &mut Vec::new()).is_err());
    }
}
