//! Three addresses for those who watch: `/healthz`, `/readyz`, `/metrics`; and the door at
//! which Telegram posts.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use exporter_core::{Clock, Error, ErrorKind};
use exporter_store::Store;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use super::door::Door;
use super::health::Health;
use super::metrics;

/// Who connects and says nothing is let go.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the answers are made of.
pub struct Watch {
    /// The service's own state.
    pub health: Arc<Health>,
    /// The history.
    pub store: Arc<dyn Store>,
    /// The panel account.
    pub account: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where Telegram posts.
    pub door: Arc<Door>,
}

/// Listens; the address says which port it got.
///
/// # Errors
/// [`ErrorKind::Config`] when the address is taken or not ours.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|error| {
        Error::new(ErrorKind::Config, format!("nobody can be answered at {address}"))
            .source(error)
            .hint("another service may use the port: choose another one with --listen, or --listen off")
    })
}

/// Answers until the program ends.
pub async fn serve(listener: TcpListener, watch: Arc<Watch>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let watch = watch.clone();
        tokio::spawn(async move {
            let answers = service_fn(|request| answer(request, watch.clone()));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .serve_connection(TokioIo::new(stream), answers);
            // Whoever hangs up in the middle is no trouble of ours.
            let _ = connection.await;
        });
    }
}

async fn answer(request: Request<Incoming>, watch: Arc<Watch>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() == Method::POST && watch.door.is_at(request.uri().path()) {
        let status = watch.door.take(request).await;
        return Ok(text(status, ""));
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Ok(refused);
    }
    let now = watch.clock.now();
    let facts = watch.health.facts();
    let said = |result: Result<(), String>| match result {
        Ok(()) => text(StatusCode::OK, "ok\n"),
        Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, &format!("{why}\n")),
    };
    Ok(match request.uri().path() {
        "/healthz" => said(facts.alive(now)),
        "/readyz" => said(facts.ready(now)),
        "/metrics" => match metrics::text(&*watch.store, &watch.account, &facts, now).await {
            Ok(metrics) => {
                let mut answer = text(StatusCode::OK, &metrics);
                answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(metrics::FORMAT));
                answer
            }
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error}\n")),
        },
        _ => text(StatusCode::NOT_FOUND, "there are /healthz, /readyz and /metrics\n"),
    })
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
