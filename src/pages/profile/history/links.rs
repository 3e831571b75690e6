//! Links to other views of the same history. A link keeps every choice that it does not change.

use super::model::{Cursor, Order, Query, Shown};
use crate::base::Permission::ReadTeam;
use crate::customers::AsOf;
use crate::events::Environment;
use crate::events::history::Topic;
use crate::pages::profile::visit::Visit;

/// The choices of the open page, from which the links are made.
#[derive(Debug, Clone)]
pub struct Links {
    profile: String,
    environment: Environment,
    as_of: Option<AsOf>,
    order: Order,
    shown: Shown,
    /// Whether this person may see the actions of the team.
    has_team: bool,
}

/// A choice of a filter. `is_made` marks the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub name: &'static str,
    pub href: String,
    pub is_made: bool,
}

impl Links {
    pub fn new(visit: &Visit, query: &Query) -> Links {
        let Query { order, shown, .. } = *query;
        let (environment, has_team) = (visit.environment, visit.may(ReadTeam));
        Links { profile: visit.href.clone(), environment, as_of: visit.as_of, order, shown, has_team }
    }

    /// The topics. Without events only the topic Team is left, because the team may have done something.
    pub fn topics(&self, has_events: bool) -> Vec<Choice> {
        let topics: &[Topic] = if has_events { &Topic::ALL } else { &[] };
        let topics = topics.iter().copied().map(Shown::Topic);
        let team = self.has_team.then_some(Shown::Team);
        let choices: Vec<Shown> = [Shown::All].into_iter().chain(topics).chain(team).collect();
        let choice = |shown: Shown| Choice {
            name: name(shown),
            href: Links { shown, ..self.clone() }.newest(),
            is_made: shown == self.shown,
        };
        if choices.len() > 1 { choices.into_iter().map(choice).collect() } else { Vec::new() }
    }

    pub fn orders(&self) -> Vec<Choice> {
        let named = [(Order::Timeline, "when it happened"), (Order::Event, "when we learned of it")];
        let choice = |(order, name)| Choice {
            name,
            href: Links { order, ..self.clone() }.newest(),
            is_made: order == self.order,
        };
        named.into_iter().map(choice).collect()
    }

    pub fn newest(&self) -> String {
        self.address("history", None)
    }

    /// The history as it is now.
    pub fn now(&self) -> String {
        Links { as_of: None, ..self.clone() }.newest()
    }

    pub fn all_topics(&self) -> String {
        Links { shown: Shown::All, ..self.clone() }.newest()
    }

    pub fn older_than(&self, place: Cursor) -> String {
        self.address("history", Some(("before", place)))
    }

    pub fn newer_than(&self, place: Cursor) -> String {
        self.address("history", Some(("after", place)))
    }

    /// The other side of the "Sandbox data" switch.
    pub fn other_environment(&self) -> String {
        let environment = match self.environment {
            Environment::Production => Environment::Sandbox,
            Environment::Sandbox => Environment::Production,
        };
        Links { environment, ..self.clone() }.newest()
    }

    fn address(&self, fragment: &str, page: Option<(&str, Cursor)>) -> String {
        let sandbox = (self.environment == Environment::Sandbox).then(|| "sandbox=1".to_owned());
        let topic = self.shown.word().map(|word| format!("topic={word}"));
        let order = self.order.word().map(|word| format!("order={word}"));
        let page = page.map(|(name, place)| format!("{name}={place}"));
        let as_of = self.as_of.iter().flat_map(AsOf::fields).map(|(name, value)| format!("{name}={value}"));
        let query = sandbox.into_iter().chain(as_of).chain([topic, order, page].into_iter().flatten());
        let query: Vec<String> = query.collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{}#{fragment}", self.profile, query.join("&"))
    }
}

/// The address of a row, on the page of the history that begins with it.
pub fn to_row(profile: &str, environment: Environment, place: Cursor) -> String {
    let profile = profile.to_owned();
    let (order, shown) = (Order::Timeline, Shown::All);
    let links = Links { profile, environment, as_of: None, order, shown, has_team: false };
    links.address(&super::rows::anchor(place.event), Some(("before", place.above())))
}

fn name(shown: Shown) -> &'static str {
    match shown {
        Shown::All => "All",
        Shown::Topic(Topic::Money) => "Money",
        Shown::Topic(Topic::Access) => "Access",
        Shown::Topic(Topic::Trouble) => "Trouble",
        Shown::Topic(Topic::Identity) => "Identity",
        Shown::Topic(Topic::Other) => "Other",
        Shown::Team => "Team",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Moment;
    use crate::base::ids::EventId;

    const PLACE: Cursor = Cursor { timeline_at: Moment(1), event_at: Moment(-2), tie: 3, event: EventId(4) };

    fn links() -> Links {
        let profile = "/projects/sundial/customers/lena".into();
        let (environment, order, shown) = (Environment::Sandbox, Order::Event, Shown::Topic(Topic::Money));
        Links { profile, environment, as_of: None, order, shown, has_team: false }
    }

    #[test]
    fn links_keep_what_they_do_not_change() {
        let base = "/projects/sundial/customers/lena?sandbox=1";
        assert_eq!(links().older_than(PLACE), format!("{base}&topic=money&order=event&before=1.-2.3.4#history"));
        assert_eq!(links().newer_than(PLACE), format!("{base}&topic=money&order=event&after=1.-2.3.4#history"));
        assert_eq!(links().all_topics(), format!("{base}&order=event#history"));
        let plain = Links { shown: Shown::All, order: Order::Timeline, ..links() };
        assert_eq!(plain.other_environment(), "/projects/sundial/customers/lena#history");
    }

    #[test]
    fn one_choice_of_each_kind_is_marked() {
        let made = |choices: Vec<Choice>| {
            choices.into_iter().filter(|one| one.is_made).map(|one| one.name).collect::<Vec<_>>()
        };
        assert_eq!(made(links().topics(true)), ["Money"]);
        assert_eq!(made(links().orders()), ["when we learned of it"]);
    }

    #[test]
    fn what_the_team_did_is_a_choice_for_those_who_may_see_it() {
        let names = |links: Links, has_events: bool| {
            links.topics(has_events).into_iter().map(|one| one.name).collect::<Vec<_>>()
        };
        let may = || Links { has_team: true, ..links() };
        assert_eq!(names(may(), true).last(), Some(&"Team"));
        assert_eq!(names(may(), false), ["All", "Team"]);
        assert!(!names(links(), true).contains(&"Team") && names(links(), false).is_empty());
        let team = may().topics(true).pop().expect("a choice");
        assert_eq!(team.href, "/projects/sundial/customers/lena?sandbox=1&topic=team&order=event#history");
    }

    #[test]
    fn a_row_has_an_address() {
        let href = to_row("/projects/sundial/customers/lena", Environment::Production, PLACE);
        assert_eq!(href, "/projects/sundial/customers/lena?before=1.-2.3.5#event-4");
    }
}
