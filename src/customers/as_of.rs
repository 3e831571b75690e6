//! A moment of the past at which a customer is looked at, and how addresses name it.

use chrono::NaiveDateTime;

use crate::base::clock::Moment;

/// A moment, and which events count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    pub at: Moment,
    pub reading: Reading,
}

/// By whose knowledge the past is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// What was true then, as it is known now: events that are dated until then count.
    KnownNow,
    /// What was known then: events that had been received by then count.
    KnownThen,
}

/// What an address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Now,
    Past(AsOf),
    /// A moment that has not come yet.
    Future(Moment),
}

/// Why the fields of an address cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

const NO_MOMENT: &str =
    "The address asks for a moment that cannot be read. Write it in UTC, as in at=2026-05-03T14:00:00Z.";
const NO_READING: &str =
    "The address may say known=now, for what is known now, or known=then, for what was known then.";

impl Asked {
    /// Reads the fields `at` and `known`, as they are after decoding. An empty or missing `at` asks for now.
    ///
    /// # Errors
    /// [`Malformed`] for a moment or a reading that cannot be read.
    pub fn parse(at: Option<&str>, known: Option<&str>, now: Moment) -> Result<Asked, Malformed> {
        let reading = match known.unwrap_or_default() {
            "" | "now" => Reading::KnownNow,
            "then" => Reading::KnownThen,
            _ => return Err(Malformed(NO_READING)),
        };
        let Some(text) = at.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(Asked::Now) };
        let at = moment(text).ok_or(Malformed(NO_MOMENT))?;
        Ok(if at > now { Asked::Future(at) } else { Asked::Past(AsOf { at, reading }) })
    }

    pub fn past(self) -> Option<AsOf> {
        match self {
            Asked::Past(as_of) => Some(as_of),
            Asked::Now | Asked::Future(_) => None,
        }
    }
}

/// RFC 3339; or a time without a zone, as the field of a form sends it, which is UTC.
fn moment(text: &str) -> Option<Moment> {
    // A plus sign that nobody encoded arrives as a space.
    let text = text.replace(' ', "+");
    let local = |form: &str| NaiveDateTime::parse_from_str(&text, form).ok();
    let utc = || local("%Y-%m-%dT%H:%M:%S%.f").or_else(|| local("%Y-%m-%dT%H:%M"));
    Moment::parse_rfc3339(&text).or_else(|| Some(Moment(utc()?.and_utc().timestamp_millis())))
}

impl Reading {
    /// The word for it in addresses and files.
    pub const fn word(self) -> &'static str {
        match self {
            Reading::KnownNow => "now",
            Reading::KnownThen => "then",
        }
    }
}

impl AsOf {
    /// The fields of an address that names it, encoded.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let known = (self.reading == Reading::KnownThen).then(|| ("known", "then".to_owned()));
        [("at", self.at.rfc3339())].into_iter().chain(known).collect()
    }

    /// Whether an event counts.
    pub fn includes(self, event_at: Moment, received_at: Moment) -> bool {
        match self.reading {
            Reading::KnownNow => event_at <= self.at,
            Reading::KnownThen => received_at <= self.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_795_453_200_000);

    fn asked(at: &str, known: &str) -> Result<Asked, Malformed> {
        Asked::parse(Some(at), Some(known), NOW)
    }

    fn past(millis: i64, reading: Reading) -> Result<Asked, Malformed> {
        Ok(Asked::Past(AsOf { at: Moment(millis), reading }))
    }

    #[test]
    fn a_moment_is_read_in_every_form_that_an_address_may_have() {
        for text in [
            "2026-05-03T14:00:00Z",
            "2026-05-03T14:00",
            "2026-05-03T14:00:00",
            " 2026-05-03T14:00:00.000Z ",
            "2026-05-03T16:00:00+02:00",
            "2026-05-03T16:00:00 02:00",
        ] {
            assert_eq!(asked(text, ""), past(1_777_816_800_000, Reading::KnownNow), "{text}");
        }
        assert_eq!(asked("2026-05-03T14:00:00.123Z", "then"), past(1_777_816_800_123, Reading::KnownThen));
        assert_eq!(asked("1969-07-20T20:17:00Z", "now"), past(-14_182_980_000, Reading::KnownNow));
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_the_future_is_told_apart() {
        for text in ["yesterday", "2026-05-03", "2026-13-03T14:00:00Z", "1777816800000", "2026-05-03T25:00"] {
            assert_eq!(asked(text, ""), Err(Malformed(NO_MOMENT)), "{text}");
        }
        assert_eq!(asked("2026-05-03T14:00:00Z", "later"), Err(Malformed(NO_READING)));
        assert_eq!(asked("2027-05-03T14:00:00Z", ""), Ok(Asked::Future(Moment(1_809_352_800_000))));
        assert_eq!((asked("", "then"), Asked::parse(None, None, NOW)), (Ok(Asked::Now), Ok(Asked::Now)));
    }

    #[test]
    fn the_fields_of_an_address_are_read_back() {
        for (millis, reading) in [(1_777_816_800_123, Reading::KnownThen), (1_777_816_800_000, Reading::KnownNow)] {
            let fields = AsOf { at: Moment(millis), reading }.fields();
            let value = |name: &str| fields.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
            assert_eq!(Asked::parse(value("at"), value("known"), NOW), past(millis, reading));
        }
    }
}
