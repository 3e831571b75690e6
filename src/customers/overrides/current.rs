//! Which offering a customer gets: the override while it is in force, else the project's default.

use diesel::prelude::*;

use super::Override;
use crate::base::clock::Moment;
use crate::db::schema::offerings;

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
    /// Set for this customer; `default` would apply without the override.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customers::overrides::testing;

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

    #[test]
    fn a_project_may_have_no_default_or_no_offerings() {
        assert_eq!(resolve(&[], None, NOW), Current::None);
        assert_eq!(resolve(&[offering("old", true, true)], None, NOW), Current::None);
        assert_eq!(resolve(&[offering("a", false, false)], None, NOW), Current::NoDefault { ignored: None });
    }
}
