//! The one inside interface of both drivers, and what they share. Nothing behind it knows
//! which of them ran.

pub(crate) mod classify;
mod cookie;
mod dates;
mod login;
mod recipe;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use exporter_core::{Asker, Clock, Error, ErrorKind, Question, Secret, Window};

pub(crate) use cookie::Cookie;
pub(crate) use login::Login;
pub(crate) use recipe::{Fill, Key, Place, Recipe, Set, Step, for_days};

use crate::evidence::Mask;
use crate::route::Trace;
use crate::totp::Totp;

/// What a driver needs to log in.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// User name or e-mail address.
    pub username: Secret,
    /// Password.
    pub password: Secret,
    /// Where the codes of a second factor come from; nowhere without one.
    pub codes: Option<Codes>,
}

/// Where the codes of a second factor come from.
#[derive(Debug, Clone)]
pub(crate) enum Codes {
    /// They are made here.
    Made(Totp),
    /// A person is asked for them.
    Asked(Arc<dyn Asker>),
}

/// How often a person is asked for one code: people mistype, and panels lock accounts.
const QUESTIONS: u32 = 3;

impl Codes {
    /// How many codes are sent before it is given up.
    pub(crate) fn tries(&self) -> u32 {
        match self {
            Self::Made(_) => 1,
            Self::Asked(_) => QUESTIONS,
        }
    }

    /// A code for the panel at this host.
    pub(crate) async fn code(&self, clock: &dyn Clock, panel: &str, again: bool) -> Result<Secret, Error> {
        match self {
            Self::Made(totp) => Ok(Secret::new(totp.code(clock.now()))),
            Self::Asked(asker) => asker.ask(&Question { panel: panel.to_owned(), again }).await,
        }
    }
}

impl Credentials {
    /// Hides these credentials, the session's cookies and the cells of private columns.
    pub(crate) fn mask(&self, cookies: &[Cookie], private: &[String]) -> Mask {
        let own = [self.username.expose(), self.password.expose()];
        Mask::new(own.into_iter().chain(cookies.iter().map(|cookie| cookie.value.as_str())), private)
    }
}

/// A file that came, complete but not yet looked into.
pub(crate) struct Download {
    /// Where it lies, in a private directory; whoever keeps it moves it.
    pub path: PathBuf,
    /// The name that the panel gave it; never used as a path.
    pub file_name: String,
    /// The media type that the panel gave it.
    pub media_type: Option<String>,
    /// What a reader of the report should know.
    pub notes: Vec<String>,
    /// What a browser sent to get it.
    pub trace: Option<Trace>,
}

/// What came of asking for an export.
pub(crate) enum Answer {
    /// A file.
    File(Download),
    /// The panel's own word that there are no rows for the days.
    Nothing {
        /// What it shows.
        said: String,
    },
}

/// One way to talk to a panel.
#[async_trait]
pub(crate) trait Client: Send {
    /// Logs in; called once, before anything else.
    async fn login(&mut self) -> Result<(), Error>;

    /// Takes over a session that another driver, or another run, logged in; whether the
    /// panel still knows it.
    async fn adopt(&mut self, cookies: &[Cookie]) -> Result<bool, Error>;

    /// The session's cookies.
    async fn cookies(&self) -> Result<Vec<Cookie>, Error>;

    /// Opens the export's page, sets the window, starts the export and takes the file.
    async fn download(&mut self, recipe: &Recipe, window: Window) -> Result<Answer, Error>;

    /// The error with files that show how the panel looked at this moment, without the cells of
    /// `private` columns.
    async fn witness(&self, error: Error, name: &str, private: &[String]) -> Error;

    /// Logs out and lets everything go, also after an error. Harmless when called twice.
    async fn logout(&mut self) -> Result<(), Error>;
}

/// Why a session that was renewed ends again and again.
pub(crate) const OFTEN_SHARED: &str =
    "if this stays: somebody else may be logged in with the same account; give exporter one of its own";

/// The login page came where another was asked for.
pub(crate) fn expired(page: &str) -> Error {
    Error::new(ErrorKind::SessionExpired, "the panel sent its login page instead: the session is over")
        .context("page", classify::without_query(page))
        .hint(OFTEN_SHARED)
}

/// Nothing on the page matches the selectors of a field or button.
pub(crate) fn not_found(what: &str, wanted: &str, page: &str) -> Error {
    Error::new(ErrorKind::ElementNotFound, format!("{what} was not found on the export's page"))
        .context("looked for", wanted)
        .context("page", classify::without_query(page))
        .hint("open the page by hand; if it has changed, set the export's selectors in the configuration")
}

/// The file is larger than allowed.
pub(crate) fn too_large(limit: u64) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the file is over the limit of {limit} bytes"))
        .hint("fetch fewer days at once")
}
