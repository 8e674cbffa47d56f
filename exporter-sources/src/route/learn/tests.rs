//! What is learned from requests as browsers send them, and what is refused.

use super::*;

fn window(first: u32, last: u32) -> Window {
    let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
    Window::inclusive(day(first), day(last)).unwrap()
}

fn try_learn(observed: &Observed, facts: &Facts, window: Window) -> Result<Route, String> {
    let base = Url::parse("http://p.test/").unwrap();
    let now = "2026-01-07T00:00:00Z".parse().unwrap();
    let known = Known { base: &base, window, format: "%d/%m/%Y", recipe: "r", now };
    learn(observed, "http://p.test/page", facts, &known)
}

fn get(url: &str) -> Observed {
    Observed { method: "GET".into(), url: url.into(), headers: Vec::new(), body: None }
}

fn shown(url: &str, window: Window) -> String {
    try_learn(&get(url), &Facts::default(), window).map_or_else(|why| why, |route| route.to_string())
}

#[test]
fn days_are_found_wherever_and_however_they_are_written() {
    for (url, wanted) in [
        (
            "http://p.test/x?start=2026-01-05&end=2026-01-06&_=1767744000123",
            "GET /x?start={{first %Y-%m-%d}}&end={{last %Y-%m-%d}}&_={{now ms}}",
        ),
        ("http://p.test/x/20260105/20260106.pdf", "GET /x/{{first %Y%m%d}}/{{last %Y%m%d}}.pdf"),
        (
            "http://p.test/x?range=05%2F01%2F2026+-+06%2F01%2F2026",
            "GET /x?range={{first %d/%m/%Y}} - {{last %d/%m/%Y}}",
        ),
        (
            "http://p.test/x?a=2026-01-05T00:00&b=2026-01-07T00:00",
            "GET /x?a={{first %Y-%m-%d}}T00:00&b={{until %Y-%m-%d}}T00:00",
        ),
    ] {
        assert_eq!(shown(url, window(5, 6)), wanted);
    }
}

#[test]
fn of_a_single_day_the_names_or_the_order_tell_the_ends() {
    for (url, wanted) in [
        (
            "http://p.test/x?end=2026-01-05&start=2026-01-05",
            "GET /x?end={{last %Y-%m-%d}}&start={{first %Y-%m-%d}}",
        ),
        ("http://p.test/x?a=2026-01-05&b=2026-01-05", "GET /x?a={{first %Y-%m-%d}}&b={{last %Y-%m-%d}}"),
    ] {
        assert_eq!(shown(url, window(5, 5)), wanted);
    }
}

#[test]
fn tokens_come_from_the_page_and_headers_that_matter_are_kept() {
    let facts = Facts {
        fields: vec![("_token".into(), "abcdefgh12345678".into()), ("kind".into(), "xlsx".into())],
        metas: vec![("csrf-token".into(), "mmmmmmmmmmmm".into())],
        cookies: vec![("XSRF-TOKEN".into(), "cc%3Dcccccccc".into())],
    };
    let observed = Observed {
        method: "POST".into(),
        url: "http://p.test/export".into(),
        headers: [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("User-Agent", "x"),
            ("Sec-Fetch-Mode", "navigate"),
            ("X-CSRF-TOKEN", "mmmmmmmmmmmm"),
            ("X-XSRF-TOKEN", "cc=cccccccc"),
            ("X-Requested-With", "XMLHttpRequest"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        body: Some("_token=abcdefgh12345678&from=05%2F01%2F2026&to=06%2F01%2F2026&kind=xlsx".into()),
    };
    let route = try_learn(&observed, &facts, window(5, 6)).unwrap();
    assert_eq!(
        route.to_string(),
        "POST /export with the form _token={{field _token}}&from={{first %d/%m/%Y}}&to={{last %d/%m/%Y}}&kind=xlsx"
    );
    let headers: Vec<_> = route.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        headers,
        [
            ("x-csrf-token", "{{meta csrf-token}}"),
            ("x-xsrf-token", "{{cookie XSRF-TOKEN}}"),
            ("x-requested-with", "XMLHttpRequest")
        ]
    );
    assert!(route.needs_page());
}

#[test]
fn json_is_kept_as_text_with_its_media_type() {
    let observed = Observed {
        method: "POST".into(),
        url: "http://p.test/api".into(),
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: Some(r#"{"span":{"from":"2026-01-05","to":"2026-01-06"}}"#.into()),
    };
    let route = try_learn(&observed, &Facts::default(), window(5, 6)).unwrap();
    let text = r#"{"span":{"from":"{{first %Y-%m-%d}}","to":"{{last %Y-%m-%d}}"}}"#;
    assert_eq!(route.body, Body::Text(text.into()));
    assert_eq!(route.headers, [("content-type".to_owned(), "application/json".to_owned())]);
    assert!(!route.needs_page());
}

#[test]
fn what_cannot_be_sent_again_is_refused() {
    for (url, why) in [
        ("http://p.test/download/123", "the days are not in it"),
        ("http://p.test/x?day=2026-01-05", "the days are not in it"),
        ("http://cdn.test/x?a=2026-01-05&b=2026-01-06", "another host"),
        ("http://p.test/x?a=2026-01-05&b=2026-01-06&signature=0123456789abcdef", "`signature`"),
    ] {
        let said = shown(url, window(5, 6));
        assert!(said.contains(why), "{url}: {said}");
    }
    let mut secret = get("http://p.test/x?a=2026-01-05&b=2026-01-06");
    secret.headers.push(("Authorization".into(), "Bearer abcdefghijkl".into()));
    let why = try_learn(&secret, &Facts::default(), window(5, 6)).unwrap_err();
    assert!(why.contains("Authorization") && !why.contains("abcdefghijkl"), "{why}");
}
