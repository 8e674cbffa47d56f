//! Configuration, checked: how a session begins.

use exporter_core::{Error, ErrorKind};
use scraper::Html;

use crate::panel::{LoginConfig, LoginKind};
use crate::selector::{self, Role, Selector};

/// How to log in.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub kind: LoginKind,
    pub page: String,
    pub username: Vec<Selector>,
    pub password: Vec<Selector>,
    pub submit: Vec<Selector>,
    /// What is clicked between user name and password, where they stand on two pages.
    pub next: Vec<Selector>,
    /// Where the code of a second factor goes.
    pub code: Vec<Selector>,
    /// What only somebody who is logged in sees.
    pub success: Vec<Selector>,
    /// What is clicked to log out.
    pub logout: Vec<Selector>,
    /// A page that only somebody who is logged in sees.
    pub probe: Option<String>,
    /// Other hosts that a login may lead over.
    pub hosts: Vec<String>,
}

impl Login {
    /// `probe` is a page of the panel behind the login, where the configuration names none.
    pub(crate) fn new(config: &LoginConfig, probe: Option<&str>) -> Result<Self, Error> {
        let selectors = |list: &Option<Vec<String>>, usual: &[&str]| match list {
            Some(list) => Selector::list(list),
            None => usual.iter().map(|selector| Selector::parse(selector)).collect(),
        };
        let hosts = config.hosts.clone().unwrap_or_default();
        if let Some(host) = hosts.iter().find(|host| host.contains('/')) {
            return Err(Error::new(ErrorKind::Config, format!("`{host}` is no host"))
                .hint("write `login.hosts` without scheme and path, for instance login.example.com"));
        }
        Ok(Self {
            kind: config.kind.unwrap_or_default(),
            page: config.page.clone().unwrap_or_else(|| "/login".to_owned()),
            username: selectors(
                &config.username,
                &["[name=\"email\"]", "[name=\"username\"]", "input[type=\"email\"]"],
            )?,
            password: selectors(&config.password, &["[name=\"password\"]", "input[type=\"password\"]"])?,
            submit: selectors(
                &config.submit,
                &["button[type=\"submit\"]", "input[type=\"submit\"]", "form button"],
            )?,
            next: selectors(&config.next, &[])?,
            code: selectors(
                &config.code,
                &["[autocomplete=\"one-time-code\"]", "input[name*=\"otp\"]", "input[name*=\"code\"]"],
            )?,
            success: selectors(&config.success, &[])?,
            logout: selectors(
                &config.logout,
                &["form[action*=logout]", "form[action*=keluar]", "a[href*=logout]", "a[href*=keluar]"],
            )?,
            probe: config.probe.clone().or_else(|| probe.map(str::to_owned)),
            hosts,
        })
    }

    /// Looks on the login page for what the selectors no longer find; what a reader of the
    /// report should know.
    pub(crate) fn mend(&mut self, html: &str) -> Vec<String> {
        let page = Html::parse_document(html);
        let two_pages = !self.next.is_empty();
        let mut notes = Vec::new();
        for (at, role, what, key) in [
            (&mut self.username, Role::Username, "the field for the user name", "username"),
            (&mut self.password, Role::Password, "the field for the password", "password"),
            (&mut self.submit, Role::Submit, "the button of the login form", "submit"),
        ] {
            // The second page is not there yet.
            if selector::first(at, &page).is_some() || (two_pages && role != Role::Username) {
                continue;
            }
            if let Some(healed) = role.find(&page, at) {
                notes.push(healed.note(what, at, ("panel.login", key)));
                *at = vec![healed.selector];
            }
        }
        notes
    }
}
