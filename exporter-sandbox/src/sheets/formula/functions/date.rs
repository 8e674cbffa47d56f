//! Dates: `TODAY`, `DATE`, `MONTH` and their like.

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use super::{Arguments, Outcome, number};
use crate::sheets::cell::{Failure, Scalar};
use crate::sheets::clock;

/// Calls a function of this family; `None` when the name is none of it.
pub fn call(arguments: &mut Arguments, name: &str) -> Option<Outcome> {
    Some(match name {
        "NOW" => number(clock::serial(arguments.evaluator.now)),
        "TODAY" => number(clock::serial(arguments.evaluator.now).floor()),
        "DATE" => date(arguments),
        "TIME" => time(arguments),
        "DATEVALUE" => arguments.number(0).and_then(|value| number(value.floor())),
        "TIMEVALUE" => arguments.number(0).and_then(|value| number(value - value.floor())),
        "YEAR" => part(arguments, |at| f64::from(at.year())),
        "MONTH" => part(arguments, |at| f64::from(at.month())),
        "DAY" => part(arguments, |at| f64::from(at.day())),
        "HOUR" => part(arguments, |at| f64::from(at.hour())),
        "MINUTE" => part(arguments, |at| f64::from(at.minute())),
        "SECOND" => part(arguments, |at| f64::from(at.second())),
        "WEEKDAY" => weekday(arguments),
        "WEEKNUM" => part(arguments, week_number),
        "DAYS" => days(arguments),
        "EDATE" => months(arguments).and_then(|day| serial(Some(day))),
        "EOMONTH" => months(arguments).and_then(|day| serial(month_end(day))),
        _ => return None,
    })
}

fn outside() -> Scalar {
    Scalar::failed(Failure::Number, "The date lies outside the calendar.")
}

fn serial(day: Option<NaiveDate>) -> Outcome {
    let day = day.ok_or_else(outside)?;
    number(clock::serial(day.and_time(chrono::NaiveTime::MIN)))
}

fn moment(arguments: &mut Arguments, place: usize) -> Result<NaiveDateTime, Scalar> {
    clock::from_serial(arguments.number(place)?).ok_or_else(outside)
}

fn part(arguments: &mut Arguments, pick: fn(NaiveDateTime) -> f64) -> Outcome {
    number(pick(moment(arguments, 0)?))
}

/// Weeks begin on Sunday, and the first is the one with 1 January.
fn week_number(at: NaiveDateTime) -> f64 {
    let first = at.with_ordinal0(0).map_or(0, |day| day.weekday().num_days_from_sunday());
    f64::from((at.ordinal0() + first) / 7 + 1)
}

/// Months and days beyond their range carry over, as `DATE(2020,13,0)` does.
fn date(arguments: &mut Arguments) -> Outcome {
    let (year, month) = (arguments.whole(0, 0.0)?, arguments.whole(1, 0.0)?);
    let day = arguments.whole(2, 0.0)?;
    let year = if (0..1900).contains(&year) { year + 1900 } else { year };
    let months = year * 12 + month - 1;
    let first = i32::try_from(months.div_euclid(12)).ok().and_then(|year| {
        let month = u32::try_from(months.rem_euclid(12)).ok()? + 1;
        NaiveDate::from_ymd_opt(year, month, 1)
    });
    let days = TimeDelta::try_days(day - 1);
    serial(first.zip(days).and_then(|(first, days)| first.checked_add_signed(days)))
}

fn time(arguments: &mut Arguments) -> Outcome {
    let (hours, minutes) = (arguments.number(0)?, arguments.number(1)?);
    let seconds = arguments.number(2)?;
    let days = (hours * 3600.0 + minutes * 60.0 + seconds) / 86_400.0;
    number(days - days.floor())
}

fn weekday(arguments: &mut Arguments) -> Outcome {
    let day = moment(arguments, 0)?.weekday();
    let kind = arguments.whole(1, 1.0)?;
    number(f64::from(match kind {
        2 => day.number_from_monday(),
        3 => day.num_days_from_monday(),
        _ => day.number_from_sunday(),
    }))
}

fn days(arguments: &mut Arguments) -> Outcome {
    let (end, start) = (arguments.number(0)?, arguments.number(1)?);
    number(end.floor() - start.floor())
}

fn months(arguments: &mut Arguments) -> Result<NaiveDate, Scalar> {
    let day = moment(arguments, 0)?.date();
    let count = arguments.whole(1, 0.0)?;
    let months = Months::new(u32::try_from(count.unsigned_abs()).unwrap_or(u32::MAX));
    let moved = if count < 0 { day.checked_sub_months(months) } else { day.checked_add_months(months) };
    moved.ok_or_else(outside)
}

fn month_end(day: NaiveDate) -> Option<NaiveDate> {
    day.with_day(1)?.checked_add_months(Months::new(1))?.pred_opt()
}
