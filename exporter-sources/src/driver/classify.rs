//! What a page that is not the one we wanted says: one reading for both drivers.

use std::time::Duration;

use exporter_core::{Error, ErrorKind, Retry};
use scraper::{ElementRef, Html, Selector};

use super::{Codes, expired};

/// What Laravel answers when the session behind a form or a page has ended.
pub(crate) const PAGE_EXPIRED: u16 = 419;

/// A page as a driver saw it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// Its address.
    pub url: &'a str,
    /// The status, where the driver knows it.
    pub status: Option<u16>,
    /// The pause that the panel asks for.
    pub pause: Option<Duration>,
    /// Its HTML.
    pub html: &'a str,
}

/// Words on a page, in lower case, and what they mean. The more particular come first.
const SIGNS: [(&[&str], ErrorKind); 6] = [
    (&["g-recaptcha", "h-captcha", "cf-turnstile", "recaptcha/api"], ErrorKind::Captcha),
    (
        &[
            "one-time-code",
            "two-factor",
            "two factor",
            "kode otp",
            "kode verifikasi",
            "verification code",
            "authenticator",
        ],
        ErrorKind::SecondFactor,
    ),
    (
        &[
            "password expired",
            "password has expired",
            "password telah kedaluwarsa",
            "password sudah kedaluwarsa",
            "wajib mengganti password",
            "must change your password",
        ],
        ErrorKind::PasswordExpired,
    ),
    (
        &[
            "access denied",
            "akses ditolak",
            "request blocked",
            "you have been blocked",
            "too many login attempts",
            "too many attempts",
            "terlalu banyak percobaan",
            "attention required! | cloudflare",
        ],
        ErrorKind::Blocked,
    ),
    (
        &[
            "under maintenance",
            "be right back",
            "sedang dalam pemeliharaan",
            "sedang dalam perbaikan",
            "sedang pemeliharaan",
        ],
        ErrorKind::Maintenance,
    ),
    (
        &[
            "these credentials do not match",
            "invalid credentials",
            "email atau password salah",
            "password salah",
            "kredensial",
            "wrong password",
            "incorrect password",
        ],
        ErrorKind::WrongPassword,
    ),
];

/// Why the answer to a page that should have been ours is not: server errors, firewalls,
/// maintenance. `None` when nothing speaks against it.
pub(crate) fn refusal(seen: Seen<'_>) -> Option<Error> {
    let kind = match seen.status? {
        503 if sign(seen.html) == Some(ErrorKind::Maintenance) => ErrorKind::Maintenance,
        403 | 429 => ErrorKind::Blocked,
        500.. => ErrorKind::PanelDown,
        _ => return None,
    };
    let error = error(kind, seen);
    Some(match seen.pause {
        None if seen.status == Some(429) => error.retry(Retry::After(SHORT_PAUSE)),
        Some(pause) if kind != ErrorKind::Maintenance && pause <= LONGEST_PAUSE => {
            error.retry(Retry::After(pause))
        }
        _ => error,
    })
}

/// The pause before a panel that says "too fast" and not how long is asked again.
const SHORT_PAUSE: Duration = Duration::from_secs(30);

/// Longer than this nobody waits for a panel within a run.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The panel does not take the token, or the user name and password, of a request.
pub(crate) fn not_authorised(seen: Seen<'_>) -> Error {
    error(ErrorKind::WrongPassword, seen)
}

/// The page after the login is another than the configuration describes.
pub(crate) fn not_in(seen: Seen<'_>, wanted: &str) -> Error {
    error(ErrorKind::LoginFormNotFound, seen)
        .context("looked for", wanted)
        .hint("log in by hand and correct `login.success`")
}

/// Whether the page says in words that user name or password are wrong.
pub(crate) fn says_wrong_password(html: &str) -> bool {
    sign(html) == Some(ErrorKind::WrongPassword)
}

