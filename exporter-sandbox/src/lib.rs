//! Stand-ins for the panel, Google Sheets and Telegram, on loopback.

pub mod oauth;
pub mod person;
pub mod sheets;
