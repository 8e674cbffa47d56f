//! The control path: the handles as JSON over HTTP, for whoever runs the sandbox as a process.

mod home;
mod panel;
mod telegram;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use home::Addresses;

use crate::faults::{Call, Fault, Faults};
use crate::panel::Panel;
use crate::sheets::{Quotas, Sheets};
use crate::sites::Site;
use crate::telegram::Telegram;
use crate::{SPREADSHEET, person};

/// What the control path reaches.
pub(crate) struct Handles {
    pub panel: Panel,
    pub sheets: Arc<Sheets>,
    pub telegram: Telegram,
    pub sites: Vec<Site>,
    pub faults: Faults,
    pub addresses: Addresses,
}

pub(crate) fn router(handles: Handles) -> Router {
    let Handles { panel, sheets, telegram, sites, faults, addresses } = handles;
    let home = home::page(&addresses, &sites);
    let sheets = Router::new()
        .route("/sheets/person", post(act))
        .route("/sheets/quotas", post(set_quotas))
        .with_state(sheets);
    Router::new()
        .route("/faults", get(pending).post(add_fault).delete(clear_faults))
        .route("/calls", get(calls).delete(forget_calls))
        .with_state(faults)
        .merge(panel::router(panel))
        .merge(sheets)
        .merge(telegram::router(telegram))
        .route("/sites", get(async || Json(sites)))
        .route("/", get(async || Html(home)))
}

async fn pending(State(faults): State<Faults>) -> Json<Vec<Fault>> {
    Json(faults.pending())
}

async fn add_fault(State(faults): State<Faults>, Json(fault): Json<Fault>) -> StatusCode {
    faults.add(fault);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(faults): State<Faults>) -> StatusCode {
    faults.clear();
    StatusCode::NO_CONTENT
}

async fn calls(State(faults): State<Faults>) -> Json<Vec<Call>> {
    Json(faults.calls())
}

async fn forget_calls(State(faults): State<Faults>) -> StatusCode {
    faults.forget_calls();
    StatusCode::NO_CONTENT
}

/// An act of a person; on the spreadsheet of the configuration unless it names another.
async fn act(State(sheets): State<Arc<Sheets>>, Json(mut act): Json<Value>) -> Response {
    let named = act.as_object_mut().and_then(|act| act.remove("spreadsheet"));
    let spreadsheet = named.as_ref().and_then(Value::as_str).unwrap_or(SPREADSHEET);
    match person::act_json(&sheets, spreadsheet, &act) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(&error.message),
    }
}

/// How calls are counted from now on.
#[derive(Deserialize)]
struct NewQuotas {
    quotas: Quotas,
}

async fn set_quotas(State(sheets): State<Arc<Sheets>>, Json(new): Json<NewQuotas>) -> StatusCode {
    sheets.set_quotas(new.quotas);
    StatusCode::NO_CONTENT
}

fn refuse(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(serde_json::json!({ "error": why }))).into_response()
}
