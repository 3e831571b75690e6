//! The choices of the dialog (§8): the project's default first, which is no override, then the other offerings, each
//! with what the app would get.

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::customers::overrides::Override;
use crate::customers::overrides::current::{self, Current, Offering};
use crate::wording::sentence::Sentence;
use crate::wording::text;

/// One choice of the dialog.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value that the form sends: the identifier, or an empty string for the default.
    pub value: String,
    pub name: String,
    /// The identifier; `None` when it equals the name.
    pub identifier: Option<String>,
    pub is_now: bool,
    pub is_chosen: bool,
    /// The names of the packages that a paywall would show.
    pub packages: String,
    /// What the app gets after this choice.
    pub after: Sentence,
}

/// The choices. `chosen` is the value of the selected one; `None` selects the present offering.
pub fn list(
    offerings: &[Offering],
    packages: &[(String, String)],
    set: Option<&Override>,
    chosen: Option<&str>,
    now: Moment,
) -> Vec<Choice> {
    let current = current::resolve(offerings, set.cloned(), now);
    let kept = match &current {
        Current::Overridden { offering, .. } => offering.identifier.as_str(),
        _ => "",
    };
    let chosen = chosen.unwrap_or(kept);
    let choice = |value: &str, offering: Option<&Offering>| Choice {
        value: value.to_owned(),
        name: offering.map_or_else(|| "No offering".into(), |offering| offering.display_name.clone()),
        identifier: offering.filter(|one| one.display_name != one.identifier).map(|one| text::visible(&one.identifier)),
        is_now: value == kept,
        is_chosen: value == chosen,
        packages: offering.map(|offering| packages_in(packages, &offering.identifier)).unwrap_or_default(),
        after: after(&current::resolve(offerings, overriding(value, now), now)),
    };
    let usable = || offerings.iter().filter(|offering| !offering.is_archived);
    let default = usable().find(|offering| offering.is_default);
    let mut others: Vec<&Offering> = usable().filter(|offering| !offering.is_default).collect();
    others.sort_by_cached_key(|offering| (offering.display_name.to_lowercase(), &offering.identifier));
    let others = others.into_iter().map(|offering| choice(&offering.identifier, Some(offering)));
    std::iter::once(choice("", default)).chain(others).collect()
}

/// The override that a choice would set; `None` for the default.
fn overriding(value: &str, now: Moment) -> Option<Override> {
    let set = |offering: &str| Override {
        customer_id: CustomerId(0),
        project_id: ProjectId(0),
        offering: offering.to_owned(),
        set_by: String::new(),
        set_by_id: None,
        set_at: now,
        until: None,
        reason: None,
        is_end_recorded: false,
    };
    Some(value).filter(|value| !value.is_empty()).map(set)
}

fn packages_in(packages: &[(String, String)], offering: &str) -> String {
    let own = packages.iter().filter(|(of, _)| of == offering).map(|(_, name)| name.as_str());
    own.collect::<Vec<_>>().join(", ")
}

/// What the app gets, by the same rule that the card and the API apply.
pub fn after(current: &Current) -> Sentence {
    match current {
        Current::Overridden { offering, default, .. } => {
            let sentence = Sentence::new("The app gets ").name(&offering.display_name);
            match default {
                Some(default) => {
                    sentence.words(" until it ends or is taken back, then ").name(&default.display_name).words(".")
                }
                None => sentence.words(" until it ends or is taken back, then none."),
            }
        }
        Current::Default { offering, .. } => Sentence::new("The app gets ")
            .name(&offering.display_name)
            .words(", or whatever the project makes its default later."),
        Current::NoDefault { .. } | Current::None => {
            Sentence::new("The app gets no current offering: the project has no default.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customers::overrides::testing;
    use crate::projection::testing::NOW;

    fn offering(identifier: &str, name: &str, is_default: bool, is_archived: bool) -> Offering {
        Offering { identifier: identifier.into(), display_name: name.into(), is_default, is_archived }
    }

    fn sold() -> Vec<Offering> {
        vec![
            offering("zen", "Zen", false, false),
            offering("old", "Old", false, true),
            offering("standard", "Standard", true, false),
            offering("autumn", "autumn", false, false),
        ]
    }

    fn lines(choices: &[Choice]) -> Vec<(&str, &str, bool, bool)> {
        choices.iter().map(|one| (one.value.as_str(), one.name.as_str(), one.is_now, one.is_chosen)).collect()
    }

    #[test]
    fn the_default_comes_first_and_archived_offerings_are_left_out() {
        let packages = [("zen".to_owned(), "Annual".to_owned()), ("zen".to_owned(), "Monthly".to_owned())];
        let choices = list(&sold(), &packages, None, None, NOW);
        assert_eq!(
            lines(&choices),
            [("", "Standard", true, true), ("autumn", "autumn", false, false), ("zen", "Zen", false, false)]
        );
        let [default, autumn, zen] = choices.try_into().expect("three");
        assert_eq!((default.identifier.as_deref(), autumn.identifier), (Some("standard"), None));
        assert_eq!(zen.packages, "Annual, Monthly");
        assert_eq!(default.after.plain(), "The app gets Standard, or whatever the project makes its default later.");
        assert_eq!(zen.after.plain(), "The app gets Zen until it ends or is taken back, then Standard.");
    }

    #[test]
    fn the_present_offering_is_selected_unless_another_was_chosen() {
        let set = testing::set("zen", None, None);
        let marked = |set: &Override, typed| {
            let choices = list(&sold(), &[], Some(set), typed, NOW);
            let values = |is: fn(&Choice) -> bool| {
                choices.iter().filter(|one| is(one)).map(|one| one.value.clone()).collect::<String>()
            };
            (values(|one| one.is_now), values(|one| one.is_chosen))
        };
        assert_eq!(marked(&set, None), ("zen".into(), "zen".into()));
        assert_eq!(marked(&set, Some("autumn")), ("zen".into(), "autumn".into()));
        assert_eq!(marked(&set, Some("")), ("zen".into(), "".into()));
        assert_eq!(marked(&testing::set("old", None, None), None), ("".into(), "".into()));
    }

    #[test]
    fn without_a_default_the_first_choice_is_no_offering() {
        let choices = list(&[offering("zen", "Zen", false, false)], &[], None, None, NOW);
        assert_eq!(lines(&choices), [("", "No offering", true, true), ("zen", "Zen", false, false)]);
        let first = choices.first().map(|one| one.after.plain());
        assert_eq!(first.as_deref(), Some("The app gets no current offering: the project has no default."));
    }
}
