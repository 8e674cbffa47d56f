//! Codes of a second factor that change with the time (RFC 6238).

use std::fmt;

use chrono::{DateTime, Utc};
use exporter_core::{Error, ErrorKind, Secret};
use ring::hmac;

/// What codes are made from.
#[derive(Clone)]
pub(crate) struct Totp {
    key: Vec<u8>,
    algorithm: hmac::Algorithm,
    digits: u32,
    period: i64,
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Totp {
    /// From the secret that panels show beside their QR code, in Base32, or from the whole
    /// `otpauth://totp/…` address in it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] that does not repeat the secret.
    pub(crate) fn parse(secret: &Secret) -> Result<Self, Error> {
        let text = secret.expose().trim();
        let mut totp =
            Self { key: Vec::new(), algorithm: hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, digits: 6, period: 30 };
        let Some((_, query)) = text.strip_prefix("otpauth://").and_then(|rest| rest.split_once('?')) else {
            totp.key = base32(text).ok_or_else(wrong)?;
            return Ok(totp);
        };
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "secret" => totp.key = base32(value).ok_or_else(wrong)?,
                "digits" => {
                    let digits = value.parse().ok().filter(|digits| (6..=9).contains(digits));
                    totp.digits = digits.ok_or_else(wrong)?;
                }
                "period" => {
                    let period = value.parse().ok().filter(|period| *period > 0);
                    totp.period = period.ok_or_else(wrong)?;
                }
                "algorithm" => {
                    totp.algorithm = match value.to_ascii_uppercase().as_str() {
                        "SHA1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                        "SHA256" => hmac::HMAC_SHA256,
                        "SHA512" => hmac::HMAC_SHA512,
                        _ => return Err(wrong()),
                    };
                }
                _ => {}
            }
        }
        if totp.key.is_empty() { Err(wrong()) } else { Ok(totp) }
    }

    /// The code at this time.
    pub(crate) fn code(&self, now: DateTime<Utc>) -> String {
        let step = now.timestamp().div_euclid(self.period);
        let tag = hmac::sign(&hmac::Key::new(self.algorithm, &self.key), &step.to_be_bytes());
        // The last half byte says where the four bytes of the number begin (RFC 4226, 5.3).
        let bytes = tag.as_ref();
        let at = usize::from(bytes[bytes.len() - 1] & 0x0f);
        let number = bytes[at..at + 4].iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let width = self.digits as usize;
        format!("{:0width$}", (number & 0x7fff_ffff) % 10_u32.pow(self.digits))
    }
}

fn wrong() -> Error {
    Error::new(ErrorKind::Config, "the secret of the second factor cannot be used").hint(
        "give the Base32 secret that the panel shows beside its QR code, or the otpauth:// address in it",
    )
}

/// Base32 (RFC 4648, 6) as people copy it: with blanks, in either case, padded or not.
fn base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in text.chars().filter(|letter| !matches!(letter, ' ' | '-' | '=')) {
        let value = match letter.to_ascii_uppercase() {
            upper @ 'A'..='Z' => u32::from(upper) - u32::from('A'),
            digit @ '2'..='7' => u32::from(digit) - u32::from('2') + 26,
            _ => return None,
        };
        bits = (bits << 5 | value) & 0xffff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// The key "12345678901234567890" of RFC 6238, appendix B.
    const SECRET: &str = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ";

    #[test]
    fn the_codes_of_the_standard() {
        let totp = Totp::parse(&Secret::new(format!(
            "otpauth://totp/Toko:kasir?secret={}&digits=8&issuer=Toko",
            SECRET.replace(' ', "")
        )));
        let totp = totp.unwrap();
        for (seconds, code) in [(59, "94287082"), (1_111_111_109, "07081804"), (20_000_000_000, "65353130")] {
            assert_eq!(totp.code(at(seconds)), code);
        }
        assert_eq!(Totp::parse(&Secret::new(SECRET)).unwrap().code(at(59)), "287082");
    }

    #[test]
    fn what_is_no_secret_is_refused_without_repeating_it() {
        for wrong in ["", "0189", "otpauth://totp/x?digits=6", "otpauth://totp/x?secret=ABCD&digits=99"] {
            let error = Totp::parse(&Secret::new(wrong)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{wrong}");
        }
        assert_eq!(format!("{:?}", Totp::parse(&Secret::new(SECRET)).unwrap()), "***");
    }
}
