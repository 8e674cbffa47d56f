//! Holidays out of an iCalendar file (RFC 5545): whole-day events, and those that come
//! back every year.

use chrono::{Datelike as _, NaiveDate};
use exporter_core::{Error, ErrorKind};

/// A yearly event is laid over so many years from its first.
const YEARS: i32 = 30;

/// An event as far as it is read.
#[derive(Default)]
struct Event {
    first: Option<NaiveDate>,
    /// The first day after it.
    end: Option<NaiveDate>,
    yearly: bool,
    cancelled: bool,
}

/// The days of all events of a calendar. An event with a time of day counts for its day.
///
/// # Errors
/// [`ErrorKind::Config`] when the text is no calendar, an event has no day that can be
/// read, or comes back in another way than every year.
pub fn days_of(text: &str) -> Result<Vec<NaiveDate>, Error> {
    let wrong = |why: String| {
        Error::new(ErrorKind::Config, format!("the calendar of holidays cannot be read: {why}"))
            .hint("export the holidays as an .ics file again, or list the days in `holidays`")
    };
    if !text.contains("BEGIN:VCALENDAR") {
        return Err(wrong("it is no iCalendar file".to_owned()));
    }
    let mut days = Vec::new();
    let mut event: Option<Event> = None;
    for line in unfold(text) {
        // A name may carry parameters: `DTSTART;VALUE=DATE:20260101`.
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.split(';').next().unwrap_or_default().to_ascii_uppercase();
        match (name.as_str(), &mut event) {
            ("BEGIN", _) if value == "VEVENT" => event = Some(Event::default()),
            ("DTSTART", Some(event)) => {
                event.first = Some(day(value).ok_or_else(|| wrong(format!("`{line}`")))?);
            }
            ("DTEND", Some(event)) => event.end = Some(day(value).ok_or_else(|| wrong(format!("`{line}`")))?),
            ("RRULE", Some(event)) if is_yearly(value) => event.yearly = true,
            ("RRULE", Some(_)) => {
                return Err(wrong(format!("events that come back by `{value}` are not understood")));
            }
            ("STATUS", Some(event)) => event.cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            ("END", Some(over)) if value == "VEVENT" => {
                let first = over.first.ok_or_else(|| wrong("an event has no DTSTART".to_owned()))?;
                if !over.cancelled {
                    days.extend(lay_out(first, over));
                }
                event = None;
            }
            _ => {}
        }
    }
    days.sort_unstable();
    days.dedup();
    Ok(days)
}

/// Lines that were folded begin with a space or a tab (RFC 5545, 3.1).
fn unfold(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// `20260101` or `20260101T…`.
fn day(value: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(value.get(..8)?, "%Y%m%d").ok()
}

/// Every year on the same day: no other part than how long, and the day it is anyway.
fn is_yearly(rule: &str) -> bool {
    let known = |part: &str| {
        ["FREQ=YEARLY", "INTERVAL=1"].contains(&part)
            || ["UNTIL=", "COUNT=", "BYMONTH=", "BYMONTHDAY=", "WKST="]
                .iter()
                .any(|name| part.starts_with(name))
    };
    rule.split(';').any(|part| part == "FREQ=YEARLY") && rule.split(';').all(known)
}

/// The days of an event, the end excluded as the standard has it; at least one.
fn lay_out(first: NaiveDate, event: &Event) -> Vec<NaiveDate> {
    let length = event.end.map_or(1, |end| (end - first).num_days().max(1));
    let years =
        if event.yearly { first.year()..first.year() + YEARS } else { first.year()..first.year() + 1 };
    let starts = years.filter_map(|year| first.with_year(year));
    starts.flat_map(|start| start.iter_days().zip(0..length).map(|(day, _)| day)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(events: &str) -> Result<Vec<String>, Error> {
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}\r\nEND:VCALENDAR\r\n",
            events.replace('\n', "\r\n")
        );
        days_of(&text).map(|days| days.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn whole_days_spans_and_times_are_read() {
        let days = read(
            "BEGIN:VEVENT\nSUMMARY:Tahun Baru\nDTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20260102\nEND:VEVENT\n\
             BEGIN:VEVENT\nSUMMARY:Idul\n  Fitri\nDTSTART;VALUE=DATE:20260320\nDTEND;VALUE=DATE:20260322\nEND:VEVENT\n\
             BEGIN:VEVENT\nDTSTART;TZID=Asia/Jakarta:20260501T080000\nDTEND;TZID=Asia/Jakarta:20260501T170000\nEND:VEVENT\n\
             BEGIN:VEVENT\nSTATUS:CANCELLED\nDTSTART;VALUE=DATE:20260601\nEND:VEVENT",
        );
        assert_eq!(days.unwrap(), ["2026-01-01", "2026-03-20", "2026-03-21", "2026-05-01"]);
    }

    #[test]
    fn yearly_days_come_back_and_other_rules_are_refused() {
        let yearly = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20200817\nRRULE:FREQ=YEARLY\nEND:VEVENT";
        assert!(read(yearly).unwrap().contains(&"2026-08-17".to_owned()));
        let weekly = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20200817\nRRULE:FREQ=WEEKLY\nEND:VEVENT";
        assert!(read(weekly).unwrap_err().to_string().contains("FREQ=WEEKLY"));
    }

    #[test]
    fn what_is_no_calendar_is_refused() {
        assert!(days_of("2026-01-01").unwrap_err().to_string().contains("no iCalendar file"));
        assert!(read("BEGIN:VEVENT\nDTSTART:tomorrow\nEND:VEVENT").is_err());
    }
}
