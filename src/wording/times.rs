//! Times in words: in full, by the day, and relative to now (§2).

use chrono::{DateTime, Datelike, Month, NaiveDateTime, Timelike, Utc};
use chrono_tz::Tz;

use super::text::uncapitalised;
use crate::base::clock::Moment;

/// `2021-04-23 at 01:53 AM UTC`; a moment outside the calendar is shown in milliseconds.
pub fn full(at: Moment) -> String {
    shown(at, |utc, out| {
        let (is_afternoon, hour) = utc.hour12();
        date(utc, out);
        out.push_str(" at ");
        two(hour, out);
        out.push(':');
        two(utc.minute(), out);
        out.push_str(if is_afternoon { " PM UTC" } else { " AM UTC" });
    })
}

/// `11 Dec 2026`.
pub fn day(at: Moment) -> String {
    shown(at, |utc, out| day_of(utc, true, out))
}

/// `11 Dec`, with the year if it is not that of `now`.
pub fn short_day(at: Moment, now: Moment) -> String {
    shown(at, |utc, out| day_of(utc, is_of_another_year(utc, now), out))
}

/// `3 Nov, 09:40 UTC`, with the year if it is not that of `now`.
pub fn day_and_time(at: Moment, now: Moment) -> String {
    shown(at, |utc, out| {
        day_of(utc, is_of_another_year(utc, now), out);
        out.push_str(", ");
        time(utc, out);
        out.push_str(" UTC");
    })
}

/// `25 Jul 2022, 05:20:05 UTC`.
pub fn to_the_second(at: Moment) -> String {
    shown(at, |utc, out| {
        day_of(utc, true, out);
        out.push_str(", ");
        time(utc, out);
        out.push(':');
        two(utc.second(), out);
        out.push_str(" UTC");
    })
}

/// Reads what [`to_the_second`] writes.
pub fn read_to_the_second(text: &str) -> Option<Moment> {
    let read = NaiveDateTime::parse_from_str(text, "%d %b %Y, %H:%M:%S UTC").ok()?;
    Some(Moment(read.and_utc().timestamp_millis()))
}

/// `Fri 23 Apr 2021, 03:53 CEST`: the time in a zone. Outside the range of [`machine`] it is shown in UTC.
pub fn in_zone(at: Moment, zone: Tz) -> String {
    let utc = at.utc().filter(|_| is_machine_readable(at));
    let local = utc.map(|utc| utc.with_timezone(&zone).format("%a %-d %b %Y, %H:%M %Z").to_string());
    local.unwrap_or_else(|| full(at))
}

/// `November 2026`.
pub fn month(at: Moment) -> String {
    shown(at, |utc, out| {
        out.push_str(month_name(utc));
        out.push(' ');
        year(utc, out);
    })
}

/// The value of `<time datetime>`: RFC 3339 to the second; empty outside the years 1970 to 9999.
pub fn machine(at: Moment) -> String {
    if !is_machine_readable(at) {
        return String::new();
    }
    shown(at, |utc, out| {
        date(utc, out);
        out.push('T');
        time(utc, out);
        out.push(':');
        two(utc.second(), out);
        out.push('Z');
    })
}

fn is_machine_readable(at: Moment) -> bool {
    (0..=253_402_300_799_999).contains(&at.millis())
}

// A page shows hundreds of times. Writing them digit by digit avoids parsing a format string for each.
fn shown(at: Moment, write: impl FnOnce(DateTime<Utc>, &mut String)) -> String {
    let Some(utc) = at.utc() else { return format!("{} ms", at.millis()) };
    let mut out = String::with_capacity(32);
    write(utc, &mut out);
    out
}

fn is_of_another_year(utc: DateTime<Utc>, now: Moment) -> bool {
    now.utc().is_none_or(|now| now.year() != utc.year())
}

/// `2021-04-23`
fn date(utc: DateTime<Utc>, out: &mut String) {
    year(utc, out);
    out.push('-');
    two(utc.month(), out);
    out.push('-');
    two(utc.day(), out);
}

/// `23 Apr`, `23 Apr 2021`
fn day_of(utc: DateTime<Utc>, has_year: bool, out: &mut String) {
    if utc.day() > 9 {
        two(utc.day(), out);
    } else {
        digit(utc.day(), out);
    }
    out.push(' ');
    out.push_str(month_name(utc).get(..3).unwrap_or_default());
    if has_year {
        out.push(' ');
        year(utc, out);
    }
}