/// The panel does not take the code of the second factor.
pub(crate) fn wrong_code(seen: Seen<'_>, codes: &Codes) -> Error {
    Error::new(ErrorKind::SecondFactor, "the panel refused the code of the second factor")
        .context("page", without_query(seen.url))
        .hint(match codes {
            Codes::Made(_) => "check the secret of the second factor and that this machine's clock is right",
            Codes::Asked(_) => "start another run, and answer with the code that the panel sends then",
        })
}

/// Why we are not in, judged by the page that came after the form was sent.
/// `None` when the page is no login page, no error and without a sign of trouble: we are in.
pub(crate) fn login_outcome(seen: Seen<'_>, on_login_page: bool) -> Option<Error> {
    if let Some(error) = refusal(seen) {
        // Whoever knocks again at a locked door keeps it locked.
        let locked = error.kind() == ErrorKind::Blocked;
        return Some(if locked { error.retry(Retry::Never) } else { error });
    }
    if seen.status == Some(PAGE_EXPIRED) {
        return Some(error(ErrorKind::SessionExpired, seen));
    }
    let kind = match sign(seen.html) {
        Some(kind) if on_login_page => kind,
        _ if on_login_page => ErrorKind::WrongPassword,
        // Words like these may stand on any page of a panel that let us in; a form that asks
        // for a code, or a page that says nothing but that the password is too old, may not.
        Some(ErrorKind::SecondFactor) if asks_for_code(seen.html) => ErrorKind::SecondFactor,
        Some(kind @ (ErrorKind::PasswordExpired | ErrorKind::Maintenance)) => kind,
        // An error page is nothing that follows a login, whatever stands on it.
        _ if seen.status.is_some_and(|status| status >= 400) => ErrorKind::LoginFormNotFound,
        _ => return None,
    };
    Some(error(kind, seen))
}

/// What a page that came in place of the export's file says.
pub(crate) fn instead_of_file(seen: Seen<'_>) -> Error {
    if let Some(error) = refusal(seen) {
        return error;
    }
    if seen.status == Some(PAGE_EXPIRED) || is_login_page(seen.html) {
        return expired(seen.url);
    }
    let error = if seen.html.trim().is_empty() {
        Error::new(ErrorKind::EmptyFile, "the panel sent nothing (0 bytes) instead of a file")
    } else {
        let title = title(seen.html).unwrap_or_else(|| "without a title".to_owned());
        Error::new(ErrorKind::WrongFile, format!("a web page came instead of a file: \"{title}\""))
    };
    let error = error
        .context("page", without_query(seen.url))
        .hint("make this export by hand in the panel and look at what it answers");
    match seen.status {
        Some(status) => error.context("status", status.to_string()),
        None => error,
    }
}

/// Why there is no login form on the login page.
pub(crate) fn no_login_form(seen: Seen<'_>, wanted: &str) -> Error {
    refusal(seen).unwrap_or_else(|| match sign(seen.html) {
        Some(kind @ (ErrorKind::Captcha | ErrorKind::Blocked | ErrorKind::Maintenance)) => error(kind, seen),
        _ => error(ErrorKind::LoginFormNotFound, seen).context("looked for", wanted),
    })
}

/// Whether the page is one to log in on: a form asks for one password and hardly more.
/// A form that makes or changes a user, as pages of a panel often hide one in a dialogue,
/// asks for the password twice or for more about the user.
pub(crate) fn is_login_page(html: &str) -> bool {
    let page = Html::parse_document(html);
    select(&page, "form").into_iter().any(|form| {
        let kinds: Vec<_> = inputs(form).collect();
        let passwords = kinds.iter().filter(|kind| *kind == "password").count();
        let typed = kinds.iter().filter(|kind| TYPED.contains(&kind.as_str())).count();
        passwords == 1 && typed <= 2
    })
}

/// Types of fields that people write into, beside passwords. A login has the name, and
/// perhaps a captcha or the name of a branch.
const TYPED: [&str; 5] = ["text", "email", "tel", "url", "number"];

