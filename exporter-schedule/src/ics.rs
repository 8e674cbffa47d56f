//! Holidays out of an iCalendar file (RFC 5545), as calendars and offices export them:
//! the days of its events, those that come back by a rule as well.

mod lines;

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use exporter_core::{Error, ErrorKind};
use rrule::{Frequency, RRule, RRuleSet, Unvalidated};

use self::lines::{Line, lines};

/// What comes back for ever is laid over these years. They are fixed, so that a calendar
/// stays the same calendar from one day to the next.
const YEARS: [i32; 2] = [2020, 2069];
/// A rule may bring so many days: one for each of those years' days.
const MOST: u16 = 20_000;

/// An event as far as it is read.
struct Event {
    /// The line it begins in.
    line: usize,
    uid: Option<String>,
    first: Option<NaiveDate>,
    /// The first day after it.
    end: Option<NaiveDate>,
    /// How many days it takes, where it says so.
    days: Option<i64>,
    rule: Option<Line>,
    /// More days on which it begins.
    also: Vec<NaiveDate>,
    /// Days on which it does not, against its rule.
    not: Vec<NaiveDate>,
    /// The day of another event's rule in whose place this one is.
    instead: Option<NaiveDate>,
    cancelled: bool,
}

/// The days of all events of a calendar, read in a time zone where an instant is given in
/// UTC. An event with a time of day counts for each day that it touches.
///
/// # Errors
/// [`ErrorKind::Config`] with the line when the text is no calendar or cut off, an event has
/// no day that can be read, or comes back by a rule that is not understood.
pub fn days_of(text: &str, zone: Tz) -> Result<Vec<NaiveDate>, Error> {
    let mut events = events(text, zone)?;
    // An event in place of another's day takes that day from it.
    let moved: Vec<(String, NaiveDate)> =
        events.iter().filter_map(|event| event.uid.clone().zip(event.instead)).collect();
    for event in events.iter_mut().filter(|event| event.instead.is_none()) {
        let taken = moved.iter().filter(|(uid, _)| event.uid.as_ref() == Some(uid));
        event.not.extend(taken.map(|(_, day)| *day));
    }
    let mut days = BTreeSet::new();
    for event in events.iter().filter(|event| !event.cancelled) {
        days.extend(event.lay_out()?);
    }
    Ok(days.into_iter().collect())
}

fn events(text: &str, zone: Tz) -> Result<Vec<Event>, Error> {
    let lines = lines(text);
    if !lines.first().is_some_and(|line| line.name == "BEGIN" && line.value == "VCALENDAR") {
        return Err(wrong("it is no iCalendar file, which begins with `BEGIN:VCALENDAR`"));
    }
    let mut events = Vec::new();
    // The parts that are open: an alarm inside an event has lines of the same names.
    let mut open: Vec<&Line> = Vec::new();
    let mut event = None;
    for line in &lines {
        let in_event = open.last().is_some_and(|part| part.value == "VEVENT");
        match (line.name.as_str(), &mut event) {
            ("BEGIN", _) => {
                if line.value == "VEVENT" {
                    event = Some(Event::at(line.number));
                }
                open.push(line);
            }
            ("END", _) => {
                if open.pop().is_none_or(|part| part.value != line.value) {
                    return Err(wrong(format!("{}, which has no beginning", line.place())));
                }
                if in_event {
                    events.extend(event.take());
                }
            }
            (_, Some(event)) if in_event => event.take_in(line, zone)?,
            _ => {}
        }
    }
    match open.pop() {
        None => Ok(events),
        Some(part) => Err(wrong(format!("it is cut off: {} has no end", part.place()))),
    }
}

impl Event {
    fn at(line: usize) -> Self {
        Self {
            line,
            uid: None,
            first: None,
            end: None,
            days: None,
            rule: None,
            also: Vec::new(),
            not: Vec::new(),
            instead: None,
            cancelled: false,
        }
    }

    fn take_in(&mut self, line: &Line, zone: Tz) -> Result<(), Error> {
        let refuse = || wrong(format!("{} is no day or time", line.place()));
        let day = |value: &str| Some(instant(value, zone)?.0);
        let list = || -> Result<Vec<NaiveDate>, Error> {
            line.value.split(',').map(|value| day(value).ok_or_else(refuse)).collect()
        };
        match line.name.as_str() {
            "UID" => self.uid = Some(line.value.clone()),
            "STATUS" => self.cancelled = line.value.eq_ignore_ascii_case("CANCELLED"),
            "DTSTART" => self.first = Some(day(&line.value).ok_or_else(refuse)?),
            "DTEND" => self.end = Some(end(&line.value, zone).ok_or_else(refuse)?),
            "DURATION" => self.days = Some(length(&line.value).ok_or_else(refuse)?),
            "RRULE" => self.rule = Some(line.clone()),
            "RDATE" => self.also.extend(list()?),
            "EXDATE" => self.not.extend(list()?),
            "RECURRENCE-ID" => self.instead = Some(day(&line.value).ok_or_else(refuse)?),
            _ => {}
        }
        Ok(())
    }

