//! From the requests that a browser sent to the one worth keeping, with patterns in it.

use chrono::{DateTime, NaiveDate, Utc};
use exporter_core::Window;
use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::pattern::Facts;
use super::{Body, Route};

/// What a browser sent between the click and the file. Values may be secret: no `Debug`.
#[derive(Clone)]
pub(crate) struct Trace {
    /// The address of the page with the trigger.
    pub page: String,
    /// What that page and its session hold.
    pub facts: Facts,
    /// The requests that may have brought the file, the likeliest first.
    pub requests: Vec<Observed>,
}

/// One request as the browser sent it.
#[derive(Clone)]
pub(crate) struct Observed {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

/// What the requests are judged by.
pub(crate) struct Known<'a> {
    /// The panel's address.
    pub base: &'a Url,
    /// The days that were asked for.
    pub window: Window,
    /// How the page's own fields write a day, for chrono.
    pub format: &'a str,
    /// Which description of the export was used.
    pub recipe: &'a str,
    /// The time it is.
    pub now: DateTime<Utc>,
}

/// Values shorter than this are taken for constants, never for tokens of the page.
const TOKEN: usize = 8;

/// How panels write days, beside the way of the page's own fields.
const FORMATS: [&str; 8] =
    ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%d.%m.%Y", "%m-%d-%Y", "%Y%m%d"];

/// Parts of names that belong to the first day of a span, and to the last.
const FIRST: [&str; 9] = ["start", "from", "begin", "first", "awal", "dari", "mulai", "gte", "min"];
const LAST: [&str; 9] = ["end", "until", "last", "akhir", "sampai", "hingga", "lte", "max", "selesai"];

/// Names whose values are worth nothing in another session.
const VOLATILE: [&str; 6] = ["token", "csrf", "nonce", "signature", "expires", "auth"];

/// Headers of the browser's own that do not matter for the answer.
const OF_THE_BROWSER: [&str; 16] = [
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "cookie",
    "dnt",
    "host",
    "origin",
    "pragma",
    "priority",
    "referer",
    "te",
    "upgrade-insecure-requests",
    "user-agent",
    "range",
];

/// The request with patterns in the places of what changes.
///
/// # Errors
/// A sentence that says why it cannot be sent again some other day.
pub(crate) fn learn(
    observed: &Observed,
    page: &str,
    facts: &Facts,
    known: &Known<'_>,
) -> Result<Route, String> {
    let url = Url::parse(&observed.url).map_err(|_| "its address cannot be read".to_owned())?;
    if url.origin() != known.base.origin() {
        return Err("it goes to another host than the panel".to_owned());
    }
    if !matches!(observed.method.as_str(), "GET" | "POST") {
        return Err(format!("it is sent by {}", observed.method));
    }
    let mut maker = Maker { known, facts, days: Days::new(known), first: 0, last: 0 };
    let segments = url.path().split('/').map(|segment| maker.text("", &decoded(segment)));
    let path = segments.collect::<Result<Vec<_>, _>>()?.join("/");
    let query = pairs(url.query().unwrap_or_default());
    let query = query.iter().map(|(name, value)| maker.pair(name, value)).collect::<Result<_, _>>()?;
    let form = header(observed, "content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = match observed.body.as_deref().unwrap_or_default() {
        "" => Body::None,
        text if form => Body::Form(
            pairs(text).iter().map(|(name, value)| maker.pair(name, value)).collect::<Result<_, _>>()?,
        ),
        text if text.contains("{{") => return Err("what it sends cannot be made a pattern".to_owned()),
        text => Body::Text(maker.inside(text)),
    };
    let headers = maker.headers(observed, form)?;
    if !maker.complete() {
        return Err("the days are not in it, so that it would bring the same file every day".to_owned());
    }
    Ok(Route {
        method: observed.method.clone(),
        origin: url.origin().ascii_serialization(),
        path,
        query,
        body,
        headers,
        page: page.to_owned(),
        recipe: known.recipe.to_owned(),
        learned: known.now,
        verified: known.now,
    })
}

/// Makes patterns and counts the days in them.
struct Maker<'a> {
    known: &'a Known<'a>,
    facts: &'a Facts,
    days: Days,
    first: usize,
    last: usize,
}

