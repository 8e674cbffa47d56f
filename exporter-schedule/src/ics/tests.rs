//! Calendars as programs export them, and damaged ones.

use super::*;

const ZONE: Tz = Tz::Asia__Jakarta;

/// The days of a calendar with these events.
fn read(events: &str) -> Result<Vec<String>, Error> {
    let text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}\r\nEND:VCALENDAR\r\n",
        events.trim().replace('\n', "\r\n")
    );
    days_of(&text, ZONE).map(|days| days.iter().map(ToString::to_string).collect())
}

/// The days of one event with these lines that are in a year.
fn in_year(year: &str, lines: &str) -> Vec<String> {
    let days = read(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT")).unwrap();
    days.into_iter().filter(|day| day.starts_with(year)).collect()
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
fn a_day_in_utc_is_the_day_of_the_schedule() {
    // Midnight to midnight in Jakarta.
    let days = in_year("2026", "DTSTART:20260430T170000Z\nDTEND:20260501T170000Z");
    assert_eq!(days, ["2026-05-01"]);
}

#[test]
fn days_off_with_times_or_a_duration_are_whole_days() {
    assert_eq!(
        in_year("2026", "DTSTART:20260501T080000\nDTEND:20260502T120000"),
        ["2026-05-01", "2026-05-02"]
    );
    assert_eq!(in_year("2026", "DTSTART:20260501T000000\nDTEND:20260502T000000"), ["2026-05-01"]);
    assert_eq!(in_year("2026", "DTSTART;VALUE=DATE:20260501\nDURATION:P2D"), ["2026-05-01", "2026-05-02"]);
    assert_eq!(in_year("2026", "DTSTART;VALUE=DATE:20260501\nDURATION:P1W").len(), 7);
    assert_eq!(in_year("2026", "DTSTART:20260501T080000\nDURATION:PT8H30M"), ["2026-05-01"]);
    assert_eq!(in_year("2026", "DTSTART;VALUE=DATE:20260501\nDTEND;VALUE=DATE:20260501"), ["2026-05-01"]);
}

#[test]
fn an_alarm_and_a_time_zone_say_nothing_about_the_event() {
    let days = read(
        "BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:16010101T030000\nRRULE:FREQ=HOURLY\nEND:STANDARD\nEND:VTIMEZONE\n\
         BEGIN:VEVENT\nDTSTART;TZID=\"(UTC+07:00) Jakarta\":20260101T000000\n\
         BEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:P9D\nEND:VALARM\nEND:VEVENT",
    );
    assert_eq!(days.unwrap(), ["2026-01-01"]);
}

#[test]
fn yearly_days_come_back_however_long_ago_they_began() {
    assert_eq!(in_year("2026", "DTSTART;VALUE=DATE:19450817\nRRULE:FREQ=YEARLY"), ["2026-08-17"]);
    assert_eq!(
        in_year("2026", "DTSTART;VALUE=DATE:20201224\nDTEND;VALUE=DATE:20201227\nRRULE:FREQ=YEARLY").len(),
        3
    );
    let thanksgiving = "DTSTART;VALUE=DATE:20151126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH";
    assert_eq!(in_year("2026", thanksgiving), ["2026-11-26"]);
    assert_eq!(in_year("2026", "DTSTART;VALUE=DATE:20240107\nRRULE:FREQ=WEEKLY;BYDAY=SU").len(), 52);
}

#[test]
fn a_rule_ends_when_it_says_so_and_leaves_days_out() {
    let until = |until: &str| format!("DTSTART;VALUE=DATE:20230817\nRRULE:FREQ=YEARLY;UNTIL={until}");
    assert_eq!(in_year("20", &until("20250817")), ["2023-08-17", "2024-08-17", "2025-08-17"]);
    assert_eq!(in_year("20", &until("20250816T170000Z")).len(), 2);
    assert_eq!(in_year("20", &until("20230816T235959Z")), [""; 0]);
    assert_eq!(in_year("20", "DTSTART;VALUE=DATE:20230817\nRRULE:FREQ=YEARLY;COUNT=2").len(), 2);
    let without =
        "DTSTART;VALUE=DATE:20230817\nRRULE:FREQ=YEARLY;COUNT=4\nEXDATE;VALUE=DATE:20240817,20250817";
    assert_eq!(in_year("20", without), ["2023-08-17", "2026-08-17"]);
    let also = "DTSTART;VALUE=DATE:20260101\nRDATE;VALUE=DATE:20260216,20260319";
    assert_eq!(in_year("2026", also), ["2026-01-01", "2026-02-16", "2026-03-19"]);
}

#[test]
fn a_day_that_was_moved_or_called_off_is_no_holiday_where_it_was() {
    let days = read(
        "BEGIN:VEVENT\nUID:a\nDTSTART;VALUE=DATE:20240817\nRRULE:FREQ=YEARLY;COUNT=3\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;VALUE=DATE:20250817\nDTSTART;VALUE=DATE:20250818\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;VALUE=DATE:20260817\nDTSTART;VALUE=DATE:20260817\nSTATUS:CANCELLED\nEND:VEVENT",
    );
    assert_eq!(days.unwrap(), ["2024-08-17", "2025-08-18"]);
}

#[test]
fn what_is_damaged_is_refused_with_its_line() {
    let refused = |events: &str| {
        let error = read(events).unwrap_err();
        assert!(error.hints()[0].contains(".ics"), "{error:?}");
        error.to_string()
    };
    for (events, why) in [
        ("BEGIN:VEVENT\nDTSTART:tomorrow\nEND:VEVENT", "line 4: `DTSTART:tomorrow` is no day or time"),
        ("BEGIN:VEVENT\nDTSTART:20260230\nEND:VEVENT", "line 4"),
        ("BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT", "line 3: the event has no DTSTART"),
        ("BEGIN:VEVENT\nDTSTART:20260101\nDURATION:1 day\nEND:VEVENT", "line 5: `DURATION:1 day`"),
        ("BEGIN:VEVENT\nDTSTART:20260101\nEXDATE:never\nEND:VEVENT", "line 5: `EXDATE:never`"),
        ("BEGIN:VEVENT\nDTSTART:20260101\nRRULE:FREQ=HOURLY\nEND:VEVENT", "it comes more than once a day"),
        (
            "BEGIN:VEVENT\nDTSTART:20260101\nRRULE:FREQ=SOMETIMES\nEND:VEVENT",
            "line 5: `RRULE:FREQ=SOMETIMES`",
        ),
        ("END:VEVENT", "line 3: `END:VEVENT`, which has no beginning"),
    ] {
        let told = refused(events);
        assert!(told.contains(why), "{told}");
    }
    let cut = days_of("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101\n", ZONE).unwrap_err().to_string();
    assert!(cut.contains("cut off: line 2: `BEGIN:VEVENT` has no end"), "{cut}");
    for text in ["", "2026-01-01", "<html>BEGIN:VCALENDAR</html>"] {
        assert!(days_of(text, ZONE).unwrap_err().to_string().contains("no iCalendar file"), "{text}");
    }
}
