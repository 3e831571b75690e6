//! Reads one cell of an export: a text, a time, a yes or no, an amount, a list, an object.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::value::RawValue;

use super::Problem;
use crate::base::app_user_id::MAX_CHARS;
use crate::base::clock::Moment;
use crate::base::money::Micros;

/// Times outside of the years 2000 to 2399 are not credible. Grants without an end last 200 years.
const EARLIEST: Moment = Moment(946_684_800_000);
const LATEST: Moment = Moment(13_569_465_600_000);
/// Whole numbers below this are seconds, and milliseconds above (§16.1).
const SECONDS: i64 = 100_000_000_000;
/// How many characters of a cell a problem names.
const SHOWN: usize = 60;

/// A cell with the name of its column. One that is absent is empty.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    pub name: &'static str,
    pub text: &'a str,
}

impl<'a> Cell<'a> {
    /// The text; `None` when it is empty.
    pub fn text(self) -> Option<&'a str> {
        Some(self.text).filter(|text| !text.is_empty())
    }

    /// A text that names something.
    ///
    /// # Errors
    /// When it is longer than any id.
    pub fn id(self) -> Result<Option<String>, Problem> {
        match self.text.len() > MAX_CHARS && self.text.chars().count() > MAX_CHARS {
            true => Err(format!("{} has more than 1,500 characters", self.name)),
            false => Ok(self.text().map(str::to_owned)),
        }
    }

    /// As [`Cell::id`], of a cell that must not be empty.
    ///
    /// # Errors
    /// When it is empty or too long.
    pub fn needed_id(self) -> Result<String, Problem> {
        self.id()?.ok_or_else(|| format!("{} is empty", self.name))
    }

    /// A value other than a text; `None` when it is empty.
    fn value(self) -> Option<&'a str> {
        Some(self.text.trim()).filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("null"))
    }

    /// A time: a date and a time of day in UTC, or milliseconds.
    ///
    /// # Errors
    /// When it is no time, is not credible, or seems to be in seconds.
    pub fn time(self) -> Result<Option<Moment>, Problem> {
        let Some(text) = self.value() else { return Ok(None) };
        let at = match text.parse::<i64>() {
            Ok(number) if (0..SECONDS).contains(&number) => {
                return Err(format!("{} is {text}, which seems to be in seconds instead of milliseconds", self.name));
            }
            Ok(number) => Moment(number),
            Err(_) => date_and_time(text)
                .or_else(|| Moment::parse_rfc3339(text))
                .ok_or_else(|| self.problem("which is no time"))?,
        };
        match (EARLIEST..LATEST).contains(&at) {
            true => Ok(Some(at)),
            false => Err(self.problem("which is not a credible time")),
        }
    }

    /// # Errors
    /// When it is neither a yes nor a no.
    pub fn flag(self) -> Result<Option<bool>, Problem> {
        let Some(text) = self.value() else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Ok(Some(true)),
            "false" | "f" | "0" => Ok(Some(false)),
            _ => Err(self.problem("which is neither true nor false")),
        }
    }

    /// An amount that is not negative, and at most so many units.
    ///
    /// # Errors
    /// When it is no such amount.
    pub fn amount(self, most: i64) -> Result<Option<Micros>, Problem> {
        let Some(text) = self.value() else { return Ok(None) };
        let amount = Micros::parse(text).ok_or_else(|| self.problem("which is no amount"))?;
        match amount {
            _ if amount.is_negative() => Err(self.problem("which is negative")),
            _ if amount.0 / 1_000_000 > most => Err(self.problem("which is not a credible amount")),
            _ => Ok(Some(amount)),
        }
    }

    /// A whole number between 1 and `most`.
    ///
    /// # Errors
    /// When it is no such number.
    pub fn count(self, most: i64) -> Result<Option<i64>, Problem> {
        let Some(text) = self.value() else { return Ok(None) };
        let whole = text.strip_suffix(".0").unwrap_or(text).parse::<i64>().ok();
        let number = whole.filter(|number| (1..=most).contains(number));
        number.map(Some).ok_or_else(|| self.problem("which is not a credible number"))
    }

    /// The items of a list in brackets, or in braces as older versions have it.
    ///
    /// # Errors
    /// When it begins or ends as such a list, and is none.
    pub fn list(self) -> Result<Vec<String>, Problem> {
        let Some(text) = self.value() else { return Ok(Vec::new()) };
        let broken = || self.problem("which is not a list");
        if text.starts_with('[') {
            return serde_json::from_str(text).map_err(|_| broken());
        }
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        if inner.contains(['[', ']', '{', '}']) {
            return Err(broken());
        }
        let items = inner.split(',').map(|item| item.trim().trim_matches('"'));
        Ok(items.filter(|item| !item.is_empty()).map(str::to_owned).collect())
    }

    /// The entries of a JSON object.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn entries(self) -> Result<BTreeMap<String, Box<RawValue>>, Problem> {
        let Some(text) = self.value() else { return Ok(BTreeMap::new()) };
        serde_json::from_str(text).map_err(|_| format!("{} is not a JSON object", self.name))
    }

    /// `price_in_usd is “-5”, which is negative`
    fn problem(self, what: &str) -> Problem {
        let shown: String = self.text.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect();
        format!("{} is “{shown}”, {what}", self.name)
    }
}

