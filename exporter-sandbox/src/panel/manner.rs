//! The ways in which panels differ from the one that the built-in preset describes.

use std::time::Duration;

use axum::http::StatusCode;

/// A way of one of the sandbox's panels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As the built-in preset has it.
    Usual,
    /// Other names, ids and classes; the same labels and kinds of fields.
    Renamed,
    /// A cookie banner and a pop-up lie over every page until they are closed.
    Overlay,
    /// Files open in a new tab, sent to be shown and not to be kept.
    NewTab,
    /// No more than 31 days at once.
    MaxDays,
    /// A second login ends the first.
    SingleSession,
    /// The user's name, then the password on a page of its own, then a code.
    TwoStep,
    /// Every answer takes its time.
    Slow,
    /// Every seventh request fails: 500, 503 or a cut connection, in turn.
    Flaky,
}

/// Days in a window at most, where there is a limit.
pub(super) const MOST_DAYS: i64 = 31;
/// Which requests fail where they do: a login and an export in one session come through.
const EVERY: u64 = 7;

impl Manner {
    /// All but the usual one.
    pub const OTHERS: [Self; 8] = [
        Self::Renamed,
        Self::Overlay,
        Self::NewTab,
        Self::MaxDays,
        Self::SingleSession,
        Self::TwoStep,
        Self::Slow,
        Self::Flaky,
    ];

    /// Its name in addresses and faults.
    pub fn name(self) -> &'static str {
        match self {
            Self::Usual => "panel",
            Self::Renamed => "renamed",
            Self::Overlay => "overlay",
            Self::NewTab => "new_tab",
            Self::MaxDays => "max_days",
            Self::SingleSession => "single_session",
            Self::TwoStep => "two_step",
            Self::Slow => "slow",
            Self::Flaky => "flaky",
        }
    }

    /// What is particular about it, in a line.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Usual => "the panel that the built-in preset describes",
            Self::Renamed => "the preset's panel after a redesign: other names, ids and classes",
            Self::Overlay => "a cookie banner and a pop-up cover every page",
            Self::NewTab => "files open in a new tab and are sent inline",
            Self::MaxDays => "windows of more than 31 days are refused",
            Self::SingleSession => "a second login ends the first",
            Self::TwoStep => "user name, then password, then a code (RFC 6238)",
            Self::Slow => "every answer waits",
            Self::Flaky => "every seventh request fails",
        }
    }

    /// How long an answer waits.
    pub(super) fn pause(self) -> Option<Duration> {
        (self == Self::Slow).then_some(Duration::from_millis(600))
    }

    /// How the request of this number fails, if it does.
    pub(super) fn failure(self, number: u64) -> Option<Failure> {
        let turn = (self == Self::Flaky && number.is_multiple_of(EVERY)).then_some(number / EVERY % 3)?;
        Some(match turn {
            0 => Failure::Status(StatusCode::INTERNAL_SERVER_ERROR),
            1 => Failure::Status(StatusCode::SERVICE_UNAVAILABLE),
            _ => Failure::Cut,
        })
    }
}

/// How a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// With this status.
    Status(StatusCode),
    /// Without an answer.
    Cut,
}
