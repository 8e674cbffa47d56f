//! When runs are due: cron in a time zone, working days and holidays, and what to do
//! about runs that were missed. Pure: it is told what time it is and does nothing.

mod calendar;
mod cron;
mod ics;
mod schedule;
mod utc;

pub use calendar::Calendar;
pub use cron::Cron;
pub use ics::days_of;
pub use schedule::{CatchUp, Due, Schedule};
pub use utc::{Slot, in_utc};
