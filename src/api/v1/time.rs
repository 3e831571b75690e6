//! Times in the format of v1: UTC, whole seconds, `Z` (§C0).

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

use crate::base::clock::Moment;

/// A moment in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(Moment);

/// The end of the year 9999: clients cannot read a later time.
pub const LAST: Moment = Moment(253_402_300_799_999);

/// Whether every client can read a time: it is between 1970 and the end of the year 9999.
pub fn is_readable(moment: Moment) -> bool {
    (Moment(0)..=LAST).contains(&moment)
}

pub fn at(moment: Moment) -> At {
    At(moment)
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&written(self.0))
    }
}

fn written(moment: Moment) -> String {
    let utc = moment.min(LAST).utc().filter(|utc| utc.year() >= 0);
    utc.unwrap_or(DateTime::<Utc>::UNIX_EPOCH).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_whole_seconds_and_a_year_of_four_digits() {
        assert_eq!(written(Moment(1_795_453_200_999)), "2026-11-23T17:00:00Z");
        assert_eq!(written(Moment::NEVER), "9999-12-31T23:59:59Z");
        assert_eq!(written(Moment(7_952_342_400_000)), "2222-01-01T00:00:00Z");
        assert_eq!(
            (written(Moment(0)), written(Moment::EARLIEST)),
            ("1970-01-01T00:00:00Z".into(), "1970-01-01T00:00:00Z".into())
        );
    }
}
