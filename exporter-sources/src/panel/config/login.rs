//! `[login]`: how a session with a panel begins.

use serde::Deserialize;

/// How the panel knows us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginKind {
    /// By a form with user name and password.
    #[default]
    Form,
    /// By the password as a token in each request (`Authorization: Bearer`, RFC 6750).
    Bearer,
    /// By user name and password in each request (RFC 7617).
    Basic,
    /// Not at all.
    None,
}

/// The login. Selectors are lists: the first that matches wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoginConfig {
    /// How the panel knows us; by a form unless given.
    pub kind: Option<LoginKind>,
    /// Path of the login page, for instance `/login`.
    pub page: Option<String>,
    /// Selectors of the field for the user name or e-mail address.
    pub username: Option<Vec<String>>,
    /// Selectors of the field for the password.
    pub password: Option<Vec<String>>,
    /// Selectors of the button that sends the form.
    pub submit: Option<Vec<String>>,
    /// Selectors of the button after the user name, where the password is asked for on a
    /// second page.
    pub next: Option<Vec<String>>,
    /// Selectors of the field for the code of a second factor.
    pub code: Option<Vec<String>>,
    /// Selectors of something that only somebody who is logged in sees.
    pub success: Option<Vec<String>>,
    /// Selectors of the form, button or link that logs out.
    pub logout: Option<Vec<String>>,
    /// A page that only somebody who is logged in sees; the first export's unless given.
    pub probe: Option<String>,
    /// Other hosts that the panel may lead us to, such as one that logs people in.
    pub hosts: Option<Vec<String>>,
}

impl LoginConfig {
    /// These settings under those of `over`.
    #[must_use]
    pub fn overlay(self, over: Self) -> Self {
        Self {
            kind: over.kind.or(self.kind),
            page: over.page.or(self.page),
            username: over.username.or(self.username),
            password: over.password.or(self.password),
            submit: over.submit.or(self.submit),
            next: over.next.or(self.next),
            code: over.code.or(self.code),
            success: over.success.or(self.success),
            logout: over.logout.or(self.logout),
            probe: over.probe.or(self.probe),
            hosts: over.hosts.or(self.hosts),
        }
    }
}
