//! Parses a choice: one of the project's offerings, optionally until a day, or the default.

use serde::Deserialize;

use crate::audit::reason::{self, MAX_REASON, NotAReason};
use crate::base::clock::Moment;
use crate::base::error::Problem;
use crate::customers::overrides::current::Offering;
use crate::operations::grants::end_of_day;

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
pub struct Draft {
    /// The identifier; empty for the default.
    #[serde(default)]
    pub offering: String,
    #[serde(default)]
    pub until: String,
    #[serde(default)]
    pub reason: String,
    /// The version of the override that the dialog showed; 0 without an override.
    pub seen: Option<i64>,
}

/// A valid choice of an offering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The offering's identifier and the end of the override; `None` for the project's default.
    pub set: Option<(String, Option<Moment>)>,
    pub reason: Option<String>,
}

impl Chosen {
    /// Parses the fields of the form. An empty identifier or that of the default means the default, which has no end.
    ///
    /// # Errors
    /// A [`Problem`] of the wrong field.
    pub fn parse(draft: &Draft, offerings: &[Offering], now: Moment) -> Result<Chosen, Problem> {
        let (offering, until) = (draft.offering.as_str(), draft.until.as_str());
        let reason = reason::parse(&draft.reason).map_err(refused_reason)?;
        let found = offerings.iter().find(|one| one.identifier == offering);
        let refused = |sentence: &str| Problem { field: "offering", sentence: sentence.into() };
        let offering = match found {
            None if offering.is_empty() => return Ok(Chosen { set: None, reason }),
            None => return Err(refused("The project has no such offering. Choose one of these.")),
            Some(found) if found.is_archived => return Err(refused("This offering is archived. Choose another one.")),
            Some(found) if found.is_default => return Ok(Chosen { set: None, reason }),
            Some(found) => found.identifier.clone(),
        };
        let end = |day| end_of_day(day, now).map_err(|no| Problem { field: "until", sentence: no.words().into() });
        let until = Some(until.trim()).filter(|day| !day.is_empty()).map(end).transpose()?;
        Ok(Chosen { set: Some((offering, until)), reason })
    }
}

/// Says by how many characters a reason is too long.
fn refused_reason(why: NotAReason) -> Problem {
    let sentence = match why {
        NotAReason::TooLong(length) => {
            format!("{length} characters are {} too many: a reason has at most {MAX_REASON}.", length - MAX_REASON)
        }
        NotAReason::Nul => why.sentence(),
    };
    Problem { field: "reason", sentence }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::testing::NOW;

    fn offering(identifier: &str, is_default: bool, is_archived: bool) -> Offering {
        Offering { identifier: identifier.into(), display_name: identifier.to_uppercase(), is_default, is_archived }
    }

    fn sold() -> Vec<Offering> {
        vec![offering("old", false, true), offering("standard", true, false), offering("winback", false, false)]
    }

    fn chosen(offering: &str, until: &str, reason: &str) -> Result<Chosen, (&'static str, String)> {
        let [offering, until, reason] = [offering, until, reason].map(str::to_owned);
        let draft = Draft { offering, until, reason, seen: None };
        Chosen::parse(&draft, &sold(), NOW).map_err(|problem| (problem.field, problem.sentence))
    }

    #[test]
    fn the_default_is_chosen_by_no_identifier_or_by_its_own() {
        for offering in ["", "standard"] {
            assert_eq!(chosen(offering, "yesterday", " "), Ok(Chosen { set: None, reason: None }));
        }
        let end = Some(Moment(NOW.millis() + 7 * 3_600_000 - 1_000));
        let set = Some(("winback".to_owned(), end));
        assert_eq!(chosen("winback", "2026-11-23", " asked "), Ok(Chosen { set, reason: Some("asked".into()) }));
    }

    #[test]
    fn an_invalid_choice_is_refused_beside_its_field() {
        let field = |result: Result<Chosen, (&'static str, String)>| result.err().map(|(field, _)| field);
        for offering in ["old", "gone", "Winback", " "] {
            assert_eq!(field(chosen(offering, "", "")), Some("offering"), "{offering}");
        }
        for until in ["2026-11-22", "23.11.2026", "2026-02-30"] {
            assert_eq!(field(chosen("winback", until, "")), Some("until"), "{until}");
        }
        assert!(chosen("winback", "", &"語".repeat(255)).is_ok());
        let long = chosen("", "", &"語".repeat(256)).err().map(|(_, sentence)| sentence);
        assert_eq!(long.as_deref(), Some("256 characters are 1 too many: a reason has at most 255."));
        assert_eq!(field(chosen("winback", "", "a\0b")), Some("reason"));
    }
}