    /// The days of the event, each time that it comes; at least one each time.
    fn lay_out(&self) -> Result<Vec<NaiveDate>, Error> {
        let none = || wrong(format!("line {}: the event has no DTSTART", self.line));
        let first = self.first.ok_or_else(none)?;
        let length = self.end.map(|end| (end - first).num_days()).or(self.days).unwrap_or(1).max(1);
        let mut starts = match &self.rule {
            Some(line) => by_rule(first, line)?,
            None => vec![first],
        };
        starts.extend(&self.also);
        starts.retain(|start| !self.not.contains(start));
        Ok(starts.iter().flat_map(|start| start.iter_days().zip(0..length).map(|(day, _)| day)).collect())
    }
}

/// The days on which a rule has an event begin, in the years that are looked at. All of it
/// happens in UTC and at midnight: only days count.
fn by_rule(first: NaiveDate, line: &Line) -> Result<Vec<NaiveDate>, Error> {
    let refuse = |why: String| wrong(format!("{} is not understood: {why}", line.place()));
    let at = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().with_timezone(&rrule::Tz::UTC);
    let rule: RRule<Unvalidated> =
        days_only(&line.value).parse().map_err(|error: rrule::RRuleError| refuse(error.to_string()))?;
    if !matches!(
        rule.get_freq(),
        Frequency::Yearly | Frequency::Monthly | Frequency::Weekly | Frequency::Daily
    ) {
        return Err(refuse("it comes more than once a day".to_owned()));
    }
    // Programs end a series that was deleted before it begins.
    if rule.get_until().is_some_and(|until| *until < at(first)) {
        return Ok(Vec::new());
    }
    let rule = rule.validate(at(first)).map_err(|error| refuse(error.to_string()))?;
    let [from, to] = YEARS.map(|year| NaiveDate::from_yo_opt(year, 1).unwrap_or(first));
    let found = RRuleSet::new(at(first)).rrule(rule).after(at(from)).before(at(to)).all(MOST);
    Ok(found.dates.iter().map(DateTime::date_naive).collect())
}

/// A rule whose last day is a day: the time of day is taken away, which the first has not
/// either.
fn days_only(rule: &str) -> String {
    let part = |part: &str| match part.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("UNTIL") => {
            format!("UNTIL={}T000000Z", value.get(..8).unwrap_or(value))
        }
        _ => part.to_owned(),
    };
    rule.trim_end_matches(';').split(';').map(part).collect::<Vec<_>>().join(";")
}

/// `20260101`, `20260101T080000`, or in UTC `20251231T170000Z`; of a span its beginning. The
/// day, and the time of day if there is one.
fn instant(value: &str, zone: Tz) -> Option<(NaiveDate, Option<NaiveTime>)> {
    let value = value.split('/').next().unwrap_or_default().trim();
    if let Ok(day) = NaiveDate::parse_from_str(value, "%Y%m%d") {
        return Some((day, None));
    }
    let local = match value.strip_suffix('Z') {
        None => NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%S").ok()?,
        Some(utc) => {
            let utc: DateTime<Utc> = NaiveDateTime::parse_from_str(utc, "%Y%m%dT%H%M%S").ok()?.and_utc();
            utc.with_timezone(&zone).naive_local()
        }
    };
    Some((local.date(), Some(local.time())))
}

/// The first day after an event that ends then: a day, or midnight, is not part of it.
fn end(value: &str, zone: Tz) -> Option<NaiveDate> {
    let (day, time) = instant(value, zone)?;
    if time.is_none_or(|time| time == NaiveTime::MIN) {
        Some(day)
    } else {
        day.checked_add_days(Days::new(1))
    }
}

/// `P1D`, `P2W`, `PT8H`: how many days that takes, begun ones counted.
fn length(value: &str) -> Option<i64> {
    let (mut span, mut number) = (TimeDelta::zero(), String::new());
    for c in value.strip_prefix('+').unwrap_or(value).strip_prefix('P')?.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            'T' if number.is_empty() => continue,
            'W' => TimeDelta::weeks(1),
            'D' => TimeDelta::days(1),
            'H' => TimeDelta::hours(1),
            'M' => TimeDelta::minutes(1),
            'S' => TimeDelta::seconds(1),
            _ => return None,
        };
        span = span.checked_add(&unit.checked_mul(std::mem::take(&mut number).parse().ok()?)?)?;
    }
    let begun = span.num_days() + i64::from(span > TimeDelta::days(span.num_days()));
    number.is_empty().then_some(begun)
}

fn wrong(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Config, format!("the calendar of holidays cannot be read: {why}"))
        .hint("export the holidays as an .ics file again, or list the days in `holidays`")
}

#[cfg(test)]
mod tests;
