//! The command as a user runs it: a process of its own against the sandbox.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod asking;
mod backfill;
mod bench;
mod bundle;
mod deploy;
mod documents;
mod first_run;
mod google;
mod history;
mod init;
mod journal;
mod json;
mod logs;
mod mail;
mod panel;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
mod routes;
mod secrets;
mod serve;
mod telegram;
mod told;
#[cfg(feature = "otel")]
mod traces;
mod upkeep;
mod usage;
mod webhook;
