//! Logging in and out: one page or two steps, a code where one is asked for, a lock after too
//! many wrong passwords.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use chrono::{DateTime, TimeDelta, Utc};

use super::visit::{Renewed, Visit};
use super::{EMAIL, Inner, Manner, Mode, Panel, TOTP_SECRET, pages};
use crate::totp;

/// Wrong passwords in a minute before the form is locked (Laravel's `RateLimiter` default).
const TRIES: usize = 5;
const MINUTE: TimeDelta = TimeDelta::seconds(60);

const WRONG: &str = "These credentials do not match our records.";
const WRONG_CODE: &str = "The provided two factor authentication code was invalid.";
const THROWN_OUT: &str = "Akun Anda dipakai untuk masuk di perangkat lain.";

/// Wrong tries by user name.
#[derive(Debug, Default)]
pub(super) struct Throttle(HashMap<String, Vec<DateTime<Utc>>>);

impl Throttle {
    /// Seconds until this user may try again, if that is not now.
    fn wait(&mut self, name: &str, now: DateTime<Utc>) -> Option<i64> {
        let tries = self.0.entry(name.to_lowercase()).or_default();
        tries.retain(|at| now - *at < MINUTE);
        (tries.len() >= TRIES).then(|| (MINUTE - (now - tries[0])).num_seconds().max(1))
    }

    fn note(&mut self, name: &str, now: DateTime<Utc>) {
        self.0.entry(name.to_lowercase()).or_default().push(now);
    }
}

/// The user's phone: each login gets a code of its own, good for five minutes and one use.
#[derive(Debug)]
pub(super) struct Phone {
    seed: u64,
    sent: i64,
    code: Option<(String, DateTime<Utc>)>,
}

impl Phone {
    pub fn new(seed: u64) -> Self {
        Self { seed, sent: 0, code: None }
    }

    pub fn code(&self) -> Option<&str> {
        self.code.as_ref().map(|(code, _)| code.as_str())
    }

    fn send(&mut self, now: DateTime<Utc>) {
        self.sent += 1;
        self.code = Some((totp::sent(self.seed, self.sent), now));
    }

    /// Whether this is the code; it is good once.
    fn takes(&mut self, code: &str, now: DateTime<Utc>) -> bool {
        self.code.take_if(|(sent, at)| sent == code.trim() && now - *at < MINUTE * 5).is_some()
    }
}

pub(super) async fn home(Extension(visit): Extension<Visit>) -> Response {
    visit.to("/dashboard")
}

pub(super) async fn page(State(panel): State<Panel>, Extension(visit): Extension<Visit>) -> Response {
    if visit.session.logged_in {
        return visit.to("/dashboard");
    }
    let mode = {
        let mut inner = panel.inner();
        inner.sessions.update(&visit.id, |session| {
            session.message = None;
            session.typed = None;
        });
        inner.mode
    };
    let form = match (mode, panel.manner) {
        (Mode::RenamedForm, _) => pages::LoginForm::Unknown,
        (Mode::Captcha, _) => pages::LoginForm::Captcha,
        (_, Manner::TwoStep) => pages::LoginForm::Name,
        (_, Manner::Renamed) => pages::LoginForm::Renamed,
        _ => pages::LoginForm::Usual,
    };
    Html(pages::login(&visit.session, form, panel.manner)).into_response()
}

/// The form with name and password, or with the name alone.
pub(super) async fn submit(State(panel): State<Panel>, Extension(visit): Extension<Visit>) -> Response {
    let (name_field, password_field) = pages::login_fields(panel.manner);
    let name = visit.field(name_field).to_owned();
    let mut inner = panel.inner();
    if panel.manner == Manner::TwoStep {
        // Whether there is such a user is not told before the password.
        inner.sessions.update(&visit.id, |session| session.name = Some(name));
        return visit.to("/login/password");
    }
    check(&mut inner, &panel, &visit, &name, visit.form.get(password_field), "/login")
}

pub(super) async fn password_page(
    State(panel): State<Panel>,
    Extension(visit): Extension<Visit>,
) -> Response {
    match &visit.session.name {
        Some(name) if panel.manner == Manner::TwoStep => {
            panel.inner().sessions.update(&visit.id, |session| session.message = None);
            Html(pages::password(&visit.session, name)).into_response()
        }
        _ => visit.to("/login"),
    }
}

