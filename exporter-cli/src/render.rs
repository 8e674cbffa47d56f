//! What people see: errors and tables.

pub mod error;
pub mod table;
