//! One file for each command.

pub mod apply;
pub mod backfill;
pub mod backup;
pub mod bundle;
pub mod check;
pub mod completions;
pub mod demo;
pub mod history;
pub mod init;
pub mod plan;
pub mod record;
pub mod replay;
pub mod restore;
pub mod routes;
pub mod run;
pub mod sandbox;
pub mod schedule;
pub mod secret;
pub mod serve;
pub mod show;
pub mod status;
pub mod table;
pub mod undo;
pub mod why;
