//! The service: runs by themselves when they are due, and what it tells about itself.

pub mod asks;
pub mod chat;
pub mod door;
pub mod engine;
pub mod health;
pub mod http;
pub mod listening;
pub mod metrics;
#[cfg(test)]
mod month;
pub mod schedule;
pub mod upkeep;
