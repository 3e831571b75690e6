//! The time axis of the picture, from the first purchase to the end of what is paid ahead. It maps times to
//! percentages of the width in whole numbers. Implausible dates are drawn at the edge.

use std::fmt;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};

use crate::base::clock::Moment;

/// Hundredths of a percent of the picture's width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub i64);

/// The range of time that the picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    pub from: Moment,
    pub to: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    pub x: Percent,
    pub label: String,
}

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// No store sold subscriptions to apps before 2008.
const EARLIEST: Moment = Moment(1_199_145_600_000);
const DAYS_AHEAD: i64 = 400;
const SHORTEST: i64 = 6 * HOUR;
/// The whole width in [`Percent`]: the names of the lanes are beside the picture.
const WIDTH: i64 = 10_000;
/// A label further right than this would not fit into the picture.
const LAST_LABEL: i64 = 9_200;
const MOST_TICKS: i64 = 7;

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}%", self.0 / 100, self.0 % 100)
    }
}

/// Whether something that begins at this time can be drawn.
pub fn is_in_sight(at: Moment, now: Moment) -> bool {
    at < now.plus_days(DAYS_AHEAD)
}

impl Axis {
    /// The axis that shows these stretches and today, with a small margin at both ends.
    pub fn over(stretches: impl Iterator<Item = (Moment, Moment)>, now: Moment) -> Axis {
        let (mut from, mut to) = (now, now);
        for (begin, end) in stretches {
            from = from.min(begin);
            to = to.max(if end == Moment::NEVER { now } else { end });
        }
        let from = from.max(EARLIEST.min(now));
        let to = to.min(now.plus_days(DAYS_AHEAD));
        let length = to.since(from).max(SHORTEST);
        Axis { from: Moment(to.millis() - length - length / 50), to: Moment(to.millis() + length / 25) }
    }

    fn length(&self) -> i64 {
        self.to.since(self.from).max(1)
    }

    pub fn x(&self, at: Moment) -> Percent {
        let inside = i128::from(at.max(self.from).min(self.to).since(self.from));
        let part = inside * i128::from(WIDTH) / i128::from(self.length());
        Percent(i64::try_from(part).unwrap_or(WIDTH))
    }

    /// Where a bar without an end is cut off: a little after today.
    pub fn open_end(&self, now: Moment) -> Moment {
        Moment(now.millis().saturating_add(self.length() / 40)).min(self.to)
    }

    pub fn ticks(&self) -> Vec<Tick> {
        let (dates, format): (Vec<Moment>, Format) = match self.length() {
            short if short <= 2 * DAY => (self.steps(HOUR, &[1, 2, 3, 6, 12]), Format::Hours),
            middle if middle <= 92 * DAY => (self.steps(DAY, &[1, 2, 4, 7, 14]), Format::Days),
            _ => self.months(),
        };
        let labels = dates.iter().enumerate().map(|(index, at)| format.label(*at, index == 0));
        let ticks = dates.iter().zip(labels).map(|(at, label)| Tick { x: self.x(*at), label });
        ticks.filter(|tick| tick.x.0 <= LAST_LABEL).collect()
    }

    /// The multiples of the smallest step that needs at most [`MOST_TICKS`] ticks.
    fn steps(&self, unit: i64, sizes: &[i64]) -> Vec<Moment> {
        let fits = |size: &&i64| self.length() / (unit * **size) < MOST_TICKS;
        let step = unit * sizes.iter().find(fits).or(sizes.last()).copied().unwrap_or(1);
        let first = self.from.millis().div_euclid(step) + 1;
        (first..).map(|number| Moment(number * step)).take_while(|at| *at <= self.to).collect()
    }

    fn months(&self) -> (Vec<Moment>, Format) {
        let length = self.length() / (30 * DAY);
        let sizes = [1, 2, 3, 6, 12, 24, 36, 60];
        let step: u32 = sizes.into_iter().find(|size| length / i64::from(*size) <= MOST_TICKS).unwrap_or(120);
        let format = if step < 12 { Format::Months } else { Format::Years };
        let first = self.from.utc().and_then(|at| first_of(at, step));
        let dates = std::iter::successors(first, |date| date.checked_add_months(Months::new(step)));
        let moments = dates.map(moment).skip_while(|at| *at < self.from).take_while(|at| *at <= self.to);
        (moments.collect(), format)
    }
}

/// The first day of the group of `step` months that contains a date.
fn first_of(at: DateTime<Utc>, step: u32) -> Option<NaiveDate> {
    let months = at.year() * 12 + at.month0().cast_signed();
    let first = months - months.rem_euclid(step.cast_signed());
    NaiveDate::from_ymd_opt(first.div_euclid(12), first.rem_euclid(12).cast_unsigned() + 1, 1)
}

fn moment(date: NaiveDate) -> Moment {
    Moment(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
}

#[derive(Clone, Copy)]
enum Format {
    Hours,
    Days,
    Months,
    Years,
}

impl Format {
    /// The first label, and the first one of a year or day, includes what the others leave out.
    fn label(self, at: Moment, is_first: bool) -> String {
        let Some(date) = at.utc() else { return String::new() };
        let is_new_year = date.month0() == 0;
        let format = match self {
            Format::Hours if is_first || at.millis() % DAY == 0 => "%-d %b, %H:%M",
            Format::Hours => "%H:%M",
            Format::Days if is_first => "%-d %b %Y",
            Format::Days => "%-d %b",
            Format::Months if is_first || is_new_year => "%b %Y",
            Format::Months => "%b",
            Format::Years => "%Y",
        };
        date.format(format).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_795_453_200_000);

    fn labels(from: Moment, to: Moment) -> Vec<String> {
        Axis::over([(from, to)].into_iter(), NOW).ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_suit_the_length_of_time() {
        let ago = |days: i64| NOW.plus_days(-days);
        assert_eq!(labels(ago(380), NOW.plus_days(18)), ["Nov 2025", "Jan 2026", "Mar", "May", "Jul", "Sep", "Nov"]);
        assert_eq!(labels(ago(6 * 365), NOW), ["2021", "2022", "2023", "2024", "2025", "2026"]);
        assert_eq!(labels(ago(20), NOW), ["7 Nov 2026", "11 Nov", "15 Nov", "19 Nov"]);
        assert_eq!(
            labels(NOW.plus_seconds(-1800), NOW),
            ["23 Nov, 11:00", "12:00", "13:00", "14:00", "15:00", "16:00"]
        );
    }

    #[test]
    fn implausible_dates_do_not_stretch_the_axis() {
        let absurd = Axis::over([(Moment(i64::MIN), Moment(253_402_300_799_000))].into_iter(), NOW);
        assert!(absurd.from > Moment(1_100_000_000_000) && absurd.to < NOW.plus_days(800));
        assert_eq!(absurd.x(Moment::NEVER), Percent(10_000));
        assert_eq!(absurd.x(Moment::EARLIEST), Percent(0));
        assert!(absurd.ticks().len() <= 8);
        let early = Moment(-1_000);
        let axis = Axis::over([(early, Moment::NEVER)].into_iter(), early);
        assert!(axis.open_end(early) <= axis.to);
    }

    #[test]
    fn today_is_always_on_the_axis() {
        let past = Axis::over([(NOW.plus_days(-2_000), NOW.plus_days(-1_900))].into_iter(), NOW);
        assert!(past.x(NOW) < Percent(10_000));
        assert_eq!(Percent(1_705).to_string(), "17.05%");
    }
}