/// `01:53`
fn time(utc: DateTime<Utc>, out: &mut String) {
    two(utc.hour(), out);
    out.push(':');
    two(utc.minute(), out);
}

/// Four digits for the years 1 to 9999, else as many as needed.
fn year(utc: DateTime<Utc>, out: &mut String) {
    match u32::try_from(utc.year()) {
        Ok(year @ 1..=9_999) => {
            two(year / 100, out);
            two(year % 100, out);
        }
        _ => out.push_str(&utc.year().to_string()),
    }
}

fn two(number: u32, out: &mut String) {
    digit(number / 10, out);
    digit(number % 10, out);
}

fn digit(number: u32, out: &mut String) {
    out.extend(char::from_digit(number % 10, 10));
}

fn month_name(utc: DateTime<Utc>) -> &'static str {
    let number = u8::try_from(utc.month()).ok();
    number.and_then(|number| Month::try_from(number).ok()).map_or("", |month| month.name())
}

/// `4 years ago`, `A minute ago`, `in 6 days`: rounded to the nearest unit, not down.
pub fn relative(at: Moment, now: Moment) -> String {
    let span = now.since(at);
    match (amount(span.saturating_abs()), span >= 0) {
        (Amount::One(words), true) => format!("{words} ago"),
        (Amount::One(words), false) => format!("in {}", uncapitalised(words)),
        (Amount::Many(number, unit), true) => format!("{number} {unit} ago"),
        (Amount::Many(number, unit), false) => format!("in {number} {unit}"),
    }
}

enum Amount {
    One(&'static str),
    Many(i64, &'static str),
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The thresholds of §2.
fn amount(span: i64) -> Amount {
    let many = |unit: i64, words| Amount::Many((span.saturating_add(unit / 2)) / unit, words);
    match span {
        _ if span < 45 * SECOND => Amount::One("A few seconds"),
        _ if span < 90 * SECOND => Amount::One("A minute"),
        _ if span < 45 * MINUTE => many(MINUTE, "minutes"),
        _ if span < 90 * MINUTE => Amount::One("An hour"),
        _ if span < 22 * HOUR => many(HOUR, "hours"),
        _ if span < 36 * HOUR => Amount::One("A day"),
        _ if span < 26 * DAY => many(DAY, "days"),
        _ if span < 46 * DAY => Amount::One("A month"),
        _ if span < 320 * DAY => many(DAY * 365 / 12, "months"),
        _ if span < 548 * DAY => Amount::One("A year"),
        _ => many(DAY * 1461 / 4, "years"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_795_453_200_000);

    #[test]
    fn times_outside_the_calendar_are_shown_as_numbers() {
        assert_eq!(full(Moment(i64::MAX)), "9223372036854775807 ms");
        assert_eq!(full(Moment(78_789_789_798_798)), "4466-09-30 at 08:43 PM UTC");
        assert_eq!(full(Moment(-1)), "1969-12-31 at 11:59 PM UTC");
        assert_eq!(machine(Moment(-1)), "");
    }

    #[test]
    fn times_in_a_zone_follow_summer_and_winter_time() {
        let berlin = Tz::Europe__Berlin;
        assert_eq!(in_zone(NOW, berlin), "Mon 23 Nov 2026, 18:00 CET");
        assert_eq!(in_zone(Moment(1_619_142_780_000), berlin), "Fri 23 Apr 2021, 03:53 CEST");
        assert_eq!(in_zone(Moment(i64::MAX), berlin), "9223372036854775807 ms");
        assert!(in_zone(Moment(78_789_789_798_798), berlin).contains("4466"));
        let last = DateTime::<Utc>::MAX_UTC.timestamp_millis();
        assert_eq!(in_zone(Moment(last), Tz::Pacific__Auckland), full(Moment(last)));
    }

    #[test]
    fn relative_times_are_rounded_and_use_an_article_for_one() {
        let ago = |millis: i64| relative(Moment(NOW.0 - millis), NOW);
        assert_eq!(ago(0), "A few seconds ago");
        assert_eq!(ago(60 * SECOND), "A minute ago");
        assert_eq!(ago(2 * HOUR + 29 * MINUTE), "2 hours ago");
        assert_eq!(ago(30 * DAY), "A month ago");
        assert_eq!(ago(400 * DAY), "A year ago");
        assert_eq!(ago(1_644 * DAY), "5 years ago");
        assert_eq!(ago(-6 * DAY), "in 6 days");
        assert_eq!(ago(-30 * DAY), "in a month");
        assert_eq!(relative(Moment(i64::MIN), NOW).split(' ').nth(1), Some("years"));
    }
}
