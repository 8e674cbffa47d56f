//! One file for each command.

pub mod check;
pub mod demo;
pub mod routes;
pub mod run;
pub mod sandbox;
pub mod table;
