//! A learned route, sent again: the page's tokens and the days go into its places.

use chrono::{DateTime, Utc};
use exporter_core::{Error, ErrorKind, Window};
use reqwest::Url;
use scraper::Html;

use super::HttpClient;
use super::client::Page;
use super::form::{Submission, all};
use crate::driver::{Answer, Recipe};
use crate::route::{Body, Facts, Route, Wanted, render};

impl HttpClient {
    /// Sends the route's request for these days and takes the file that comes.
    pub(crate) async fn replay(
        &mut self,
        route: &Route,
        recipe: &Recipe,
        window: Window,
        now: DateTime<Utc>,
    ) -> Result<Answer, Error> {
        let page = self.url(&route.page)?;
        let mut facts =
            if route.needs_page() { facts(&self.page(&route.page).await?) } else { Facts::default() };
        facts.cookies = self.connection.jar().values(&page);
        let submission = submission(route, &page, &Wanted { window, facts: &facts, now })?;
        self.take(&submission, recipe, false).await
    }
}

/// What a page holds that requests may have to carry.
pub(super) fn facts(page: &Page) -> Facts {
    let html = Html::parse_document(&page.html);
    let pairs = |css: &str, value: &str| {
        let pair = |element: scraper::ElementRef<'_>| {
            let attribute = |name: &str| element.value().attr(name).map(str::to_owned);
            Some((attribute("name")?, attribute(value)?))
        };
        all(&html, css).into_iter().filter_map(pair).collect()
    };
    Facts {
        fields: pairs("input[type=hidden]", "value"),
        metas: pairs("meta[name]", "content"),
        cookies: Vec::new(),
    }
}

/// The request with everything in its place.
fn submission(route: &Route, page: &Url, wanted: &Wanted<'_>) -> Result<Submission, Error> {
    let damaged = || Error::new(ErrorKind::Internal, "the learned route is no address");
    let filled = |pairs: &[(String, String)]| {
        let fill = |(name, value): &(String, String)| Ok((name.clone(), render(value, wanted)?));
        pairs.iter().map(fill).collect::<Result<Vec<_>, Error>>()
    };
    let mut url = Url::parse(&route.origin).map_err(|error| damaged().source(error))?;
    url.path_segments_mut()
        .map_err(|()| damaged())?
        .clear()
        .extend(render(&route.path, wanted)?.split('/').skip(1));
    if !route.query.is_empty() {
        url.query_pairs_mut().extend_pairs(filled(&route.query)?);
    }
    let (fields, text) = match &route.body {
        Body::None => (Vec::new(), None),
        Body::Form(form) => (filled(form)?, None),
        Body::Text(text) => (Vec::new(), Some(render(text, wanted)?)),
    };
    let post = route.method == "POST";
    let mut sent = Submission { post, fields, text, ..Submission::get(url) }.sent_from(page);
    sent.headers.extend(filled(&route.headers)?);
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn days_and_tokens_go_into_their_places() {
        let text = r#"
            method = "POST"
            origin = "http://p.test"
            path = "/x y/{{first %Y%m%d}}"
            query = [["end", "{{last %d/%m/%Y}}"]]
            headers = [["x-csrf-token", "{{meta csrf-token}}"]]
            page = "http://p.test/page"
            recipe = "r"
            learned = "2026-01-07T00:00:00Z"
            verified = "2026-01-07T00:00:00Z"
            body = { form = [["_token", "{{field _token}}"]] }"#;
        let route: Route = toml::from_str(text).unwrap();
        let html = "<meta name=csrf-token content=m1><input type=hidden name=_token value=t1>";
        let page =
            Page { url: Url::parse(&route.page).unwrap(), status: 200, pause: None, html: html.to_owned() };
        let day = |d| NaiveDate::from_ymd_opt(2026, 2, d).unwrap();
        let window = Window::inclusive(day(1), day(2)).unwrap();
        let wanted = Wanted { window, facts: &facts(&page), now: route.learned };
        let sent = submission(&route, &page.url, &wanted).unwrap();
        assert_eq!(sent.url.as_str(), "http://p.test/x%20y/20260201?end=02%2F02%2F2026");
        assert_eq!(sent.fields, [("_token".to_owned(), "t1".to_owned())]);
        assert!(sent.headers.contains(&("x-csrf-token".to_owned(), "m1".to_owned())));
        assert!(sent.headers.contains(&("referer".to_owned(), "http://p.test/page".to_owned())));
    }
}
