//! The service in the storm: before each call a person may act, and each call may fail
//! before or after its effect, or have it later.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use exporter_sandbox::oauth::SERVICE_ACCOUNT;
use exporter_sandbox::sheets::{OWNER, Options, Role, Sheets, router};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use super::counts::Counts;
use super::model::Model;
use super::person::{meddle, tab};
use super::rng::Rng;
use crate::bench::ID;

/// The tab that lists changes.
pub const LIST: &str = "Perubahan";

/// How rough it is, in percent.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Gaps between two calls in which a person acts.
    pub people: usize,
    /// Calls that fail.
    pub failures: usize,
}

pub struct Storm {
    pub rng: Rng,
    pub model: Model,
    pub weather: Weather,
    pub counts: Counts,
    /// Calls that the process has made.
    pub made: usize,
    /// The process dies at the call of this number from now, before or after its effect.
    pub kill_in: Option<(usize, bool)>,
    /// Where the process died last: at its call of this number, before or after its effect.
    died_at: (usize, bool),
    /// Requests that have their effect later: before the call of this number from now.
    late: Vec<(usize, Parts, Bytes)>,
    pub log: Vec<String>,
}

pub struct World {
    pub sheets: Arc<Sheets>,
    pub url: String,
    pub storm: Arc<Mutex<Storm>>,
    /// Told when the process is to die.
    pub killed: Arc<Notify>,
    /// Whether changes are listed.
    pub listed: bool,
    /// Bytes of a request, where they are not the usual ones.
    pub bytes: Option<usize>,
    service: Service,
    server: Option<JoinHandle<()>>,
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

/// What becomes of a call.
enum Fate {
    Well,
    Refused(u16),
    CutBefore,
    CutAfter,
    LostAnswer,
    Late,
    DiesBefore,
    DiesAfter,
}

#[derive(Clone)]
struct Service {
    sheets: Arc<Sheets>,
    storm: Arc<Mutex<Storm>>,
    killed: Arc<Notify>,
    router: Router,
}

impl World {
    pub async fn start(seed: u64) -> Self {
        let sheets = Sheets::new(&Options { seed, ..Options::default() }).unwrap();
        sheets.create_with_id(ID, "Data", OWNER);
        sheets.share(ID, SERVICE_ACCOUNT, Role::Editor).unwrap();
        let storm = Storm {
            rng: Rng::new(seed),
            model: Model::default(),
            weather: Weather { people: 0, failures: 0 },
            counts: Counts::default(),
            made: 0,
            kill_in: None,
            died_at: (0, false),
            late: Vec::new(),
            log: Vec::new(),
        };
        let (storm, killed) = (Arc::new(Mutex::new(storm)), Arc::new(Notify::new()));
        let service = Service {
            sheets: Arc::clone(&sheets),
            storm: Arc::clone(&storm),
            killed: Arc::clone(&killed),
            router: router(Arc::clone(&sheets)),
        };
        let app = Router::new().fallback(answer).with_state(service.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { sheets, url, storm, killed, listed: false, bytes: None, service, server: Some(server) }
    }

    /// Lets everything that was to happen later happen now.
    pub async fn catch_up(&self) {
        let late = std::mem::take(&mut self.storm.lock().unwrap().late);
        for (_, parts, body) in late {
            carry_out(&self.service, parts, body).await;
        }
    }
}

impl World {
    /// What is wrong once the last run came through, with the log; nothing when all is well.
    pub fn faults_at_the_end(&self) -> Vec<String> {
        let mut storm = self.storm.lock().unwrap();
        storm.model.came_through();
        let exported = storm.model.window();
        storm.model.deleted.retain(|id| !exported.contains(id));
        let tab = tab(&self.sheets).unwrap_or_default();
        let rows = self.sheets.rows(ID, &tab).unwrap_or_default();
        let mut faults = storm.model.faults(&rows);
        let mut tabs = self.sheets.tabs(ID);
        if self.listed {
            tabs.retain(|tab| tab != LIST);
            let list = self.sheets.rows(ID, LIST).unwrap_or_default();
            faults.extend(storm.model.faults_of_list(&list));
        }
        // One that came late goes with the next write.
        tabs.retain(|title| !title.starts_with("exporter load"));
        if tabs.len() != 2 {
            faults.push(format!("there are the tabs {tabs:?}"));
        }
        if !faults.is_empty() {
            faults.push(storm.log.join("\n"));
            faults.push(rows.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n"));
        }
        faults
    }
}

/// Has a call answered, and notes in the model what a write hit.
async fn carry_out(service: &Service, parts: Parts, body: Bytes) -> Response {
    let rows = tab(&service.sheets).and_then(|tab| service.sheets.rows(ID, &tab)).unwrap_or_default();
    let hits = targets(&body);
    let request = Request::from_parts(parts, Body::from(body));
    let response = service.router.clone().oneshot(request).await.unwrap();
    if response.status().is_success() && !hits.is_empty() {
        let mut storm = service.storm.lock().unwrap();
        let lost = storm.model.hit(&rows, &hits);
        storm.counts.unseen += lost;
        if lost > 0 {
            storm.log.push(format!("    hits {lost} cells that nobody had read"));
        }
    }
    response
}

/// Has a call answered, and notes in the model what the answer shows.
async fn tell(service: &Service, parts: Parts, body: Bytes) -> Response {
    let query = parts.uri.query().unwrap_or_default();
    let reads =
        parts.method == Method::GET && (parts.uri.path().contains("/values") || query.contains("rowData"));
    let response = carry_out(service, parts, body).await;
    if reads && response.status().is_success() {
        let rows = tab(&service.sheets).and_then(|tab| service.sheets.rows(ID, &tab)).unwrap_or_default();
        service.storm.lock().unwrap().model.show(rows.iter().flatten());
    }
    response
}

fn cut() -> Response {
    let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
    Body::from_stream(broken).into_response()
}

async fn answer(State(service): State<Service>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    if parts.uri.path() == "/token" {
        return service.router.clone().oneshot(Request::from_parts(parts, Body::from(body))).await.unwrap();
    }
    let (ripe, fate) = {
        let mut storm = service.storm.lock().unwrap();
        storm.before_a_call(&service.sheets, &parts, &body)
    };
    for (parts, body) in ripe {
        let response = carry_out(&service, parts, body).await;
        service.storm.lock().unwrap().log.push(format!("  late: {}", response.status()));
    }
    match fate {
        Fate::Well => tell(&service, parts, body).await,
        Fate::Refused(code) => {
            let text = serde_json::json!({"error": {"code": code, "message": "in the storm"}}).to_string();
            let mut response = (StatusCode::from_u16(code).unwrap(), text).into_response();
            response.headers_mut().insert("retry-after", "0".parse().unwrap());
            response
        }
        Fate::CutBefore => cut(),
        Fate::CutAfter => {
            carry_out(&service, parts, body).await;
            cut()
        }
        Fate::LostAnswer => {
            carry_out(&service, parts, body).await;
            (StatusCode::BAD_GATEWAY, [("retry-after", "0")], "<html>lost</html>").into_response()
        }
        Fate::Late => {
            let mut storm = service.storm.lock().unwrap();
            let after = 1 + storm.rng.below(5);
            storm.late.push((after, parts, body));
            cut()
        }
        Fate::DiesBefore => {
            service.killed.notify_one();
            std::future::pending().await
        }
        Fate::DiesAfter => {
            carry_out(&service, parts, body).await;
            service.killed.notify_one();
            std::future::pending().await
        }
    }
}

/// The cells that a write changes where something may be: what it inserts is empty before.
fn targets(body: &Bytes) -> Vec<(usize, usize)> {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) else { return Vec::new() };
    let index = |value: &serde_json::Value| usize::try_from(value.as_u64().unwrap_or(0)).unwrap();
    let mut targets = Vec::new();
    let requests = body["requests"].as_array().into_iter().flatten();
    let inserts = |request: &&serde_json::Value| {
        request["insertDimension"].is_object() || request["addSheet"].is_object()
    };
    for update in requests.take_while(|request| !inserts(request)).map(|request| &request["updateCells"]) {
        let (top, left) = (index(&update["start"]["rowIndex"]), index(&update["start"]["columnIndex"]));
        for (row, cells) in (top..).zip(update["rows"].as_array().into_iter().flatten()) {
            let cells = cells["values"].as_array().map_or(0, Vec::len);
            targets.extend((left..left + cells).map(|column| (row, column)));
        }
    }
    targets
}

/// What a write is about to change, for the log.
fn described(body: &Bytes) -> Vec<String> {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) else { return Vec::new() };
    let requests = body["requests"].as_array().into_iter().flatten();
    requests
        .filter(|request| {
            request["createDeveloperMetadata"].is_null() && request["deleteDeveloperMetadata"].is_null()
        })
        .map(|request| {
            format!("    {}", request.to_string().replace("userEnteredValue", "").replace("Value", ""))
        })
        .collect()
}

impl Storm {
    /// The process that died last was a real one.
    pub fn count_real_death(&mut self) {
        *self.counts.real.entry(self.died_at).or_default() += 1;
    }

