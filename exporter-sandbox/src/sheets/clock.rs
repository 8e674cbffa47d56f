//! The moment at which a request is answered.

use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// A moment in time; a fixed one makes tests repeatable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub DateTime<Utc>);

impl Moment {
    /// The system's clock.
    pub fn now() -> Self {
        Self(DateTime::from(SystemTime::now()))
    }

    /// The wall-clock time in a time zone; an unknown zone is UTC.
    pub fn local(self, zone: &str) -> NaiveDateTime {
        let zone: Tz = zone.parse().unwrap_or(Tz::UTC);
        zone.from_utc_datetime(&self.0.naive_utc()).naive_local()
    }
}

/// Days since 30 December 1899, with the time of day as the fraction.
pub fn serial(moment: NaiveDateTime) -> f64 {
    let seconds = moment.signed_duration_since(epoch()).num_milliseconds();
    #[allow(clippy::cast_precision_loss)] // a few thousand years in milliseconds
    let seconds = seconds as f64;
    seconds / 86_400_000.0
}

/// The moment of a serial number, to the millisecond; `None` far outside the calendar.
pub fn from_serial(serial: f64) -> Option<NaiveDateTime> {
    if !serial.is_finite() || serial.abs() > 3e6 {
        return None;
    }
    #[allow(clippy::cast_possible_truncation)] // within the calendar, checked above
    let milliseconds = (serial * 86_400_000.0).round() as i64;
    epoch().checked_add_signed(chrono::TimeDelta::milliseconds(milliseconds))
}

fn epoch() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default().and_time(chrono::NaiveTime::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_count_from_the_end_of_1899() {
        let day = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap().and_hms_opt(12, 0, 0).unwrap();
        assert!((serial(day) - 43_831.5).abs() < 1e-9);
        assert_eq!(from_serial(43_831.5), Some(day));
        assert_eq!(from_serial(f64::INFINITY), None);
    }
}
