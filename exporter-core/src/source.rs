//! Where tables come from: the traits of a source and of the session it may share.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Artifact, Error, ErrorKind, ExportSpec, Table, Window};

/// How a session talks to its panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Driver {
    /// HTTP where it can work, a browser where it cannot.
    #[default]
    Auto,
    /// A plain HTTP client with cookies.
    Http,
    /// A real browser through WebDriver.
    Browser,
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Http => "http",
            Self::Browser => "browser",
        })
    }
}

impl FromStr for Driver {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "auto" => Ok(Self::Auto),
            "http" => Ok(Self::Http),
            "browser" => Ok(Self::Browser),
            _ => Err(Error::new(ErrorKind::Config, format!("unknown driver `{text}`"))
                .hint("the drivers are `auto`, `http` and `browser`")),
        }
    }
}

/// What one call of [`ExportSource::export`] is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRequest {
    /// The days wanted, in the panel's time zone.
    pub window: Window,
    /// The run this belongs to; part of the names of private files.
    pub run: String,
    /// Which try this is, from 1.
    pub attempt: u32,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// The file, if the source keeps one.
    pub artifact: Option<Artifact>,
    /// The table in it, typed. Without rows it means that the panel really had none.
    pub table: Table,
    /// The driver that fetched it: never [`Driver::Auto`].
    pub driver: Driver,
    /// What a reader of the report should know: a selector that was replaced, cells
    /// that did not fit their column's type, rows that were left out.
    pub notes: Vec<String>,
}

/// One export of one panel, or anything else that yields a table for a window.
///
/// # Behavior
/// - `export` returns the whole table of the window or an error; never a part of it.
/// - A table without rows says that there was nothing, not that nothing was found.
/// - Calling `export` again with the same window is safe: reading a panel changes nothing.
/// - After an error with [`Retry::Relogin`](crate::Retry::Relogin) the caller reopens the
///   shared [`Session`], if there is one, before it tries again.
#[async_trait]
pub trait ExportSource: Send + Sync {
    /// What pipeline and sinks have to know about the export.
    fn spec(&self) -> &ExportSpec;

    /// Tries the source without exporting anything.
    async fn check(&self) -> Result<(), Error>;

    /// Fetches and reads the table of the window.
    async fn export(&self, request: &ExportRequest) -> Result<Export, Error>;
}

/// A logged-in state with one panel, shared by its exports.
///
/// # Behavior
/// - `open` and `close` may be called at any time, also twice: they do what is left to do.
/// - `close` logs out and leaves no process behind, also after an error.
#[async_trait]
pub trait Session: Send + Sync {
    /// Logs in unless logged in already; the driver that did it.
    async fn open(&self) -> Result<Driver, Error>;

    /// Logs out and lets everything go.
    async fn close(&self) -> Result<(), Error>;
}