impl Maker<'_> {
    fn pair(&mut self, name: &str, value: &str) -> Result<(String, String), String> {
        Ok((name.to_owned(), self.text(name, value)?))
    }

    /// The pattern of a whole value.
    fn text(&mut self, name: &str, value: &str) -> Result<String, String> {
        if value.contains("{{") {
            return Err("what it sends cannot be made a pattern".to_owned());
        }
        if let Some(place) = self.token(name, value) {
            return Ok(place);
        }
        if self.is_now(value) {
            return Ok("{{now ms}}".to_owned());
        }
        let lower = name.to_lowercase();
        if value.len() >= TOKEN && VOLATILE.iter().any(|part| lower.contains(part)) {
            return Err(format!("nobody knows where its `{name}` comes from"));
        }
        Ok(self.with_days(name, value))
    }

    /// The pattern of a longer text that may hold tokens and days anywhere.
    fn inside(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (kind, values) in [("field", &self.facts.fields), ("meta", &self.facts.metas)] {
            for (name, value) in values.iter().filter(|(_, value)| value.len() >= 2 * TOKEN) {
                text = text.replace(value.as_str(), &format!("{{{{{kind} {name}}}}}"));
            }
        }
        self.with_days("", &text)
    }

    fn headers(&mut self, observed: &Observed, form: bool) -> Result<Vec<(String, String)>, String> {
        let mut kept = Vec::new();
        for (name, value) in &observed.headers {
            let lower = name.to_lowercase();
            let usual = OF_THE_BROWSER.contains(&lower.as_str())
                || lower.starts_with("sec-")
                || (lower == "accept" && value.contains("text/html"))
                || (lower == "content-type" && (form || observed.body.is_none()));
            if usual {
                continue;
            }
            let pattern = match self.token(name, value) {
                Some(place) => place,
                None if lower == "authorization" => {
                    return Err("it carries an `Authorization` that only the page's script knows".to_owned());
                }
                None => self.text(name, value)?,
            };
            kept.push((lower, pattern));
        }
        Ok(kept)
    }

    /// The place on the page, or the cookie, that holds this value.
    fn token(&self, name: &str, value: &str) -> Option<String> {
        if value.len() < TOKEN || self.days.any_in(value) {
            return None;
        }
        let held = |values: &[(String, String)], kind: &str| {
            let same = |(_, held): &&(String, String)| held == value || decoded(held) == value;
            let named = values.iter().find(|pair| pair.0 == name && same(pair));
            named.or_else(|| values.iter().find(same)).map(|(name, _)| format!("{{{{{kind} {name}}}}}"))
        };
        held(&self.facts.fields, "field")
            .or_else(|| held(&self.facts.metas, "meta"))
            .or_else(|| held(&self.facts.cookies, "cookie"))
    }

    /// Whether the value is the time in milliseconds, as scripts send it against caches.
    fn is_now(&self, value: &str) -> bool {
        let Ok(millis) = value.parse::<i64>() else { return false };
        value.len() == 13 && (self.known.now.timestamp_millis() - millis).abs() < 3_600_000
    }

    /// The text with patterns for its days.
    fn with_days(&mut self, name: &str, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((at, found)) = self.days.next_in(rest) {
            out.push_str(&rest[..at]);
            let which = match found.which {
                Which::Only => self.which(name),
                which => which,
            };
            match which {
                Which::First => self.first += 1,
                _ => self.last += 1,
            }
            out.extend(["{{", which.word(), " ", &found.format, "}}"]);
            rest = &rest[at + found.text.len()..];
        }
        out.push_str(rest);
        out
    }

    /// Which end a day belongs to where first and last are the same: the name tells,
    /// else the order.
    fn which(&self, name: &str) -> Which {
        let lower = name.to_lowercase();
        let says = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
        match (says(&FIRST), says(&LAST)) {
            (true, false) => Which::First,
            (false, true) => Which::Last,
            _ if self.first == 0 => Which::First,
            _ => Which::Last,
        }
    }

    fn complete(&self) -> bool {
        self.first > 0 && self.last > 0
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    First,
    Last,
    Until,
    /// First and last day are the same.
    Only,
}

impl Which {
    fn word(self) -> &'static str {
        match self {
            Self::First | Self::Only => "first",
            Self::Last => "last",
            Self::Until => "until",
        }
    }
}

/// A day as it may be written.
struct Written {
    text: String,
    format: String,
    which: Which,
}

/// The days of a window in every way in which panels write them.
struct Days(Vec<Written>);

impl Days {
    fn new(known: &Known<'_>) -> Self {
        let window = known.window;
        let single = window.days() == 1;
        let ends: &[(Which, NaiveDate)] = if single {
            &[(Which::Only, window.first_day()), (Which::Until, window.until())]
        } else {
            &[
                (Which::First, window.first_day()),
                (Which::Last, window.last_day()),
                (Which::Until, window.until()),
            ]
        };
        let formats = std::iter::once(known.format).chain(FORMATS);
        Self(
            formats
                .flat_map(|format| {
                    ends.iter().map(move |(which, day)| Written {
                        text: day.format(format).to_string(),
                        format: format.to_owned(),
                        which: *which,
                    })
                })
                .collect(),
        )
    }

    /// The first day in the text; of several ways to read it, the page's own.
    fn next_in(&self, text: &str) -> Option<(usize, Written)> {
        let places = self.0.iter().filter_map(|day| Some((text.find(&day.text)?, day)));
        let (at, day) = places.min_by_key(|(at, _)| *at)?;
        Some((at, Written { text: day.text.clone(), format: day.format.clone(), which: day.which }))
    }

    fn any_in(&self, text: &str) -> bool {
        self.0.iter().any(|day| text.contains(&day.text))
    }
}

fn header<'a>(observed: &'a Observed, name: &str) -> Option<&'a str> {
    observed.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let plain = |text: &str| decoded(&text.replace('+', " "));
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
