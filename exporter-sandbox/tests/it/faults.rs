//! Faults on the way to a service and back, in the process and over the control path.

use exporter_sandbox::faults::{Fault, FaultKind};
use exporter_sandbox::telegram::{CHAT, TOKEN};
use exporter_sandbox::{Options, SPREADSHEET, Sandbox};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

struct Bench {
    sandbox: Sandbox,
    client: Client,
}

impl Bench {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        Self { sandbox, client: Client::builder().no_proxy().build().unwrap() }
    }

    /// Sends a message; the status of the answer, or nothing when the connection was cut.
    async fn send(&self, text: &str) -> Option<Response> {
        let url = format!("{}/bot{TOKEN}/sendMessage", self.sandbox.telegram_url());
        self.client.post(url).json(&json!({"chat_id": CHAT, "text": text})).send().await.ok()
    }

    async fn status(&self, text: &str) -> u16 {
        self.send(text).await.map_or(0, |response| response.status().as_u16())
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.sandbox.control_url());
        let response = self.client.request(method, url).json(&body).send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap_or_default()
    }

    fn chat(&self) -> Vec<String> {
        self.sandbox.telegram().messages()
    }
}

fn fault(what: FaultKind, times: u32, skip: u32) -> Fault {
    Fault { service: "telegram".into(), endpoint: "sendMessage".into(), what, times, skip }
}

#[tokio::test]
async fn a_status_is_answered_so_often_and_nothing_happens() {
    let bench = Bench::start().await;
    let busy = FaultKind::Status { code: 503, body: "busy".into(), retry_after: Some(7) };
    bench.sandbox.faults().add(fault(busy, 2, 1));
    assert_eq!(bench.status("satu").await, 200);
    let refused = bench.send("dua").await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"7".parse().unwrap()));
    assert_eq!(refused.text().await.unwrap(), "busy");
    assert_eq!([bench.status("tiga").await, bench.status("empat").await], [503, 200]);
    assert_eq!(bench.chat(), ["satu", "empat"]);
    assert!(bench.sandbox.faults().pending().is_empty());
}

#[tokio::test]
async fn a_cut_comes_before_or_after_the_effect() {
    let bench = Bench::start().await;
    bench.sandbox.faults().once("telegram", "*", FaultKind::CutBefore);
    assert_eq!(bench.status("sebelum").await, 0);
    bench.sandbox.faults().once("telegram", "sendMessage", FaultKind::CutAfter);
    assert_eq!(bench.status("sesudah").await, 0);
    assert_eq!(bench.chat(), ["sesudah"]);
    let statuses: Vec<Option<u16>> = bench.sandbox.faults().calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [None, None]);
}

#[tokio::test]
async fn an_effect_can_be_late() {
    let bench = Bench::start().await;
    bench.sandbox.faults().once("telegram", "sendMessage", FaultKind::ApplyLate { ms: 30 });
    assert_eq!(bench.status("nanti").await, 0);
    assert!(bench.chat().is_empty());
    while bench.chat().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(bench.chat(), ["nanti"]);
}

#[tokio::test]
async fn a_delay_is_waited_out() {
    let bench = Bench::start().await;
    bench.sandbox.faults().once("telegram", "sendMessage", FaultKind::Delay { ms: 80 });
    let begun = std::time::Instant::now();
    assert_eq!(bench.status("pelan").await, 200);
    assert!(begun.elapsed().as_millis() >= 80);
}

