//! One file for each command.

pub mod check;
pub mod demo;
pub mod history;
pub mod routes;
pub mod run;
pub mod sandbox;
pub mod serve;
pub mod show;
pub mod status;
pub mod table;
