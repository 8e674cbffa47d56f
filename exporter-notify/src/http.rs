//! The HTTP client of every notifier: one set of deadlines, one TLS, no redirects.

use std::time::Duration;

use exporter_core::{Error, ErrorKind};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one call may take, a picture included.
const CALL: Duration = Duration::from_secs(30);

/// A client for the service of this name.
///
/// # Errors
/// [`ErrorKind::Internal`] when it cannot be set up.
pub fn client(name: &str) -> Result<Client, Error> {
    // Whoever came first has set the same one: there is one TLS provider in the tree.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .connect_timeout(CONNECT)
        .timeout(CALL)
        // A redirect would carry a secret to another address.
        .redirect(Policy::none())
        .build()
        .map_err(|error| {
            Error::new(ErrorKind::Internal, format!("the HTTP client for {name} cannot be set up"))
                .source(error.without_url())
        })
}

/// The text as an http or https address with a host, if it is one.
pub fn address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
