//! Traces of a run, as a collector of OpenTelemetry gets them.

use std::sync::{Arc, Mutex};

use exporter_sandbox::panel::PASSWORD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::bench::{Bench, DAYS, TABS, command};

/// What a collector was sent: path, content type and body of each call.
type Calls = Arc<Mutex<Vec<(String, String, Vec<u8>)>>>;

/// A collector that answers with this status; its address and what comes in.
async fn collector(status: StatusCode) -> (String, Calls) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let calls = Calls::default();
    let kept = calls.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = kept.clone();
            let answer = service_fn(move |request: Request<Incoming>| {
                let kept = kept.clone();
                async move {
                    let path = request.uri().path().to_owned();
                    let kind = request.headers()["content-type"].to_str().unwrap().to_owned();
                    let body = request.into_body().collect().await?.to_bytes().to_vec();
                    kept.lock().unwrap().push((path, kind, body));
                    let mut answer = Response::new(Full::<Bytes>::default());
                    *answer.status_mut() = status;
                    Ok::<_, hyper::Error>(answer)
                }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
        }
    });
    (address, calls)
}

/// Runs with the collector named in the environment; exit code, report and what stderr said.
async fn run(bench: &Bench, collector: &str) -> (Option<i32>, serde_json::Value, String) {
    let config = bench.config().display().to_string();
    let words = [&["run", "--config", &config][..], &DAYS, &["--driver", "http", "--json"]].concat();
    let output = command(&words).env("OTEL_EXPORTER_OTLP_ENDPOINT", collector).output().await.unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code(), report, String::from_utf8(output.stderr).unwrap())
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn a_collector_gets_the_run_with_its_exports_and_no_secret() {
    let bench = Bench::start().await;
    let (address, calls) = collector(StatusCode::OK).await;
    let (code, report, told) = run(&bench, &address).await;
    assert_eq!(code, Some(0), "{told}");
    let calls = calls.lock().unwrap();
    assert!(!calls.is_empty(), "nothing was sent: {told}");
    let mut sent = Vec::new();
    for (path, kind, body) in &*calls {
        assert_eq!((path.as_str(), kind.as_str()), ("/v1/traces", "application/x-protobuf"));
        sent.extend_from_slice(body);
    }
    let run = report["id"].as_str().unwrap();
    for text in ["exporter", "run", run, "export", "fetch", "load", "logging in"].iter().chain(&TABS) {
        assert!(holds(&sent, text), "{text} was not sent");
    }
    assert!(!holds(&sent, PASSWORD), "the password was sent");
}

#[tokio::test]
async fn a_collector_that_refuses_or_is_away_stops_no_run_and_is_told_of() {
    let bench = Bench::start().await;
    let (refusing, _) = collector(StatusCode::SERVICE_UNAVAILABLE).await;
    for collector in [refusing.as_str(), "http://127.0.0.1:9", "no address"] {
        let (code, _, told) = run(&bench, collector).await;
        assert_eq!(code, Some(0), "{collector}: {told}");
        assert!(told.contains("traces") || told.contains("BatchSpanProcessor"), "{collector}: {told}");
    }
}
