//! Codes that change with the time (RFC 6238: HMAC-SHA-1, 30 seconds, six digits).

use chrono::{DateTime, Utc};
use ring::hmac;

/// Seconds that a code is for.
const STEP: i64 = 30;

/// Whether a code is right now, or was one step ago or will be in one: clocks differ.
pub(crate) fn is_valid(secret: &str, code: &str, now: DateTime<Utc>) -> bool {
    let step = now.timestamp() / STEP;
    let digits: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    (step - 1..=step + 1).any(|step| at(secret, step).as_deref() == Some(&digits))
}

/// Six digits for the message of this number, which nobody can tell from the one before.
pub(crate) fn sent(seed: u64, number: i64) -> String {
    truncated(&seed.to_be_bytes(), number)
}

/// The code of a step; none when the secret is not base 32.
fn at(secret: &str, step: i64) -> Option<String> {
    Some(truncated(&decode(secret)?, step))
}

/// Six digits of a counter (RFC 4226, 5.3).
fn truncated(key: &[u8], counter: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &counter.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes[bytes.len() - 1] & 0xf);
    let number = bytes[offset..offset + 4].iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// Base 32 (RFC 4648), without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            letter @ b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        buffer = buffer << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).ok()?);
        }
        buffer &= (1 << bits) - 1;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B; the last six of its eight digits.
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(decode(secret).unwrap(), b"12345678901234567890");
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            assert!(is_valid(secret, code, now), "{seconds}");
            assert!(!is_valid(secret, code, now + chrono::TimeDelta::seconds(61)));
        }
    }
}