/// `2026-11-23 17:00:00`, perhaps with parts of a second and `UTC`.
fn date_and_time(text: &str) -> Option<Moment> {
    let text = text.trim_end_matches("UTC").trim_end_matches('Z').trim_end();
    let (date, time) = text.split_once([' ', 'T'])?;
    let number = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    if date.len() != 10 || !date.is_ascii() || !time.is_ascii() || date.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    let year = date.get(..4)?.parse::<i32>().ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(date, 5, 7)?, number(date, 8, 10)?)?;
    let millis = match time.get(8..)? {
        "" => 0,
        fraction => {
            let digits =
                fraction.strip_prefix('.').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
            format!("{digits:0<3}").get(..3)?.parse::<u32>().ok()?
        }
    };
    let at = day.and_hms_milli_opt(number(time, 0, 2)?, number(time, 3, 5)?, number(time, 6, 8)?, millis)?;
    Some(Moment(at.and_utc().timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> Cell<'_> {
        Cell { name: "c", text }
    }

    #[test]
    fn times_are_dates_or_milliseconds() {
        let millis = |text| cell(text).time().map(|at| at.map(Moment::millis));
        for text in ["2026-11-23 17:00:00", "2026-11-23T17:00:00Z", "1795453200000", "2026-11-23 17:00:00.000 UTC"] {
            assert_eq!(millis(text), Ok(Some(1_795_453_200_000)), "{text}");
        }
        assert_eq!(millis("2026-11-23 17:00:00.5"), Ok(Some(1_795_453_200_500)));
        assert_eq!((millis(""), millis(" null ")), (Ok(None), Ok(None)));
        let refused = |text| millis(text).expect_err("refused");
        assert_eq!(refused("1795453200"), "c is 1795453200, which seems to be in seconds instead of milliseconds");
        assert_eq!(refused("1970-01-01 00:00:01"), "c is “1970-01-01 00:00:01”, which is not a credible time");
        for text in ["soon", "2026-13-01 00:00:00", "2026-11-23", "-5", "9999999999999999", "é026-11-23 17:00:00"] {
            assert!(millis(text).is_err(), "{text}");
        }
    }

    #[test]
    fn both_spellings_of_flags_and_lists_are_read() {
        assert_eq!(
            ["true", "t", "F", "false", ""].map(|text| cell(text).flag()),
            [Ok(Some(true)), Ok(Some(true)), Ok(Some(false)), Ok(Some(false)), Ok(None)]
        );
        assert!(cell("yes").flag().is_err());
        for text in [r#"["pro","a b"]"#, r#"{pro,"a b"}"#, "{ pro , a b }"] {
            assert_eq!(cell(text).list(), Ok(vec!["pro".to_owned(), "a b".to_owned()]), "{text}");
        }
        for text in ["", "[]", "{}", "null"] {
            assert_eq!(cell(text).list(), Ok(Vec::new()), "{text}");
        }
        for text in [r#"["pro""#, "[pro]", "[1]", "{pro", "pro}", "[]]"] {
            assert_eq!(cell(text).list(), Err(format!("c is “{text}”, which is not a list")), "{text}");
        }
    }

    #[test]
    fn amounts_and_numbers_must_be_credible() {
        assert_eq!(cell("9.989999771118164").amount(1_000_000), Ok(Some(Micros(9_990_000))));
        assert_eq!(cell("-5").amount(10), Err("c is “-5”, which is negative".into()));
        for text in ["NaN", "inf", "1e9", "five"] {
            assert!(cell(text).amount(1_000_000).is_err(), "{text}");
        }
        assert_eq!((cell("3").count(9), cell("3.0").count(9), cell("").count(9)), (Ok(Some(3)), Ok(Some(3)), Ok(None)));
        for text in ["0", "-1", "10", "x"] {
            assert!(cell(text).count(9).is_err(), "{text}");
        }
    }
}
