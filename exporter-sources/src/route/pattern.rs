//! Patterns: texts with places for days, tokens of a page, cookies and the time.

use chrono::{DateTime, NaiveDate, Utc};
use exporter_core::{Error, ErrorKind, Window};

/// What a page and its session offer to fill into a request. Values may be secret:
/// there is no `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Facts {
    /// Hidden inputs by name.
    pub fields: Vec<(String, String)>,
    /// Metas by name.
    pub metas: Vec<(String, String)>,
    /// Cookies by name.
    pub cookies: Vec<(String, String)>,
}

/// What patterns are filled with.
pub(crate) struct Wanted<'a> {
    /// The days asked for.
    pub window: Window,
    /// The page and the session.
    pub facts: &'a Facts,
    /// The time it is.
    pub now: DateTime<Utc>,
}

/// The text that a pattern stands for.
///
/// # Errors
/// [`ErrorKind::ElementNotFound`] when the page no longer has what the pattern asks for.
pub(crate) fn render(pattern: &str, wanted: &Wanted<'_>) -> Result<String, Error> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((text, tail)) = rest.split_once("{{") {
        let Some((place, tail)) = tail.split_once("}}") else { break };
        out.push_str(text);
        out.push_str(&fill(place, wanted)?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

fn fill(place: &str, wanted: &Wanted<'_>) -> Result<String, Error> {
    let (what, how) = place.split_once(' ').unwrap_or((place, ""));
    let facts = wanted.facts;
    let from = |values: &[(String, String)]| {
        values.iter().find(|(name, _)| name == how).map(|(_, value)| value.clone())
    };
    let day = |day: NaiveDate| {
        use std::fmt::Write as _;
        let mut text = String::new();
        // A format that chrono does not know is an error of the pattern, not a panic.
        write!(text, "{}", day.format(how)).ok().map(|()| text)
    };
    let filled = match what {
        "first" => day(wanted.window.first_day()),
        "last" => day(wanted.window.last_day()),
        "until" => day(wanted.window.until()),
        "field" => from(&facts.fields),
        "meta" => from(&facts.metas),
        "cookie" => from(&facts.cookies),
        "now" => Some(wanted.now.timestamp_millis().to_string()),
        _ => None,
    };
    filled.ok_or_else(|| {
        Error::new(ErrorKind::ElementNotFound, "the page no longer has what the export's request needs")
            .context("looked for", place.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
        let facts = Facts {
            fields: vec![("_token".into(), "t1".into())],
            metas: vec![("csrf-token".into(), "m1".into())],
            cookies: vec![("XSRF-TOKEN".into(), "c1".into())],
        };
        let wanted = Wanted {
            window: Window::inclusive(day(5), day(6)).unwrap(),
            facts: &facts,
            now: "2026-01-07T00:00:00Z".parse().unwrap(),
        };
        let text = "{{first %d/%m/%Y}} - {{last %Y-%m-%d}} < {{until %Y%m%d}} {{field _token}}{{meta csrf-token}}{{cookie XSRF-TOKEN}} {{now ms}}";
        assert_eq!(render(text, &wanted).unwrap(), "05/01/2026 - 2026-01-06 < 20260107 t1m1c1 1767744000000");
        assert_eq!(render(r#"{"a":{"b":1}}"#, &wanted).unwrap(), r#"{"a":{"b":1}}"#);
        for wrong in ["{{field gone}}", "{{first %Q}}", "{{what}}"] {
            assert_eq!(render(wrong, &wanted).unwrap_err().kind(), ErrorKind::ElementNotFound, "{wrong}");
        }
    }
}