    /// Lets people act, and says what becomes of the call and which earlier ones happen now.
    fn before_a_call(&mut self, sheets: &Sheets, parts: &Parts, body: &Bytes) -> (Vec<(Parts, Bytes)>, Fate) {
        self.counts.calls += 1;
        self.made += 1;
        for late in &mut self.late {
            late.0 -= 1;
        }
        let (ripe, later) = std::mem::take(&mut self.late).into_iter().partition(|late| late.0 == 0);
        self.late = later;
        // Now and then two acts, or three.
        let mut likely = self.weather.people;
        while self.rng.percent(likely) {
            if let Some(act) = meddle(sheets, &mut self.model, &mut self.rng) {
                self.counts.acts += 1;
                self.log.push(format!("  person: {act}"));
            }
            likely /= 3;
        }
        if parts.uri.path().ends_with(":batchUpdate") {
            let rows = tab(sheets).and_then(|tab| sheets.rows(ID, &tab)).unwrap_or_default();
            self.log
                .extend((0..).zip(&rows).map(|(number, row)| format!("      {number}: {}", row.join(" | "))));
        }
        self.log.extend(described(body));
        let fate = self.fate(parts);
        (ripe.into_iter().map(|(_, parts, body): (usize, Parts, Bytes)| (parts, body)).collect(), fate)
    }