pub(super) async fn submit_password(
    State(panel): State<Panel>,
    Extension(visit): Extension<Visit>,
) -> Response {
    let Some(name) = visit.session.name.clone().filter(|_| panel.manner == Manner::TwoStep) else {
        return visit.to("/login");
    };
    let mut inner = panel.inner();
    check(&mut inner, &panel, &visit, &name, visit.form.get("password"), "/login/password")
}

/// Checks name and password and goes on, or back to `form`.
fn check(
    inner: &mut Inner,
    panel: &Panel,
    visit: &Visit,
    name: &str,
    password: Option<&String>,
    form: &str,
) -> Response {
    let now = inner.now();
    let refuse = |inner: &mut Inner, message: String| {
        inner.sessions.update(&visit.id, |session| {
            session.message = Some(message);
            session.typed = Some(name.to_owned());
        });
        visit.to(form)
    };
    if inner.mode == Mode::Captcha {
        return refuse(inner, "The g-recaptcha-response field is required.".to_owned());
    }
    if let Some(seconds) = inner.throttle.wait(name, now) {
        let message = format!("Too many login attempts. Please try again in {seconds} seconds.");
        return refuse(inner, message);
    }
    if name != EMAIL || password != Some(&inner.password) {
        inner.throttle.note(name, now);
        inner.failed_logins += 1;
        return refuse(inner, WRONG.to_owned());
    }
    if inner.mode == Mode::PasswordExpired {
        return visit.to("/password/expired");
    }
    if inner.mode == Mode::SecondFactor || panel.manner == Manner::TwoStep {
        inner.sessions.update(&visit.id, |session| session.awaits_code = true);
        inner.phone.send(now);
        return visit.to("/two-factor-challenge");
    }
    enter(inner, panel, visit)
}

pub(super) async fn expired_page(Extension(visit): Extension<Visit>) -> Response {
    Html(pages::password_expired(&visit.session)).into_response()
}

pub(super) async fn code_page(State(panel): State<Panel>, Extension(visit): Extension<Visit>) -> Response {
    if !visit.session.awaits_code {
        return visit.to("/login");
    }
    panel.inner().sessions.update(&visit.id, |session| session.message = None);
    Html(pages::second_factor(&visit.session)).into_response()
}

pub(super) async fn submit_code(State(panel): State<Panel>, Extension(visit): Extension<Visit>) -> Response {
    if !visit.session.awaits_code {
        return visit.to("/login");
    }
    let mut inner = panel.inner();
    let (now, code) = (inner.now(), visit.field("code"));
    if totp::is_valid(TOTP_SECRET, code, now) || inner.phone.takes(code, now) {
        return enter(&mut inner, &panel, &visit);
    }
    inner.failed_logins += 1;
    inner.sessions.update(&visit.id, |session| session.message = Some(WRONG_CODE.to_owned()));
    visit.to("/two-factor-challenge")
}

/// The visitor is in: a new session id, and on to the page that was asked for.
fn enter(inner: &mut Inner, panel: &Panel, visit: &Visit) -> Response {
    inner.logins += 1;
    let id = inner.sessions.renew(&visit.id);
    if panel.manner == Manner::SingleSession {
        inner.sessions.end_others(&id, THROWN_OUT);
    }
    let mut intended = None;
    inner.sessions.update(&id, |session| {
        session.logged_in = true;
        session.awaits_code = false;
        session.name = None;
        session.message = None;
        intended = session.intended.take();
    });
    renewed(visit.to(intended.as_deref().unwrap_or("/dashboard")), id)
}

pub(super) async fn logout(State(panel): State<Panel>, Extension(visit): Extension<Visit>) -> Response {
    let mut inner = panel.inner();
    if visit.session.logged_in {
        inner.logouts += 1;
    }
    let id = inner.sessions.renew(&visit.id);
    inner.sessions.update(&id, |session| session.logged_in = false);
    renewed(visit.to("/login"), id)
}

fn renewed(mut response: Response, id: String) -> Response {
    response.extensions_mut().insert(Renewed(id));
    response
}
