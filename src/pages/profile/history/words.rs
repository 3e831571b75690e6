//! Texts that several rows share: lengths of time, and large numbers.

use crate::wording::text;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A period of so many milliseconds in words: `7 days`, `1 month`. Months and years only if the period fits; otherwise
/// days, and below two days hours or minutes.
pub fn length(millis: i64) -> String {
    let days = millis.saturating_add(DAY / 2) / DAY;
    match days {
        _ if millis < 2 * HOUR => count((millis.max(0) + MINUTE / 2) / MINUTE, "minute"),
        _ if millis < 2 * DAY => count((millis + HOUR / 2) / HOUR, "hour"),
        28..=31 => count(1, "month"),
        59..=62 => count(2, "month"),
        89..=93 => count(3, "month"),
        180..=186 => count(6, "month"),
        365..=366 => count(1, "year"),
        730..=731 => count(2, "year"),
        _ => count(days, "day"),
    }
}

fn count(number: i64, noun: &str) -> String {
    text::count(number, noun, &format!("{noun}s"))
}

/// `12,345`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let places = digits.chars().rev().enumerate();
    let reversed: String = places.flat_map(|(place, digit)| comma(place).into_iter().chain([digit])).collect();
    reversed.chars().rev().collect()
}

fn comma(place: usize) -> Option<char> {
    (place > 0 && place.is_multiple_of(3)).then_some(',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Moment;
    use crate::projection::is_lifetime;

    #[test]
    fn a_period_is_named_as_people_name_it() {
        let days = |days: i64| length(days * DAY);
        assert_eq!(length(5 * MINUTE), "5 minutes");
        assert_eq!(length(24 * HOUR), "24 hours");
        assert_eq!([days(3), days(7), days(14)], ["3 days", "7 days", "14 days"]);
        assert_eq!([days(31), days(61), days(92)], ["1 month", "2 months", "3 months"]);
        assert_eq!([days(183), days(365), days(1_500)], ["6 months", "1 year", "1,500 days"]);
        assert_eq!([length(-1), length(i64::MAX)], ["0 minutes", "106,751,991,167 days"]);
        assert!(is_lifetime(Moment(0), Moment::NEVER));
    }

    #[test]
    fn numbers_have_groups_of_three_digits() {
        assert_eq!([grouped(0), grouped(999), grouped(1_000), grouped(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }
}
