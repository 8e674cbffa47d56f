//! What a person can do next about each kind of error, where whoever found it knew nothing better.

use super::ErrorKind;

impl ErrorKind {
    /// The next step that is right for every error of this kind, as one sentence. An error with
    /// a hint of its own says that instead.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Config => "look at this place in the configuration or on the command line",
            Self::SecretMissing => "put the secret where the configuration says that it is",
            Self::WrongPassword | Self::PasswordExpired => {
                "log in to the panel by hand, and put the password that works where exporter reads it"
            }
            Self::SecondFactor => "log in to the panel by hand and look at what it asks for",
            Self::Captcha => {
                "ask the panel's operator for an account or network address that is not asked this"
            }
            Self::Blocked => "wait, then ask the panel's operator to allow this machine's network address",
            Self::LoginFormNotFound => {
                "open the login page by hand; if it has changed, set its address and fields under [panel.login]"
            }
            Self::PanelDown => "open the panel in a browser; try again later",
            Self::Maintenance => "run again when the panel's maintenance is over",
            Self::SessionExpired => {
                "give exporter an account of its own: somebody else may have logged in with this one"
            }
            Self::ElementNotFound => {
                "open the page by hand; if it has changed, set the export's selectors in the configuration"
            }
            Self::DownloadNotStarted | Self::WrongFile => {
                "make this export by hand in the panel and look at what it answers"
            }
            Self::DownloadIncomplete | Self::TooLarge => "fetch fewer days at once",
            Self::EmptyFile | Self::CorruptFile => {
                "make this export by hand in the panel and open the file; if it is broken there too, tell whoever runs the panel"
            }
            Self::ProtectedFile => "make the panel send the file without a password",
            Self::UnreadableFile => "ask the panel for Excel or CSV instead",
            Self::NoTable => "open the file and look whether it has a table: exporter table FILE --explain",
            Self::Contradiction => {
                "make this export again; if it stays so, keep the file and report it as a defect of exporter"
            }
            Self::MissingColumn => {
                "open the file and look at its headings; if the panel renamed one, set the new name in the configuration"
            }
            Self::MissingKey => {
                "open the file and look at this row; if the column is no key, set another `key` for the export"
            }
            Self::BrowserMissing => "install a browser and its driver, or use `--driver http`",
            Self::BrowserFailed => {
                "look whether the machine has memory left; use `--driver http` where the panel allows it"
            }
            Self::SheetCredentials => {
                "make a new key for the service account, and try it with `exporter check`"
            }
            Self::SheetNotShared => "share the spreadsheet with the service account's address as editor",
            Self::SheetNotFound => "copy the spreadsheet's address from the browser into the configuration",
            Self::SheetLayout => "put the tab back as it was; `exporter check` looks at every tab",
            Self::SheetFull => "start a new spreadsheet, for instance for each year",
            Self::SheetMoved => "run again when nobody else changes the sheet",
            Self::Quota => "run again in a few minutes; another program may use the same account",
            Self::GoogleDown => "nothing is lost; run again later",
            Self::OutcomeUnknown => {
                "run again: the next run finds out by reading whether the write arrived, and adds only what is missing"
            }
            Self::MessageRefused => "try the chat and its credentials with `exporter check`",
            Self::MessengerDown => "nothing is lost: the message is kept and sent later",
            Self::Timeout => "run again; if it stays so, fetch fewer days at once",
            Self::Busy => "wait until the other run has ended",
            Self::Io => "look whether the disk is full and whether exporter may read and write there",
            Self::Internal => "this is a defect of exporter: please report it with the output of `--debug`",
        }
    }
}
