//! The cookies of a connection, which can be looked into and filled from outside.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cookie_store::{CookieDomain, CookieStore, RawCookie};
use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::driver::Cookie;

/// A cookie store by the rules of RFC 6265.
#[derive(Default)]
pub(super) struct Jar(RwLock<CookieStore>);

impl Jar {
    fn read(&self) -> RwLockReadGuard<'_, CookieStore> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, CookieStore> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// All cookies that have not expired.
    pub(super) fn all(&self) -> Vec<Cookie> {
        let plain = |cookie: &cookie_store::Cookie<'_>| Cookie {
            name: cookie.name().to_owned(),
            value: cookie.value().to_owned(),
            domain: match &cookie.domain {
                CookieDomain::Suffix(domain) => Some(domain.clone()),
                _ => None,
            },
            path: cookie.path.as_ref().to_owned(),
            secure: cookie.secure().unwrap_or_default(),
        };
        self.read().iter_unexpired().map(plain).collect()
    }

    /// Puts these in, as if the page at `url` had set them.
    pub(super) fn put(&self, cookies: &[Cookie], url: &Url) {
        let mut store = self.write();
        for cookie in cookies {
            let mut raw = RawCookie::build((cookie.name.clone(), cookie.value.clone()))
                .path(cookie.path.clone())
                .secure(cookie.secure);
            if let Some(domain) = &cookie.domain {
                raw = raw.domain(domain.clone());
            }
            if let Err(error) = store.insert_raw(&raw.build(), url) {
                tracing::debug!(%error, name = cookie.name, "a cookie is not for this panel");
            }
        }
    }

    /// Name and value of each cookie that a request to `url` carries.
    pub(super) fn values(&self, url: &Url) -> Vec<(String, String)> {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        self.read().get_request_values(url).map(owned).collect()
    }
}

impl reqwest::cookie::CookieStore for Jar {
    fn set_cookies(&self, headers: &mut dyn Iterator<Item = &HeaderValue>, url: &Url) {
        let cookies = headers.filter_map(|header| {
            let text = String::from_utf8_lossy(header.as_bytes()).into_owned();
            RawCookie::parse(text).ok()
        });
        self.write().store_response_cookies(cookies, url);
    }

    fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        let pairs: Vec<String> =
            self.values(url).iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() {
            return None;
        }
        let mut header = HeaderValue::from_str(&pairs.join("; ")).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::cookie::CookieStore as _;

    #[test]
    fn cookies_go_out_come_in_and_move() {
        let url = Url::parse("http://p.example/admin/login").unwrap();
        let jar = Jar::default();
        let headers = ["sid=a%3D1; Path=/admin; HttpOnly", "lang=id; Path=/"].map(HeaderValue::from_static);
        jar.set_cookies(&mut headers.iter(), &url);
        let other = Jar::default();
        other.put(&jar.all(), &url);
        let sent = |path: &str| {
            let mut values = other.values(&url.join(path).unwrap());
            values.sort();
            values.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        assert_eq!(sent("/admin/x"), ["lang=id", "sid=a%3D1"]);
        assert_eq!(sent("/x"), ["lang=id"]);
        assert!(!format!("{:?}", jar.all()).contains("a%3D1"));
    }
}
