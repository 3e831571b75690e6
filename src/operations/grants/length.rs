//! How long a grant lasts (§7.2): one of the presets, or until the end of a day.

use chrono::{Months, NaiveDate};

use crate::base::clock::Moment;

/// The lengths to choose from, as the API names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Preset {
    Daily,
    ThreeDay,
    Weekly,
    TwoWeek,
    Monthly,
    TwoMonth,
    ThreeMonth,
    SixMonth,
    Yearly,
    Lifetime,
}

/// A length that may be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    Preset(Preset),
    /// A preset that is counted from another start than now; the moment is its end.
    Shifted(Preset, Moment),
    /// Ends at this moment. Forms choose the last second of a day.
    Until(Moment),
}

/// Why what was typed is not a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidLength {
    Missing,
    Unknown,
    NoDate,
    Malformed,
    Past,
    /// A date was typed beside a preset, which would ignore it.
    DateBesidePreset,
}

/// The form's word for “until a date”, and the suffix of a granted product that ends at one.
pub const UNTIL: &str = "until";
pub const CUSTOM: &str = "custom";

const LIFETIME_MONTHS: u32 = 200 * 12;

impl Preset {
    pub const ALL: [Preset; 10] = [
        Preset::Daily,
        Preset::ThreeDay,
        Preset::Weekly,
        Preset::TwoWeek,
        Preset::Monthly,
        Preset::TwoMonth,
        Preset::ThreeMonth,
        Preset::SixMonth,
        Preset::Yearly,
        Preset::Lifetime,
    ];

    /// The name of the preset in the API.
    pub const fn word(self) -> &'static str {
        match self {
            Preset::Daily => "daily",
            Preset::ThreeDay => "three_day",
            Preset::Weekly => "weekly",
            Preset::TwoWeek => "two_week",
            Preset::Monthly => "monthly",
            Preset::TwoMonth => "two_month",
            Preset::ThreeMonth => "three_month",
            Preset::SixMonth => "six_month",
            Preset::Yearly => "yearly",
            Preset::Lifetime => "lifetime",
        }
    }

    /// The label of the choice: `1 week`.
    pub const fn label(self) -> &'static str {
        match self {
            Preset::Daily => "1 day",
            Preset::ThreeDay => "3 days",
            Preset::Weekly => "1 week",
            Preset::TwoWeek => "2 weeks",
            Preset::Monthly => "1 month (31 days)",
            Preset::TwoMonth => "2 months (61 days)",
            Preset::ThreeMonth => "3 months (92 days)",
            Preset::SixMonth => "6 months (183 days)",
            Preset::Yearly => "1 year (365 days)",
            Preset::Lifetime => "Lifetime",
        }
    }

    /// `None` for a lifetime, which is counted in years.
    const fn days(self) -> Option<i64> {
        match self {
            Preset::Daily => Some(1),
            Preset::ThreeDay => Some(3),
            Preset::Weekly => Some(7),
            Preset::TwoWeek => Some(14),
            Preset::Monthly => Some(31),
            Preset::TwoMonth => Some(61),
            Preset::ThreeMonth => Some(92),
            Preset::SixMonth => Some(183),
            Preset::Yearly => Some(365),
            Preset::Lifetime => None,
        }
    }

    pub fn ends_at(self, now: Moment) -> Moment {
        let lifetime = || now.utc()?.checked_add_months(Months::new(LIFETIME_MONTHS));
        match self.days() {
            Some(days) => now.plus_days(days),
            None => lifetime().map_or(Moment::NEVER, |end| Moment(end.timestamp_millis())),
        }
    }
}

impl Length {
    /// Reads the two fields of a form. A date alone is enough.
    pub fn parse(duration: &str, until: &str, now: Moment) -> Result<Length, InvalidLength> {
        let (duration, until) = (duration.trim(), until.trim());
        match (duration, until) {
            ("", "") => Err(InvalidLength::Missing),
            (UNTIL | CUSTOM, "") => Err(InvalidLength::NoDate),
            (UNTIL | CUSTOM | "", date) => end_of_day(date, now).map(Length::Until),
            (word, _) => {
                let preset =
                    Preset::ALL.into_iter().find(|preset| preset.word() == word).ok_or(InvalidLength::Unknown)?;
                if until.is_empty() { Ok(Length::Preset(preset)) } else { Err(InvalidLength::DateBesidePreset) }
            }
        }
    }

    pub fn ends_at(self, now: Moment) -> Moment {
        match self {
            Length::Preset(preset) => preset.ends_at(now),
            Length::Shifted(_, end) | Length::Until(end) => end,
        }
    }

    /// The suffix of the granted product's id.
    pub const fn word(self) -> &'static str {
        match self {
            Length::Preset(preset) | Length::Shifted(preset, _) => preset.word(),
            Length::Until(_) => CUSTOM,
        }
    }

    /// `for 7 days`, `until 31 Dec 2026`, `for a lifetime`
    pub fn in_words(self) -> String {
        match self {
            Length::Preset(preset) => match preset.days() {
                Some(days) => format!("for {}", crate::wording::text::count(days, "day", "days")),
                None => "for a lifetime".into(),
            },
            Length::Shifted(_, end) | Length::Until(end) => format!("until {}", crate::wording::times::day(end)),
        }
    }
}

