//! A stand-in on a loopback port, with faults on order, and tables to write.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use exporter_core::{Error, ExportSpec, Origin, Plan, Receipt, Secret, Sink as _, Table, Value};
use exporter_sandbox::oauth::{SERVICE_ACCOUNT, service_account};
use exporter_sandbox::person::{Act, act};
use exporter_sandbox::sheets::{OWNER, Options, Role, Sheets, router};
use exporter_sheets::{Credentials, SheetsClient, SheetsConfig, SheetsSink};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// The spreadsheet's id.
pub const ID: &str = "the-sheet";

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered as it should be.
    Pass,
    /// It is refused with a status and has no effect.
    Refuse(u16),
    /// It has its effect, and the answer is a server error.
    LoseAnswer,
    /// It is a server error, and has its effect at the next [`Fault::Release`].
    Hold,
    /// What was held has its effect first.
    Release,
}

/// Faults for the calls to come, and the calls made with their bodies.
#[derive(Debug, Default)]
pub struct Wire {
    faults: Mutex<VecDeque<Fault>>,
    /// What a person does before a call, and how many calls are still before it.
    person: Mutex<Option<(usize, Act)>>,
    /// What people do before the calls to come.
    acts: Mutex<VecDeque<Vec<Act>>>,
    /// A person renames a tab in which rows wait, before this call from now.
    rename: Mutex<Option<usize>>,
    held: Mutex<Vec<Request>>,
    pub bodies: Mutex<Vec<String>>,
    pub heads: Mutex<Vec<HeaderMap>>,
    /// What tokens were asked for with.
    pub token_forms: Mutex<Vec<String>>,
    /// What is said of how long tokens live, where it is not Google's hour.
    pub token_seconds: Mutex<Option<u32>>,
}