/// The types of a form's inputs; one that is not given is `text` (HTML, 4.10.5).
fn inputs(form: ElementRef<'_>) -> impl Iterator<Item = String> {
    let inputs =
        Selector::parse("input").map(|css| form.select(&css).collect::<Vec<_>>()).unwrap_or_default();
    inputs.into_iter().map(|input| input.value().attr("type").unwrap_or("text").to_ascii_lowercase())
}

/// The page's title, or its first heading.
pub(crate) fn title(html: &str) -> Option<String> {
    let page = Html::parse_document(html);
    ["title", "h1", "h2"].iter().find_map(|css| text_of(*select(&page, css).first()?))
}

/// What was seen as an error: the kind's sentence, the page, and the panel's own words.
fn error(kind: ErrorKind, seen: Seen<'_>) -> Error {
    let (message, hint) = sentence(kind);
    let mut error = Error::new(kind, message).context("page", without_query(seen.url));
    if let Some(status) = seen.status.filter(|status| *status >= 400) {
        error = error.context("status", status.to_string());
    }
    if let Some(said) = message_of(seen.html) {
        error = error.context("the panel says", format!("\"{said}\""));
    } else if let Some(title) = title(seen.html) {
        error = error.context("title", format!("\"{title}\""));
    }
    error.hint(hint)
}

/// One sentence for what happened and one for what to do.
fn sentence(kind: ErrorKind) -> (&'static str, &'static str) {
    match kind {
        ErrorKind::WrongPassword => (
            "the panel refused the user name or the password",
            "log in to the panel by hand with the same user name and password; it is not tried again, so that the user is not locked out",
        ),
        ErrorKind::SecondFactor => (
            "the panel asks for a second factor",
            "put its secret where `totp` under [panel] says, or let exporter ask for the code: run it in a \
                 terminal, or with `exporter serve` and a Telegram chat that answers",
        ),
        ErrorKind::PasswordExpired => (
            "the panel wants the password changed first",
            "log in by hand, change the password, and put the new one where exporter reads it",
        ),
        ErrorKind::Captcha => (
            "the panel asks to prove that a person is at work",
            "ask the panel's operator to leave this user or address out of the captcha",
        ),
        ErrorKind::Blocked => (
            "the panel or a firewall before it turned us away",
            "wait, then log in by hand from this machine; ask the panel's operator to let its address through",
        ),
        ErrorKind::Maintenance => ("the panel is under maintenance", "try again later"),
        ErrorKind::SessionExpired => ("the panel no longer knows our session", "run again"),
        ErrorKind::LoginFormNotFound => (
            "there is no login form on the login page, or the panel does not take it",
            "open the page by hand; if the form has changed, set `login.username` and `login.password`",
        ),
        _ => ("the panel answers with a server error", "open the panel in a browser; try again later"),
    }
}

/// The first sign on the page.
fn sign(html: &str) -> Option<ErrorKind> {
    let lower = html.to_lowercase();
    SIGNS.iter().find(|(words, _)| words.iter().any(|word| lower.contains(word))).map(|(_, kind)| *kind)
}

/// Whether a form asks for a code.
fn asks_for_code(html: &str) -> bool {
    let fields = "form input[autocomplete=one-time-code], form input[name*=otp], form input[name*=code]";
    !select(&Html::parse_document(html), fields).is_empty()
}

/// The panel's own words in a place where panels put errors, shortened.
fn message_of(html: &str) -> Option<String> {
    let page = Html::parse_document(html);
    let places = ".invalid-feedback, .alert-danger, .alert-error, .alert, .error, .help-block, .text-danger, [role=alert]";
    let said = select(&page, places).into_iter().find_map(text_of)?;
    Some(said.chars().take(200).collect())
}

fn text_of(element: ElementRef<'_>) -> Option<String> {
    let text = element.text().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// The elements that fixed CSS selects.
fn select<'a>(page: &'a Html, css: &str) -> Vec<ElementRef<'a>> {
    Selector::parse(css).map(|css| page.select(&css).collect()).unwrap_or_default()
}

