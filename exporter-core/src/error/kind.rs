//! The kinds of error, each with its retry class and whose turn it is.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Retry, Turn};

/// What went wrong, as far as a caller may branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration or the command line is wrong.
    Config,
    /// A secret that the configuration refers to is not there.
    SecretMissing,
    /// The panel refused the user name or the password.
    WrongPassword,
    /// The panel wants the password changed first.
    PasswordExpired,
    /// The panel asks for a second factor.
    SecondFactor,
    /// The panel asks to prove that we are human.
    Captcha,
    /// A firewall or a lock-out turned us away.
    Blocked,
    /// There is no login form where one should be.
    LoginFormNotFound,
    /// The panel cannot be reached or answers with a server error.
    PanelDown,
    /// The panel says that it is under maintenance.
    Maintenance,
    /// We are no longer logged in.
    SessionExpired,
    /// A field or button of an export page was not found.
    ElementNotFound,
    /// The export was triggered, but no download began.
    DownloadNotStarted,
    /// The download broke off.
    DownloadIncomplete,
    /// What came is not a file of the expected kind.
    WrongFile,
    /// The file has no bytes.
    EmptyFile,
    /// The file is damaged or cut off.
    CorruptFile,
    /// The file is protected by a password that we do not have.
    ProtectedFile,
    /// The file holds no text that can be read for certain: a scan, a font without Unicode.
    UnreadableFile,
    /// There is no table in the file.
    NoTable,
    /// The file contradicts itself: its own totals or numbering disagree with its rows.
    Contradiction,
    /// The file is over a limit.
    TooLarge,
    /// A column that we need is not there.
    MissingColumn,
    /// A row has no key.
    MissingKey,
    /// No browser or no driver was found, or the two do not match.
    BrowserMissing,
    /// The browser or its driver failed.
    BrowserFailed,
    /// The credentials for the sheet are wrong.
    SheetCredentials,
    /// The spreadsheet is not shared with our account, or for reading only.
    SheetNotShared,
    /// There is no such spreadsheet.
    SheetNotFound,
    /// The tab is not laid out as we need it: renamed header, merged cell, protected range.
    SheetLayout,
    /// The sheet cannot hold the rows: cell limit, length of a cell.
    SheetFull,
    /// The sheet moved while we worked on it, more often than we repair.
    SheetMoved,
    /// Too many requests.
    Quota,
    /// Google answered with a server error or not at all.
    GoogleDown,
    /// A write was sent and its answer was lost.
    OutcomeUnknown,
    /// A message was refused.
    MessageRefused,
    /// The message service cannot be reached.
    MessengerDown,
    /// A step took longer than its deadline.
    Timeout,
    /// Another run uses the same panel account or sheet.
    Busy,
    /// A local file or directory could not be read or written.
    Io,
    /// A defect in exporter.
    Internal,
}

/// Pause before a transient failure is tried again, unless the server names one.
const SOON: Retry = Retry::After(Duration::from_secs(2));

impl ErrorKind {
    /// The retry class of this kind, unless an error says otherwise.
    pub fn retry(self) -> Retry {
        match self {
            Self::PanelDown
            | Self::DownloadNotStarted
            | Self::DownloadIncomplete
            | Self::EmptyFile
            | Self::CorruptFile
            | Self::BrowserFailed
            | Self::Quota
            | Self::GoogleDown
            | Self::SheetMoved
            | Self::MessengerDown
            | Self::Timeout => SOON,
            Self::SessionExpired => Retry::Relogin,
            _ => Retry::Never,
        }
    }

    /// Who has to act on this kind.
    pub fn turn(self) -> Turn {
        match self {
            Self::Captcha
            | Self::Blocked
            | Self::LoginFormNotFound
            | Self::PanelDown
            | Self::Maintenance
            | Self::SessionExpired
            | Self::ElementNotFound
            | Self::DownloadNotStarted
            | Self::DownloadIncomplete
            | Self::WrongFile
            | Self::EmptyFile
            | Self::CorruptFile
            | Self::UnreadableFile
            | Self::NoTable
            | Self::Contradiction
            | Self::MissingColumn
            | Self::MissingKey
            | Self::Timeout => Turn::Panel,
            Self::Quota | Self::GoogleDown | Self::OutcomeUnknown => Turn::Google,
            Self::Internal => Turn::Us,
            _ => Turn::User,
        }
    }

    /// Whether this says that logging in is impossible, so that no export can run.
    pub fn is_login(self) -> bool {
        matches!(
            self,
            Self::WrongPassword
                | Self::PasswordExpired
                | Self::SecondFactor
                | Self::Captcha
                | Self::Blocked
                | Self::LoginFormNotFound
        )
    }
}

/// The snake-case name, as in reports.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, letter) in format!("{self:?}").chars().enumerate() {
            if letter.is_uppercase() && index > 0 {
                f.write_str("_")?;
            }
            write!(f, "{}", letter.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_name_is_the_serialised_one() {
        for kind in [ErrorKind::WrongPassword, ErrorKind::Io, ErrorKind::LoginFormNotFound] {
            assert_eq!(format!("\"{kind}\""), serde_json::to_string(&kind).unwrap());
        }
    }

    #[test]
    fn a_wrong_password_is_never_tried_again() {
        assert_eq!(ErrorKind::WrongPassword.retry(), Retry::Never);
        assert_eq!(ErrorKind::OutcomeUnknown.retry(), Retry::Never);
        assert_eq!(ErrorKind::SessionExpired.retry(), Retry::Relogin);
    }
}