#[tokio::test]
async fn a_fault_strikes_its_service_and_endpoint_only() {
    let bench = Bench::start().await;
    let broken = FaultKind::Status { code: 500, body: String::new(), retry_after: None };
    bench.sandbox.faults().once("sheets", "values.get", broken.clone());
    bench.sandbox.faults().once("telegram", "sendPhoto", broken);
    assert_eq!(bench.status("halo").await, 200);
    let url = format!("{}/v4/spreadsheets/{SPREADSHEET}", bench.sandbox.sheets_url());
    let get = async |path: &str| {
        let request = bench.client.get(format!("{url}{path}")).bearer_auth("fidelity");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!([get("").await, get("/values/A1").await, get("/values/A1").await], [200, 500, 200]);
    assert_eq!(bench.sandbox.faults().pending().len(), 1);
    bench.sandbox.faults().clear();
    assert!(bench.sandbox.faults().pending().is_empty());
}

#[tokio::test]
async fn calls_are_logged_without_the_bots_token() {
    let bench = Bench::start().await;
    bench.status("halo").await;
    let mut calls = bench.control(Method::GET, "/calls", Value::Null).await;
    let call = calls[0].as_object_mut().unwrap();
    assert!(call.remove("ms").unwrap().is_u64());
    assert!(call.remove("answer_bytes").unwrap().as_u64() > Some(100));
    let expected = json!([{
        "service": "telegram", "endpoint": "sendMessage", "method": "POST", "path": "/bot***/sendMessage",
        "bytes": json!({"chat_id": CHAT, "text": "halo"}).to_string().len(), "status": 200,
    }]);
    assert_eq!(calls, expected);
    assert!(!calls.to_string().contains(TOKEN));
    bench.control(Method::DELETE, "/calls", Value::Null).await;
    assert_eq!(bench.control(Method::GET, "/calls", Value::Null).await, json!([]));
}

#[tokio::test]
async fn faults_are_added_and_taken_back_over_the_control_path() {
    let bench = Bench::start().await;
    let fault = json!({"service": "telegram", "endpoint": "*", "kind": "status", "code": 429, "times": 3});
    bench.control(Method::POST, "/faults", fault).await;
    assert_eq!(bench.status("x").await, 429);
    let pending = bench.control(Method::GET, "/faults", Value::Null).await;
    assert_eq!((&pending[0]["times"], &pending[0]["kind"]), (&json!(2), &json!("status")));
    bench.control(Method::DELETE, "/faults", Value::Null).await;
    assert_eq!(bench.status("y").await, 200);
}

#[tokio::test]
async fn an_error_without_a_body_has_the_real_services() {
    let bench = Bench::start().await;
    let fault = |code| FaultKind::Status { code, body: String::new(), retry_after: Some(9) };
    let url = |path: &str| format!("{}{path}", bench.sandbox.sheets_url());
    let read = format!("/v4/spreadsheets/{SPREADSHEET}/values/A1");
    for (code, endpoint, path, status, words) in [
        (429, "values.get", read.as_str(), "RESOURCE_EXHAUSTED", "'Read requests per minute per user'"),
        (503, "values.get", &read, "UNAVAILABLE", "The service is currently unavailable."),
        (500, "values.get", &read, "INTERNAL", "Internal error encountered."),
    ] {
        bench.sandbox.faults().once("sheets", endpoint, fault(code));
        let answer = bench.client.get(url(path)).bearer_auth("fidelity").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), code);
        let error = answer.json::<Value>().await.unwrap()["error"].clone();
        assert_eq!((error["code"].as_u64(), &error["status"]), (Some(code.into()), &json!(status)));
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
    bench.sandbox.faults().once("sheets", "token", fault(400));
    let answer: Value = bench.client.post(url("/token")).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({"error": "invalid_grant"}));
    for (code, description) in [(429, "Too Many Requests: retry after 9"), (502, "Bad Gateway")] {
        bench.sandbox.faults().once("telegram", "*", fault(code));
        let answer: Value = bench.send("x").await.unwrap().json().await.unwrap();
        assert_eq!((&answer["description"], answer["ok"].as_bool()), (&json!(description), Some(false)));
        assert_eq!(answer["parameters"]["retry_after"].as_u64(), (code == 429).then_some(9));
    }
    bench.sandbox.faults().once("panel", "/login", fault(500));
    let page = bench.client.get(format!("{}/login", bench.sandbox.panel_url())).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("500 | Internal Server Error"));
}
