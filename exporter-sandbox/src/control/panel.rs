//! The panel's part of the control path: cells change, time passes, files go wrong.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::NaiveDate;
use serde::Deserialize;

use super::refuse;
use crate::panel::data::Dataset;
use crate::panel::{Mode, Panel, WrongFile};

pub(super) fn router(panel: Panel) -> Router {
    Router::new()
        .route("/panel/cell", post(set_cell))
        .route("/panel/settle", post(settle))
        .route("/panel/close", post(close))
        .route("/panel/password", post(set_password))
        .route("/panel/expire", post(expire))
        .route("/panel/advance", post(advance))
        .route("/panel/code", get(code))
        .route("/panel/mode", post(set_mode))
        .route("/panel/file", post(set_file))
        .with_state(panel)
}

/// A cell of the panel to change.
#[derive(Deserialize)]
struct CellChange {
    export: String,
    key: String,
    column: String,
    value: String,
}

async fn set_cell(State(panel): State<Panel>, Json(change): Json<CellChange>) -> Response {
    let Some(dataset) = Dataset::named(&change.export) else {
        return refuse(&format!("there is no export called {}", change.export));
    };
    if !dataset.columns().contains(&change.column.as_str()) {
        return refuse(&format!("{} has no column called {}", change.export, change.column));
    }
    panel.set_cell(dataset, &change.key, &change.column, &change.value);
    StatusCode::NO_CONTENT.into_response()
}

/// The panel's password from now on.
#[derive(Deserialize)]
struct NewPassword {
    password: String,
}

async fn set_password(State(panel): State<Panel>, Json(new): Json<NewPassword>) -> StatusCode {
    panel.set_password(&new.password);
    StatusCode::NO_CONTENT
}

async fn expire(State(panel): State<Panel>) -> StatusCode {
    panel.expire_sessions();
    StatusCode::NO_CONTENT
}

/// The code on the user's phone, or `null`.
async fn code(State(panel): State<Panel>) -> Json<Option<String>> {
    Json(panel.sent_code())
}

/// What the panel shows from now on.
#[derive(Deserialize)]
struct NewMode {
    mode: Mode,
}

async fn set_mode(State(panel): State<Panel>, Json(new): Json<NewMode>) -> StatusCode {
    panel.set_mode(new.mode);
    StatusCode::NO_CONTENT
}

/// Some days, both included.
#[derive(Deserialize)]
struct Days {
    from: NaiveDate,
    to: NaiveDate,
}

async fn settle(State(panel): State<Panel>, Json(days): Json<Days>) -> StatusCode {
    panel.settle(days.from, days.to);
    StatusCode::NO_CONTENT
}

async fn close(State(panel): State<Panel>, Json(days): Json<Days>) -> StatusCode {
    panel.close(days.from, days.to);
    StatusCode::NO_CONTENT
}

/// How far the panel's clock moves on.
#[derive(Deserialize)]
struct Advance {
    seconds: u64,
}

async fn advance(State(panel): State<Panel>, Json(by): Json<Advance>) -> StatusCode {
    panel.advance(Duration::from_secs(by.seconds));
    StatusCode::NO_CONTENT
}

/// What an export hands out from now on; the right file again when nothing is said.
#[derive(Deserialize)]
struct NewFile {
    export: String,
    #[serde(default)]
    wrong: Option<WrongFile>,
}

async fn set_file(State(panel): State<Panel>, Json(new): Json<NewFile>) -> Response {
    let Some(dataset) = Dataset::named(&new.export) else {
        return refuse(&format!("there is no export called {}", new.export));
    };
    panel.set_wrong_file(dataset, new.wrong);
    StatusCode::NO_CONTENT.into_response()
}