/// An address without what may hold secrets.
pub(crate) fn without_query(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or(url).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = r#"<form><input name="email"><input type="password" name="password"></form>"#;

    fn outcome(html: &str, status: u16, on_login: bool) -> Option<ErrorKind> {
        let seen = Seen { url: "http://p/login", status: Some(status), pause: None, html };
        login_outcome(seen, on_login).map(|error| error.kind())
    }

    #[test]
    fn the_panels_words_are_quoted() {
        let html = format!(
            r#"<div class="alert alert-danger">These credentials do not match our records.</div>{FORM}"#
        );
        let error = login_outcome(
            Seen { url: "http://p/login?a=b", status: Some(200), pause: None, html: &html },
            true,
        )
        .unwrap();
        assert_eq!(error.kind(), ErrorKind::WrongPassword);
        assert!(error.to_string().contains("\"These credentials do not match our records.\""), "{error}");
        assert!(!error.to_string().contains("a=b"));
    }

    #[test]
    fn each_outcome_has_its_kind() {
        let code = r#"<h1>Two-factor</h1><form><input name="otp" autocomplete="one-time-code"></form>"#;
        assert_eq!(outcome(code, 200, false), Some(ErrorKind::SecondFactor));
        assert_eq!(outcome("<p>Your password has expired</p>", 200, false), Some(ErrorKind::PasswordExpired));
        assert_eq!(
            outcome(&format!("<div class=g-recaptcha></div>{FORM}"), 200, true),
            Some(ErrorKind::Captcha)
        );
        assert_eq!(outcome("", 403, false), Some(ErrorKind::Blocked));
        assert_eq!(outcome("", 429, false), Some(ErrorKind::Blocked));
        assert_eq!(outcome("Service unavailable", 503, false), Some(ErrorKind::PanelDown));
        assert_eq!(outcome("We'll be right back", 503, false), Some(ErrorKind::Maintenance));
        assert_eq!(outcome("Page Expired", 419, false), Some(ErrorKind::SessionExpired));
        assert_eq!(outcome(FORM, 200, true), Some(ErrorKind::WrongPassword));
        assert_eq!(outcome("<h1>Not Found</h1>", 404, false), Some(ErrorKind::LoginFormNotFound));
    }

    #[test]
    fn who_is_too_fast_waits_but_never_at_the_login() {
        let seen = |pause| Seen { url: "http://p/x", status: Some(429), pause, html: "" };
        let retry = |pause| refusal(seen(pause)).unwrap().retry_class();
        assert_eq!(retry(None), Retry::After(SHORT_PAUSE));
        assert_eq!(retry(Some(Duration::from_secs(7))), Retry::After(Duration::from_secs(7)));
        assert_eq!(retry(Some(Duration::from_hours(1))), Retry::Never);
        assert_eq!(login_outcome(seen(None), false).unwrap().retry_class(), Retry::Never);
    }

    #[test]
    fn a_panel_that_talks_of_security_is_still_a_panel() {
        assert_eq!(outcome("<a href=/settings>Two-factor authentication</a> Logout", 200, false), None);
    }

    #[test]
    fn a_page_without_the_form_says_what_was_looked_for() {
        let seen = Seen { url: "http://p/login", status: Some(200), pause: None, html: "<title>Hi</title>" };
        let error = no_login_form(seen, "#mail");
        assert_eq!(error.kind(), ErrorKind::LoginFormNotFound);
        assert!(error.to_string().contains("#mail") && error.to_string().contains("\"Hi\""), "{error}");
    }

    #[test]
    fn a_login_page_is_known_by_its_password_field() {
        assert!(is_login_page(FORM));
        assert!(is_login_page("<form><input type=PASSWORD></form>"));
        assert!(!is_login_page("<form><input name=q></form>"));
    }

    #[test]
    fn a_dialogue_that_makes_a_user_is_no_login_page() {
        let twice = "<input type=email><input type=password><input type=password name=password_confirmation>";
        assert!(!is_login_page(&format!("<form>{twice}</form>")));
        let more = "<input name=name><input type=email><input type=tel><input type=password>";
        assert!(!is_login_page(&format!("<form>{more}</form>")));
    }
}
