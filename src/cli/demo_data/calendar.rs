//! Times and durations in milliseconds. Subscriptions renew on the same day of the month: a month is a calendar month.

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// The end of a period of the catalog, such as "P1M". In a store's sandbox a period lasts minutes.
pub fn after(start: i64, period: &str, sandbox: bool) -> i64 {
    match (period, sandbox) {
        ("P1W", false) => start + 7 * DAY,
        ("P30D", _) => start + 30 * DAY,
        ("P1M", false) => add_months(start, 1),
        ("P3M", false) => add_months(start, 3),
        ("P1Y", false) => add_months(start, 12),
        ("P1W", true) => start + 3 * MINUTE,
        ("P1M", true) => start + 5 * MINUTE,
        ("P3M", true) => start + 15 * MINUTE,
        ("P1Y", true) => start + 60 * MINUTE,
        _ => unreachable!("no product lasts {period:?}"),
    }
}

/// The same time of day `months` later, on the last day of the month if it has no such day.
pub fn add_months(at: i64, months: i64) -> i64 {
    let (year, month, day) = date(at.div_euclid(DAY));
    let months = year * 12 + month - 1 + months;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    let first = days(year, month, 1);
    let length = days(year + month / 12, month % 12 + 1, 1) - first;
    (first + day.min(length) - 1) * DAY + at.rem_euclid(DAY)
}

/// The days from 1970 to a date. The calculation counts years from March, so that the leap day is the last day.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let month = (march_month + 2) % 12 + 1;
    let year = era * 400 + year + i64::from(month <= 2);
    (year, month, of_year - (153 * march_month + 2) / 5 + 1)
}