    fn fate(&mut self, parts: &Parts) -> Fate {
        let path = parts.uri.path().to_owned();
        let writes = path.ends_with(":batchUpdate");
        let name = if writes { "write" } else { "read" };
        if let Some((left, after)) = &mut self.kill_in {
            *left = left.saturating_sub(1);
            if *left == 0 {
                let after = *after;
                self.kill_in = None;
                self.counts.kills += 1;
                self.died_at = (self.made, after);
                self.log.push(format!("  {name}: dies {}", if after { "after" } else { "before" }));
                return if after { Fate::DiesAfter } else { Fate::DiesBefore };
            }
        }
        let fate = if self.rng.percent(self.weather.failures) {
            self.counts.failures += 1;
            match self.rng.below(if writes { 7 } else { 4 }) {
                0 => Fate::Refused(429),
                1 => Fate::Refused(500),
                2 => Fate::Refused(503),
                3 => Fate::CutBefore,
                4 => Fate::CutAfter,
                5 => Fate::LostAnswer,
                _ => {
                    self.counts.late += 1;
                    Fate::Late
                }
            }
        } else {
            Fate::Well
        };
        let what = match fate {
            Fate::Well => "well".to_owned(),
            Fate::Refused(code) => code.to_string(),
            Fate::CutBefore => "cut before".to_owned(),
            Fate::CutAfter => "cut after".to_owned(),
            Fate::LostAnswer => "answer lost".to_owned(),
            Fate::Late => "later".to_owned(),
            Fate::DiesBefore | Fate::DiesAfter => String::new(),
        };
        self.log.push(format!("  {name}: {what}"));
        fate
    }
}
