//! Until when a certificate lasts: the one field of X.509 (RFC 5280, section 4.1.2.5) that
//! is looked at, read from its DER.

use chrono::{DateTime, NaiveDateTime, Utc};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of a certificate; none where it is not one.
pub fn not_after(certificate: &[u8]) -> Option<DateTime<Utc>> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut fields, _) = element(certificate)?;
    if element(fields)?.0 == VERSION {
        fields = element(fields)?.2;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (SEQUENCE, validity, _) = element(fields)? else { return None };
    let (kind, time, _) = element(element(validity)?.2)?;
    moment(kind, std::str::from_utf8(time).ok()?)
}

/// The same for a certificate as PEM.
pub fn not_after_of_pem(pem: &str) -> Option<DateTime<Utc>> {
    not_after(&CertificateDer::from_pem_slice(pem.as_bytes()).ok()?)
}

/// The first element: its tag, what is in it, and what comes after it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.len() > 4 {
            return None;
        }
        (digits.iter().fold(0, |length, digit| (length << 8) | usize::from(*digit)), rest)
    };
    let (inside, after) = rest.split_at_checked(length)?;
    Some((tag, inside, after))
}

/// `YYMMDDHHMMSSZ`, where 50 and more is in the last century, or `YYYYMMDDHHMMSSZ`.
fn moment(kind: u8, text: &str) -> Option<DateTime<Utc>> {
    let text = match kind {
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    Some(NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok()?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----
MIIBFzCBvgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1wYW5lbC5leGFtcGxl
MB4XDTI2MDEwMTAwMDAwMFoXDTI3MDIwMzA0MDUwNlowGDEWMBQGA1UEAwwNcGFu
ZWwuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOrgkzQg5QULgnbw
ZZ1NV7ohuY023ag8gHXxC6oe6EavNQrj4qDXjoiVXWuGWqzwph8por+MxLLrXRG3
WMMNAKEwCgYIKoZIzj0EAwIDSAAwRQIhALmncJLWDdXk6ht/cDDvFZOtUpwV6pFQ
JJT2fSIDXI1SAiAHhadl+JYvS/f16B1uzHuPQKv0sWtYrFiaxTddw7TnZA==
-----END CERTIFICATE-----
";

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let until = not_after_of_pem(PEM).unwrap();
        assert_eq!(until.to_string(), "2027-02-03 04:05:06 UTC");
    }

    #[test]
    fn times_of_both_centuries_are_read() {
        let year = |kind, text| moment(kind, text).map(|at| at.format("%Y").to_string());
        assert_eq!(year(UTC_TIME, "491231235959Z").as_deref(), Some("2049"));
        assert_eq!(year(UTC_TIME, "991231235959Z").as_deref(), Some("1999"));
        assert_eq!(year(GENERALIZED_TIME, "20501231235959Z").as_deref(), Some("2050"));
        assert_eq!(year(0x04, "20501231235959Z"), None);
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let whole = CertificateDer::from_pem_slice(PEM.as_bytes()).unwrap();
        for length in 0..whole.len() {
            assert_eq!(not_after(&whole[..length]), None, "cut off after {length} bytes");
        }
        assert_eq!(not_after(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(not_after_of_pem("nothing"), None);
    }
}
