//! Addresses of the same history, seen otherwise. What an address does not change, it keeps.

use super::model::{Cursor, Order, Query};
use crate::events::Environment;
use crate::events::history::Topic;
use crate::profile::visit::Visit;

/// Makes addresses from the one that is open.
#[derive(Debug, Clone)]
pub struct Links {
    profile: String,
    environment: Environment,
    order: Order,
    topic: Option<Topic>,
}

/// A choice among several; the one that is made is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub name: &'static str,
    pub href: String,
    pub is_made: bool,
}

impl Links {
    pub fn new(visit: &Visit, query: &Query) -> Links {
        let Query { order, topic, .. } = *query;
        Links { profile: visit.href.clone(), environment: visit.environment, order, topic }
    }

    pub fn topics(&self) -> Vec<Choice> {
        let choices = [None].into_iter().chain(Topic::ALL.map(Some));
        let choice = |topic: Option<Topic>| Choice {
            name: topic.map_or("All", name),
            href: Links { topic, ..self.clone() }.newest(),
            is_made: topic == self.topic,
        };
        choices.map(choice).collect()
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

    pub fn all_topics(&self) -> String {
        Links { topic: None, ..self.clone() }.newest()
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
        let topic = self.topic.map(|topic| format!("topic={}", topic.as_str()));
        let order = self.order.word().map(|word| format!("order={word}"));
        let page = page.map(|(name, place)| format!("{name}={place}"));
        let query: Vec<String> = [sandbox, topic, order, page].into_iter().flatten().collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{}#{fragment}", self.profile, query.join("&"))
    }
}

/// The page of the whole history that begins with a row, and the row on it.
pub fn to_row(profile: &str, environment: Environment, place: Cursor) -> String {
    let profile = profile.to_owned();
    let links = Links { profile, environment, order: Order::Timeline, topic: None };
    links.address(&super::rows::anchor(place.event), Some(("before", place.above())))
}

fn name(topic: Topic) -> &'static str {
    match topic {
        Topic::Money => "Money",
        Topic::Access => "Access",
        Topic::Trouble => "Trouble",
        Topic::Identity => "Identity",
        Topic::Other => "Other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;

    const PLACE: Cursor = Cursor { timeline_at: Moment(1), event_at: Moment(-2), tie: 3, event: 4 };

    fn links() -> Links {
        let (order, topic) = (Order::Event, Some(Topic::Money));
        Links { profile: "/projects/sundial/customers/lena".into(), environment: Environment::Sandbox, order, topic }
    }

    #[test]
    fn links_keep_what_they_do_not_change() {
        let base = "/projects/sundial/customers/lena?sandbox=1";
        assert_eq!(links().older_than(PLACE), format!("{base}&topic=money&order=event&before=1.-2.3.4#history"));
        assert_eq!(links().newer_than(PLACE), format!("{base}&topic=money&order=event&after=1.-2.3.4#history"));
        assert_eq!(links().all_topics(), format!("{base}&order=event#history"));
        let plain = Links { topic: None, order: Order::Timeline, ..links() };
        assert_eq!(plain.other_environment(), "/projects/sundial/customers/lena#history");
    }

    #[test]
    fn one_choice_of_each_kind_is_marked() {
        let made = |choices: Vec<Choice>| {
            choices.into_iter().filter(|one| one.is_made).map(|one| one.name).collect::<Vec<_>>()
        };
        assert_eq!(made(links().topics()), ["Money"]);
        assert_eq!(made(links().orders()), ["when we learned of it"]);
    }

    #[test]
    fn a_row_can_be_found_again() {
        let href = to_row("/projects/sundial/customers/lena", Environment::Production, PLACE);
        assert_eq!(href, "/projects/sundial/customers/lena?before=1.-2.3.5#event-4");
    }
}
