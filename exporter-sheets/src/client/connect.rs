//! The connection: one to the service, shared by all calls, and one to whoever gives tokens.

use std::sync::Arc;

use google_sheets4::{Sheets, yup_oauth2};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::Failure;
use super::credentials::Identity;
use super::token::{Issuer, Wallet};

/// Opens connections.
pub type Connector = HttpsConnector<HttpConnector>;

/// Connects to the service at this address; nothing is sent yet.
///
/// # Errors
/// Credentials that cannot be used, or no TLS.
pub async fn connect(identity: &Identity, base_url: &str) -> Result<Sheets<Connector>, Failure> {
    // Only a stand-in may be spoken to in the clear: a token must never leave so.
    let clear = base_url.starts_with("http://");
    let service = Client::builder(TokioExecutor::new()).build(connector(clear)?);
    let wallet = |issuer, clear| {
        let pool = Client::builder(TokioExecutor::new());
        Ok::<_, Failure>(Wallet::new(issuer, pool.build(connector(clear)?)))
    };
    let mut hub = match identity {
        Identity::Service(key) => {
            let pool = Client::builder(TokioExecutor::new()).build(connector(clear)?);
            let http = yup_oauth2::client::CustomHyperClientBuilder::from(pool);
            let key = key.as_ref().clone();
            let auth = yup_oauth2::ServiceAccountAuthenticator::with_client(key, http).build().await;
            let broken = |error| Failure::Credentials(format!("its private key cannot be read: {error}"));
            Sheets::new(service, auth.map_err(broken)?)
        }
        Identity::User(user) => Sheets::new(service, wallet(Issuer::User(user.clone()), clear)?),
        // A metadata server is spoken to in the clear, on a network of its own.
        Identity::Machine { host } => Sheets::new(service, wallet(Issuer::Machine(host.clone()), true)?),
    };
    let _ = hub.base_url(base_url.to_owned());
    Ok(hub)
}

fn connector(clear: bool) -> Result<Connector, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |error: &dyn std::fmt::Display| Failure::NotSent(format!("no TLS: {error}"));
    let builder = hyper_rustls::HttpsConnectorBuilder::new();
    if clear {
        let versions =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let versions = versions.map_err(|error| failed(&error))?;
        let tls = versions.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
        return Ok(builder.with_tls_config(tls).https_or_http().enable_http1().build());
    }
    let builder = builder.with_provider_and_native_roots(provider).map_err(|error| failed(&error))?;
    Ok(builder.https_only().enable_all_versions().build())
}
