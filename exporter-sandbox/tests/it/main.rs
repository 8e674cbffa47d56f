//! Integration tests of the sandbox, over real HTTP.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod control;
mod faults;
mod panel;
mod service;
mod sheets_auth;
mod sheets_batch;
mod sheets_detail;
mod sheets_drive;
mod sheets_http;
mod sheets_life;
mod sheets_refusals;
mod sheets_values;
mod sites;
mod sites_hostile;
mod sites_manners;
mod telegram;
mod telegram_updates;
