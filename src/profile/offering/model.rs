//! Which offering a customer gets: the override while it holds, else the project's default. And what may be chosen.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::customers::grants::end_of_day;
use crate::customers::overrides::Override;
use crate::error::Problem;
use crate::schema::offerings;

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = offerings)]
pub struct Offering {
    pub identifier: String,
    pub display_name: String,
    pub is_default: bool,
    pub is_archived: bool,
}

/// The offering that applies, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Current {
    /// Set for this customer; `default` is what would apply without.
    Overridden { offering: Offering, set: Override, default: Option<Offering> },
    /// The project's default, with the override that does not count.
    Default { offering: Offering, ignored: Option<Ignored> },
    /// There are offerings, but none is the default.
    NoDefault { ignored: Option<Ignored> },
    /// The project has no offerings.
    None,
}

/// An override that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    pub set: Override,
    pub why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Over,
    Archived,
    Unknown,
}

/// An override counts up to the moment it ends; one that names an archived or unknown offering never does.
pub fn resolve(offerings: &[Offering], set: Option<Override>, now: Moment) -> Current {
    let usable = |offering: &&Offering| !offering.is_archived;
    let default = offerings.iter().filter(usable).find(|offering| offering.is_default).cloned();
    let ignored = match set {
        None => None,
        Some(set) => match holds(offerings, &set, now) {
            Ok(offering) => return Current::Overridden { offering, set, default },
            Err(why) => Some(Ignored { set, why }),
        },
    };
    match default {
        Some(offering) => Current::Default { offering, ignored },
        None if offerings.iter().any(|offering| !offering.is_archived) => Current::NoDefault { ignored },
        None => Current::None,
    }
}

fn holds(offerings: &[Offering], set: &Override, now: Moment) -> Result<Offering, Why> {
    if set.is_over(now) {
        return Err(Why::Over);
    }
    match offerings.iter().find(|offering| offering.identifier == set.offering) {
        Some(offering) if offering.is_archived => Err(Why::Archived),
        Some(offering) => Ok(offering.clone()),
        None => Err(Why::Unknown),
    }
}

/// The most characters of a reason.
pub const MAX_REASON: usize = 255;

/// What was chosen: `None` for the project's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub set: Option<(String, Option<Moment>)>,
    pub reason: Option<String>,
}

impl Chosen {
    /// Reads the fields of the form. The default, by no name or by its own, takes no end.
    ///
    /// # Errors
    /// A [`Problem`] of the field that is wrong.
    pub fn parse(
        (offering, until, reason): (&str, &str, &str),
        offerings: &[Offering],
        now: Moment,
    ) -> Result<Chosen, Problem> {
        let reason = parse_reason(reason)?;
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

fn parse_reason(typed: &str) -> Result<Option<String>, Problem> {
    let reason = typed.replace("\r\n", "\n").trim().to_owned();
    let length = reason.chars().count();
    let refused = |sentence: String| Err(Problem { field: "reason", sentence });
    match length {
        0 => Ok(None),
        _ if reason.contains('\0') => refused("The reason holds a NUL character, which cannot be stored.".into()),
        _ if length > MAX_REASON => refused(format!(
            "{length} characters are {} too many: a reason has at most {MAX_REASON}.",
            length - MAX_REASON
        )),
        _ => Ok(Some(reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::offering::testing;

    const NOW: Moment = Moment(1_795_453_200_000);

    fn offering(identifier: &str, is_default: bool, is_archived: bool) -> Offering {
        Offering { identifier: identifier.into(), display_name: identifier.to_uppercase(), is_default, is_archived }
    }

    fn set(offering: &str, until: Option<Moment>) -> Option<Override> {
        Some(testing::set(offering, until, None))
    }

    fn sold() -> Vec<Offering> {
        vec![offering("old", false, true), offering("standard", true, false), offering("winback", false, false)]
    }

    fn why(current: Current) -> Option<Why> {
        match current {
            Current::Default { ignored, .. } | Current::NoDefault { ignored } => ignored.map(|ignored| ignored.why),
            _ => None,
        }
    }

    #[test]
    fn without_an_override_the_default_applies() {
        let current = resolve(&sold(), None, NOW);
        assert!(matches!(current, Current::Default { offering, ignored: None } if offering.identifier == "standard"));
    }

    #[test]
    fn an_override_applies_until_the_moment_it_ends() {
        for until in [None, Some(Moment(NOW.0 + 1))] {
            let current = resolve(&sold(), set("winback", until), NOW);
            assert!(matches!(current, Current::Overridden { offering, .. } if offering.identifier == "winback"));
        }
        assert_eq!(why(resolve(&sold(), set("winback", Some(NOW)), NOW)), Some(Why::Over));
    }

    #[test]
    fn an_archived_or_unknown_offering_gives_way_to_the_default() {
        assert_eq!(why(resolve(&sold(), set("old", None), NOW)), Some(Why::Archived));
        assert_eq!(why(resolve(&sold(), set("gone", None), NOW)), Some(Why::Unknown));
        assert_eq!(why(resolve(&sold(), set("Winback", None), NOW)), Some(Why::Unknown));
    }

    fn chosen(offering: &str, until: &str, reason: &str) -> Result<Chosen, (&'static str, String)> {
        Chosen::parse((offering, until, reason), &sold(), NOW).map_err(|problem| (problem.field, problem.sentence))
    }

    #[test]
    fn the_default_is_chosen_by_no_name_or_by_its_own() {
        for offering in ["", "standard"] {
            assert_eq!(chosen(offering, "yesterday", " "), Ok(Chosen { set: None, reason: None }));
        }
        let end = Some(Moment(NOW.millis() + 7 * 3_600_000 - 1_000));
        let set = Some(("winback".to_owned(), end));
        assert_eq!(chosen("winback", "2026-11-23", " asked "), Ok(Chosen { set, reason: Some("asked".into()) }));
    }

    #[test]
    fn what_cannot_be_chosen_is_refused_beside_its_field() {
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

    #[test]
    fn a_project_may_have_no_default_or_no_offerings() {
        assert_eq!(resolve(&[], None, NOW), Current::None);
        assert_eq!(resolve(&[offering("old", true, true)], None, NOW), Current::None);
        assert_eq!(resolve(&[offering("a", false, false)], None, NOW), Current::NoDefault { ignored: None });
    }
}
