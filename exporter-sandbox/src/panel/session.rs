//! Sessions as Laravel keeps them: a cookie, a token against forged forms, what to say on the
//! next page, and where the visitor wanted to go.

use std::collections::HashMap;

use axum::http::HeaderMap;
use axum::http::header;
use chrono::{DateTime, TimeDelta, Utc};

/// Minutes without a request after which a session ends (Laravel's `session.lifetime`).
const LIFETIME: TimeDelta = TimeDelta::minutes(120);

/// A visitor's session.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    /// Against forged forms.
    pub token: String,
    pub logged_in: bool,
    /// The name that was given, where the password has a page of its own.
    pub name: Option<String>,
    /// The password was right and the code is awaited.
    pub awaits_code: bool,
    /// The page that the visitor asked for before the login.
    pub intended: Option<String>,
    /// Shown once, on the next page.
    pub message: Option<String>,
    /// What was typed as the user's name, put back into the form.
    pub typed: Option<String>,
    seen: DateTime<Utc>,
}

/// All sessions of a panel.
#[derive(Debug)]
pub(super) struct Sessions {
    by_id: HashMap<String, Session>,
    seed: u64,
    issued: u64,
    cookie: String,
}

impl Sessions {
    pub fn new(seed: u64, panel: &str) -> Self {
        // Cookies do not know ports: panels on one host need names of their own.
        let cookie = if panel == "panel" { "laravel_session".to_owned() } else { format!("{panel}_session") };
        Self { by_id: HashMap::new(), seed, issued: 0, cookie }
    }

    /// The session of a request, or a new one; gives its id.
    pub fn open(&mut self, headers: &HeaderMap, now: DateTime<Utc>) -> String {
        let known = cookie(headers, &self.cookie);
        let known =
            known.filter(|id| self.by_id.get(id).is_some_and(|session| now - session.seen < LIFETIME));
        let id = known.unwrap_or_else(|| self.create(Session::default()));
        if let Some(session) = self.by_id.get_mut(&id) {
            session.seen = now;
        }
        id
    }

    /// A session; a forgotten one is like a new one.
    pub fn get(&self, id: &str) -> Session {
        self.by_id.get(id).cloned().unwrap_or_default()
    }

    /// Changes a session.
    pub fn update(&mut self, id: &str, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.by_id.get_mut(id) {
            change(session);
        }
    }

    /// Gives a session a new id and a new token, as happens when its user logs in or out.
    pub fn renew(&mut self, id: &str) -> String {
        let session = self.by_id.remove(id).unwrap_or_default();
        self.create(session)
    }

    /// Ends the sessions of everybody else who is logged in, with a word about it.
    pub fn end_others(&mut self, id: &str, message: &str) {
        for (other, session) in &mut self.by_id {
            if other != id && session.logged_in {
                session.logged_in = false;
                session.message = Some(message.to_owned());
            }
        }
    }

    pub fn clear(&mut self) {
        self.by_id.clear();
    }

    fn create(&mut self, session: Session) -> String {
        self.issued += 1;
        let number = |salt: u64| mix(self.seed ^ salt, self.issued);
        let id = format!("{:016x}{:016x}", number(2), number(3));
        let token = format!("{:016x}{:016x}", number(4), number(5));
        self.by_id.insert(id.clone(), Session { token, ..session });
        id
    }

    /// The two cookies that every answer sets.
    pub fn cookies(&self, id: &str, now: DateTime<Utc>) -> [String; 2] {
        let Self { cookie, .. } = self;
        let until = format!(
            "expires={}; Max-Age={}; path=/",
            (now + LIFETIME).format("%a, %d-%b-%Y %H:%M:%S GMT"),
            LIFETIME.num_seconds()
        );
        let token = xsrf(&self.get(id).token);
        [
            // Scripts read this one and send it back as a header, decoded.
            format!("XSRF-TOKEN={}; {until}; samesite=lax", token.replace('=', "%3D")),
            format!("{cookie}={id}; {until}; httponly; samesite=lax"),
        ]
    }
}

/// The token as the cookie for scripts carries it.
pub(super) fn xsrf(token: &str) -> String {
    format!("{token}==")
}

/// The value of a request's cookie.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// An id that cannot be guessed from the one before, for a stand-in.
pub(crate) fn mix(seed: u64, number: u64) -> u64 {
    let mixed = (seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 32)
}
