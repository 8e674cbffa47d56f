//! An HTTP server of its own, so that a connection can be cut before or after the effect.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::faults::{Call, FaultKind, Faults};

/// A running server; it stops when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Which service a server imitates, and how its endpoints are named.
#[derive(Clone, Copy)]
pub(crate) struct Service {
    pub name: &'static str,
    /// The endpoint of a method and path, for faults and the log.
    pub endpoint: fn(&str, &str) -> String,
    /// The path as it may be logged.
    pub logged: fn(&str) -> String,
    /// What the real service says with an error status: of an endpoint, with this status and
    /// this pause in seconds.
    pub words: fn(&str, u16, Option<u32>) -> String,
}

impl Server {
    /// Serves the router on this address until dropped.
    pub async fn start(
        address: SocketAddr,
        service: Service,
        router: Router,
        faults: Faults,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            loop {
                // A connection that cannot be accepted is the client's loss.
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (router, faults) = (router.clone(), faults.clone());
                tokio::spawn(async move {
                    let handler =
                        service_fn(move |request| answer(service, request, router.clone(), faults.clone()));
                    // An error here is a connection cut by either side, on purpose as often as not.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
                });
            }
        });
        Ok(Self { address, task })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Answers one request; an error cuts the connection.
async fn answer(
    service: Service,
    request: Request<Incoming>,
    router: Router,
    faults: Faults,
) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body: Bytes = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let endpoint = (service.endpoint)(head.method.as_str(), head.uri.path());
    let fault = faults.strike(service.name, &endpoint);
    let mut call = Call {
        service: service.name,
        endpoint,
        method: head.method.to_string(),
        path: (service.logged)(head.uri.path()),
        bytes: body.len(),
        status: None,
        answer_bytes: None,
        ms: 0,
    };
    let begun = Instant::now();
    let request = Request::from_parts(head, Body::from(body));
    let result = match fault {
        None => carry_out(router, request).await,
        Some(FaultKind::Delay { ms }) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            carry_out(router, request).await
        }
        Some(FaultKind::Status { code, body, retry_after }) => {
            status(&service, &call.endpoint, code, body, retry_after)
        }
        Some(FaultKind::CutBefore) => Err(cut()),
        Some(FaultKind::CutAfter) => carry_out(router, request).await.and_then(|_| Err(cut())),
        Some(FaultKind::ApplyLate { ms }) => {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                // Nobody waits for this answer any more.
                let _: Result<_, std::convert::Infallible> = router.oneshot(request).await;
            });
            Err(cut())
        }
    };
    if let Ok(response) = &result {
        call.status = Some(response.status().as_u16());
        call.answer_bytes = response.body().size_hint().exact();
    }
    call.ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    faults.log(call);
    result
}

async fn carry_out(router: Router, request: Request<Body>) -> io::Result<Response<Body>> {
    let Ok(response) = router.oneshot(request).await;
    if response.extensions().get::<Cut>().is_some() { Err(cut()) } else { Ok(response) }
}

/// Marks an answer that is never sent.
#[derive(Clone)]
struct Cut;

/// An answer that cuts the connection.
pub(crate) fn cut_connection() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Cut);
    response
}

/// An error as it was ordered; without a body, in the words of the real service.
fn status(
    service: &Service,
    endpoint: &str,
    code: u16,
    body: String,
    retry_after: Option<u32>,
) -> io::Result<Response<Body>> {
    let body =
        if body.is_empty() && code >= 400 { (service.words)(endpoint, code, retry_after) } else { body };
    let code = StatusCode::from_u16(code).map_err(io::Error::other)?;
    let kind =
        if body.starts_with('{') { "application/json; charset=UTF-8" } else { "text/html; charset=UTF-8" };
    let mut response = Response::builder().status(code).header(header::CONTENT_TYPE, kind);
    if let Some(seconds) = retry_after {
        response = response.header(header::RETRY_AFTER, seconds);
    }
    response.body(Body::from(body)).map_err(io::Error::other)
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut by an injected fault")
}
