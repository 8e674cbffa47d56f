//! One look at an address: what its clock says, how long its certificate lasts, what it
//! answers. A connection for each look, because the certificate is the connection's.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use exporter_core::{Error, ErrorKind};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Uri;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{DATE, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::certificate;

/// A look takes no longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// No answer that is looked at is longer.
const LONGEST: usize = 100_000;

/// What was seen.
#[derive(Debug)]
pub struct Answer {
    /// The service's clock.
    pub date: Option<DateTime<Utc>>,
    /// Until when its certificate lasts; none without TLS.
    pub not_after: Option<DateTime<Utc>>,
    /// The body.
    pub body: Bytes,
}

/// Asks for this address.
///
/// # Errors
/// [`ErrorKind::Config`] when its certificate is refused; [`ErrorKind::Io`] when it cannot
/// be reached or does not answer.
pub async fn get(url: &str) -> Result<Answer, Error> {
    let down = |error: &str| Error::new(ErrorKind::Io, format!("there is no answer: {error}"));
    match timeout(PATIENCE, ask(url)).await {
        Ok(answer) => answer,
        Err(_) => Err(down("it took too long")),
    }
}

async fn ask(url: &str) -> Result<Answer, Error> {
    let uri: Uri = url.parse().map_err(|error: hyper::http::uri::InvalidUri| no_address().source(error))?;
    let host = uri.host().ok_or_else(no_address)?.trim_matches(['[', ']']).to_owned();
    let encrypted = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    if !encrypted {
        return talk(stream, &uri, None).await;
    }
    let name = ServerName::try_from(host).map_err(|error| no_address().source(error))?;
    let stream = connector()?.connect(name, stream).await.map_err(refused)?;
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let not_after = certificates.first().and_then(|first| certificate::not_after(first));
    talk(stream, &uri, not_after).await
}

fn no_address() -> Error {
    Error::new(ErrorKind::Io, "this is no address of the web")
}

fn connector() -> Result<TlsConnector, Error> {
    let failed = |error: rustls::Error| Error::new(ErrorKind::Internal, "TLS cannot be set up").source(error);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(failed)?
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A certificate that is refused is told apart from a connection that fails.
fn refused(error: std::io::Error) -> Error {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(why)) => Error::new(ErrorKind::Config, why.to_string()),
        _ => error.into(),
    }
}

async fn talk<S>(stream: S, uri: &Uri, not_after: Option<DateTime<Utc>>) -> Result<Answer, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| Error::new(ErrorKind::Io, "there is no answer").source(error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    // It ends with the answer; what goes wrong on it, the answer says.
    let connection = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = hyper::Request::get(path)
        .header(HOST, uri.authority().map_or("", |authority| authority.as_str()))
        .header(USER_AGENT, concat!("exporter/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())
        .map_err(|error| no_address().source(error))?;
    let answer = sender.send_request(request).await.map_err(failed)?;
    let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).map(|date| date.to_utc());
    let body = Limited::new(answer.into_body(), LONGEST).collect().await;
    connection.abort();
    // A long page is of no interest here.
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Ok(Answer { date, not_after, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use exporter_sandbox::receivers::{HEARTBEAT_PATH, Hooks};

    #[tokio::test]
    async fn an_answer_has_a_clock_and_nobody_is_no_certificate() {
        let hooks = Hooks::start().await.unwrap();
        let answer = get(&hooks.url(HEARTBEAT_PATH)).await.unwrap();
        assert!(answer.date.is_some() && answer.not_after.is_none());
        assert_eq!(answer.body, "ok");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(get(&nobody).await.unwrap_err().kind(), ErrorKind::Io);
        let no_tls = hooks.url("/").replace("http:", "https:");
        assert_eq!(get(&no_tls).await.unwrap_err().kind(), ErrorKind::Io);
    }
}
