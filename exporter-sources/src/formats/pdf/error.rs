//! Why a PDF was refused, in words for the person who has to act on it.

use thiserror::Error;

/// The reason a file gave no table. Each message says what was found and what to do next.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PdfError {
    /// The file has no bytes at all.
    #[error("the file is empty (0 bytes); the download was cut off before it began, export it again")]
    Empty,
    /// The bytes are something else.
    #[error("this is not a PDF but {found}; export the file again and check what the panel answered")]
    NotPdf {
        /// What the bytes are, for instance "a ZIP archive".
        found: String,
    },
    /// The file opens only with a password and none was given.
    #[error("the PDF is protected by a password; give it with --password")]
    PasswordNeeded,
    /// A password was given and does not open the file.
    #[error("the given password does not open this PDF; check it and try again")]
    WrongPassword,
    /// The file is encrypted by something other than the standard password handler.
    #[error("the PDF is encrypted in a way that cannot be read: {detail}")]
    Encryption {
        /// Which handler or algorithm.
        detail: String,
    },
    /// Pages hold pictures and no text.
    #[error(
        "page {page} is a scan: it holds pictures and no text, so nothing can be read for certain; ask the panel for a file with text"
    )]
    Scan {
        /// First page of this kind, from 1.
        page: u32,
    },
    /// A font in the table gives no way from its codes to characters.
    #[error(
        "page {page} uses the font {font}, which does not say which characters its codes mean; the text cannot be read for certain"
    )]
    NoUnicode {
        /// Page number, from 1.
        page: u32,
        /// The font's name in the file.
        font: String,
    },
    /// The file ends in the middle.
    #[error("the PDF is cut off: {detail}; rows would be missing, download it again")]
    Truncated {
        /// What is missing.
        detail: String,
    },
    /// Some part cannot be decoded.
    #[error("the PDF is damaged: {detail}; rows could be missing, download it again")]
    Corrupt {
        /// What could not be decoded, and where.
        detail: String,
    },
    /// A limit of [`super::Limits`] was reached.
    #[error("the PDF is larger than allowed: {what} is over the limit of {limit}")]
    Limit {
        /// The measure, for instance "the number of pages".
        what: &'static str,
        /// The limit that was set.
        limit: u64,
    },
    /// Reading took longer than allowed.
    #[error("reading the PDF took longer than the allowed {seconds} seconds")]
    Time {
        /// The limit that was set.
        seconds: u64,
    },
    /// What was read contradicts what the file says about itself.
    #[error("the file contradicts what was read: {detail}; nothing is passed on because rows may be missing")]
    Contradiction {
        /// Both numbers, and where the file's own stands.
        detail: String,
    },
    /// There is text but no table in it.
    #[error("no table was found in the PDF: {detail}")]
    NoTable {
        /// What was found instead.
        detail: String,
    },
    /// The table's cells cannot be told apart for certain.
    #[error("the table cannot be read for certain: {detail}")]
    Uncertain {
        /// Where and why.
        detail: String,
    },
}