pub struct Bench {
    pub sheets: Arc<Sheets>,
    pub wire: Arc<Wire>,
    pub url: String,
    pub client: Arc<SheetsClient>,
    pub sink: SheetsSink,
    server: JoinHandle<()>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn tamper(
    State((wire, sheets)): State<(Arc<Wire>, Arc<Sheets>)>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    if parts.uri.path() == "/token" {
        wire.token_forms.lock().unwrap().push(String::from_utf8_lossy(&bytes).into_owned());
        let answer = next.run(Request::from_parts(parts, Body::from(bytes))).await;
        let seconds = *wire.token_seconds.lock().unwrap();
        return if let Some(seconds) = seconds { shortened(answer, seconds).await } else { answer };
    }
    wire.heads.lock().unwrap().push(parts.headers.clone());
    wire.bodies.lock().unwrap().push(String::from_utf8_lossy(&bytes).into_owned());
    let person = wire.person.lock().unwrap().take();
    match person {
        Some((0, what)) => act(&sheets, ID, &what).unwrap(),
        Some((calls, what)) => *wire.person.lock().unwrap() = Some((calls - 1, what)),
        None => {}
    }
    let rename = wire.rename.lock().unwrap().take();
    match rename {
        Some(0) => {
            for tab in sheets.tabs(ID).into_iter().filter(|title| title.starts_with("exporter load")) {
                act(&sheets, ID, &Act::RenameTab { tab, title: "what is this".into() }).unwrap();
            }
        }
        Some(calls) => *wire.rename.lock().unwrap() = Some(calls - 1),
        None => {}
    }
    for what in wire.acts.lock().unwrap().pop_front().into_iter().flatten() {
        act(&sheets, ID, &what).unwrap();
    }
    let fault = wire.faults.lock().unwrap().pop_front().unwrap_or(Fault::Pass);
    let request = Request::from_parts(parts, Body::from(bytes));
    match fault {
        Fault::Pass => next.run(request).await,
        Fault::Refuse(status) => {
            let body = serde_json::json!({"error": {"code": status, "message": "on order"}});
            let mut response = (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response();
            response.headers_mut().insert("retry-after", "0".parse().unwrap());
            response
        }
        Fault::LoseAnswer => {
            let _ = next.run(request).await;
            (StatusCode::BAD_GATEWAY, "<html>lost</html>").into_response()
        }
        Fault::Hold => {
            wire.held.lock().unwrap().push(request);
            (StatusCode::BAD_GATEWAY, "<html>lost</html>").into_response()
        }
        Fault::Release => {
            let held = std::mem::take(&mut *wire.held.lock().unwrap());
            for request in held {
                let _ = next.clone().run(request).await;
            }
            next.run(request).await
        }
    }
}

/// The answer of the token endpoint, with another life of the token.
async fn shortened(answer: Response, seconds: u32) -> Response {
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let mut token: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    token["expires_in"] = seconds.into();
    token.to_string().into_response()
}

impl Bench {
    pub async fn start() -> Self {
        let sheets = Sheets::new(&Options::default()).unwrap();
        sheets.create_with_id(ID, "Data", OWNER);
        sheets.share(ID, SERVICE_ACCOUNT, Role::Editor).unwrap();
        let wire = Arc::new(Wire::default());
        let state = (Arc::clone(&wire), Arc::clone(&sheets));
        let app = router(Arc::clone(&sheets)).layer(middleware::from_fn_with_state(state, tamper));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let client = client(&url, ID).unwrap();
        let sink = SheetsSink::new(Arc::clone(&client));
        Self { sheets, wire, url, client, sink, server }
    }

    /// What the calls to come meet, in order.
    pub fn faults(&self, faults: &[Fault]) {
        *self.wire.faults.lock().unwrap() = faults.iter().copied().collect();
    }

    /// A person does something before a call to come: the next one is 0.
    pub fn before(&self, call: usize, what: Act) {
        *self.wire.person.lock().unwrap() = Some((call, what));
    }

    /// A person renames a tab in which rows wait, before a call to come.
    pub fn rename_load_before(&self, call: usize) {
        *self.wire.rename.lock().unwrap() = Some(call);
    }

    /// What people do before each of the calls to come.
    pub fn acts(&self, acts: &[&[Act]]) {
        *self.wire.acts.lock().unwrap() = acts.iter().map(|acts| acts.to_vec()).collect();
    }

    pub async fn plan(&self, table: &Arc<Table>) -> Result<Plan, Error> {
        self.sink.plan(table, &spec()).await
    }

    pub async fn run(&self, table: &Arc<Table>) -> Result<(Plan, Receipt), Error> {
        let plan = self.plan(table).await?;
        let receipt = self.sink.apply(&plan).await?;
        Ok((plan, receipt))
    }

    pub fn act(&self, what: &Act) {
        act(&self.sheets, ID, what).unwrap();
    }

    /// A request of the spreadsheet's owner.
    pub async fn as_owner(&self, request: &serde_json::Value) {
        let body = serde_json::json!({ "requests": [request] }).to_string();
        let path = format!("/v4/spreadsheets/{ID}:batchUpdate");
        let request =
            Request::post(path).header("authorization", "Bearer fidelity").body(Body::from(body)).unwrap();
        let answer = router(Arc::clone(&self.sheets)).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }

    pub fn type_text(&self, cell: &str, text: &str) {
        self.act(&Act::Type { tab: "orders".into(), cell: cell.into(), text: text.into() });
    }

    /// The tab as people see it.
    pub fn rows(&self) -> Vec<Vec<String>> {
        self.sheets.rows(ID, "orders").unwrap()
    }
}

pub fn client(url: &str, id: &str) -> Result<Arc<SheetsClient>, Error> {
    client_as(Secret::new(service_account(&format!("{url}/token")).to_string()).into(), url, id)
}

pub fn client_as(credentials: Credentials, url: &str, id: &str) -> Result<Arc<SheetsClient>, Error> {
    SheetsClient::new(SheetsConfig {
        spreadsheet: id.to_owned(),
        credentials,
        base_url: Some(url.to_owned()),
    })
}

pub fn spec() -> ExportSpec {
    ExportSpec { key: vec!["ID".into()], ..ExportSpec::new("orders") }
}

/// A table of `ID`, `Status`, `Total`.
pub fn orders(rows: &[(&str, &str, i64)]) -> Arc<Table> {
    let cells = |&(id, status, total): &(&str, &str, i64)| [id.into(), status.into(), Value::Integer(total)];
    table(&["ID", "Status", "Total"], rows.iter().map(cells))
}

pub fn table<const N: usize>(names: &[&str], rows: impl Iterator<Item = [Value; N]>) -> Arc<Table> {
    let mut table = Table::with_names(names);
    for (row, line) in rows.zip(1..) {
        table.push(row, Origin { page: 1, line });
    }
    Arc::new(table)
}

/// Rows as text, for comparing.
pub fn lines(rows: &[Vec<String>]) -> Vec<String> {
    rows.iter().map(|row| row.join("|")).collect()
}