/// The last second of a day, written as `YYYY-MM-DD` and in no other way.
///
/// # Errors
/// [`InvalidLength::Malformed`] for any other text, [`InvalidLength::Past`] when the day is over.
pub fn end_of_day(date: &str, now: Moment) -> Result<Moment, InvalidLength> {
    let is_date = date.len() == 10
        && date
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok().filter(|_| is_date).ok_or(InvalidLength::Malformed)?;
    let end = day.and_hms_opt(23, 59, 59).ok_or(InvalidLength::Malformed)?;
    let end = Moment(end.and_utc().timestamp_millis());
    if end > now { Ok(end) } else { Err(InvalidLength::Past) }
}

impl InvalidLength {
    /// The form field that the problem is about.
    pub const fn field(self) -> &'static str {
        match self {
            InvalidLength::Missing | InvalidLength::Unknown => "duration",
            _ => "until",
        }
    }

    pub const fn words(self) -> &'static str {
        match self {
            InvalidLength::Missing => "Choose how long the access lasts.",
            InvalidLength::Unknown => "Choose one of the lengths listed.",
            InvalidLength::NoDate => "Choose the last day of the access.",
            InvalidLength::Malformed => "This is not a day. Write it as 2026-12-31: year, month, day.",
            InvalidLength::Past => "This day is over (in UTC). Choose one that is still ahead.",
            InvalidLength::DateBesidePreset => "Choose “Until a date” to use this day, or empty the field.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 17:00:00 UTC
    const NOW: Moment = Moment(1_795_453_200_000);

    fn end(duration: &str, until: &str) -> Result<String, InvalidLength> {
        let length = Length::parse(duration, until, NOW)?;
        Ok(crate::wording::times::machine(length.ends_at(NOW)))
    }

    #[test]
    fn every_preset_has_its_length_to_the_hour() {
        let hours: Vec<i64> =
            Preset::ALL.iter().take(9).map(|preset| preset.ends_at(NOW).since(NOW) / 3_600_000).collect();
        assert_eq!(hours, [24, 72, 168, 336, 744, 1_464, 2_208, 4_392, 8_760]);
        assert_eq!(end("lifetime", "").as_deref(), Ok("2226-11-23T17:00:00Z"));
    }

    #[test]
    fn a_lifetime_that_begins_on_a_leap_day_ends_two_hundred_years_later() {
        // 2000-02-29; there is no 2200-02-29.
        let leap = Moment(951_782_400_000);
        assert_eq!(crate::wording::times::machine(Preset::Lifetime.ends_at(leap)), "2200-02-28T00:00:00Z");
        assert_eq!(Preset::Lifetime.ends_at(Moment::NEVER), Moment::NEVER);
    }

    #[test]
    fn every_word_of_the_api_is_read_and_no_other() {
        for preset in Preset::ALL {
            assert_eq!(Length::parse(preset.word(), "", NOW), Ok(Length::Preset(preset)));
        }
        for word in ["Weekly", "week", "7", "P1W", "forever"] {
            assert_eq!(Length::parse(word, "", NOW), Err(InvalidLength::Unknown), "{word}");
        }
        assert_eq!(Length::parse(" ", "", NOW), Err(InvalidLength::Missing));
    }

    #[test]
    fn a_day_counts_to_its_last_second() {
        assert_eq!(end("until", "2026-12-31").as_deref(), Ok("2026-12-31T23:59:59Z"));
        assert_eq!(end("custom", "2026-11-24").as_deref(), Ok("2026-11-24T23:59:59Z"));
        assert_eq!(end("", " 2028-02-29 ").as_deref(), Ok("2028-02-29T23:59:59Z"));
        assert_eq!(end("until", "9999-12-31").as_deref(), Ok("9999-12-31T23:59:59Z"));
    }

    #[test]
    fn a_day_must_still_be_ahead() {
        assert_eq!(end("until", "2026-11-23").as_deref(), Ok("2026-11-23T23:59:59Z"), "tonight");
        assert_eq!(end("until", "2026-11-22"), Err(InvalidLength::Past));
        let last_second = Moment(NOW.millis() - 17 * 3_600_000 + 86_399_000);
        assert!(Length::parse("until", "2026-11-23", Moment(last_second.millis() - 1)).is_ok());
        assert_eq!(Length::parse("until", "2026-11-23", last_second), Err(InvalidLength::Past));
    }

    #[test]
    fn text_that_is_not_a_date_is_refused_with_a_reason() {
        for date in ["2026-02-29", "2026-13-01", "2026-1-1", "31.12.2026", "2026-12-31T00:00", "+026-12-31", "tomorrow"]
        {
            assert_eq!(end("until", date), Err(InvalidLength::Malformed), "{date}");
        }
        assert_eq!(end("until", ""), Err(InvalidLength::NoDate));
        assert_eq!(end("weekly", "2026-12-31"), Err(InvalidLength::DateBesidePreset));
        assert_eq!((InvalidLength::Unknown.field(), InvalidLength::Past.field()), ("duration", "until"));
    }

    #[test]
    fn a_length_reads_as_on_the_button() {
        let words = |duration, until| Length::parse(duration, until, NOW).map(Length::in_words);
        assert_eq!(words("daily", "").as_deref(), Ok("for 1 day"));
        assert_eq!(words("weekly", "").as_deref(), Ok("for 7 days"));
        assert_eq!(words("lifetime", "").as_deref(), Ok("for a lifetime"));
        assert_eq!(words("until", "2026-12-31").as_deref(), Ok("until 31 Dec 2026"));
    }
}
