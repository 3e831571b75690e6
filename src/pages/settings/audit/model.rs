//! The filter of the audit log.

use chrono::NaiveDate;
use url::form_urlencoded;

use crate::audit::{Action, ActorKind};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, PersonId};
use crate::web::form;

/// The filter as typed. An empty field does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub who: Option<Who>,
    pub action: Option<Action>,
    /// Any id of a customer.
    pub customer: Option<String>,
    /// The first and the last day, in UTC.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// The actor whose entries are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Person(PersonId),
    /// An actor that is not a person: Dossier itself, the command line or an API key.
    Other(ActorKind),
}

/// The filter in the terms of the database.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    pub who: Option<Who>,
    pub action: Option<Action>,
    pub customer: Option<CustomerId>,
    pub since: Option<Moment>,
    pub until: Option<Moment>,
}

impl Filter {
    /// # Errors
    /// A sentence that says which field is not valid.
    pub fn parse(query: &str) -> Result<Filter, &'static str> {
        let field = |name: &str| form::field(query, name).filter(|value| !value.trim().is_empty());
        let who = field("person").map(|word| Who::parse(&word).ok_or("There is no person with that number."));
        let action = field("action").map(|name| Action::parse(&name).ok_or("There is no action of that name."));
        let day = |name: &str| {
            let parsed = field(name).map(|text| NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d"));
            parsed.transpose().map_err(|_| "A day is written as 2026-11-23.")
        };
        let (from, to) = (day("from")?, day("to")?);
        if from > to && to.is_some() {
            return Err("The first day is after the last one.");
        }
        Ok(Filter { who: who.transpose()?, action: action.transpose()?, customer: field("customer"), from, to })
    }

    /// The filter as the query of an address.
    pub fn query(&self) -> String {
        let fields = [
            ("person", self.who.map(Who::word)),
            ("action", self.action.map(|action| action.name().to_owned())),
            ("customer", self.customer.clone()),
            ("from", self.from.map(|day| day.to_string())),
            ("to", self.to.map(|day| day.to_string())),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            query.append_pair(name, &value);
        }
        query.finish()
    }

    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    /// `customer` is the customer with the id that was typed.
    pub fn chosen(&self, customer: Option<CustomerId>) -> Chosen {
        Chosen {
            who: self.who,
            action: self.action,
            customer,
            since: self.from.map(start_of),
            until: self.to.map(|day| day.succ_opt().map_or(Moment::NEVER, start_of)),
        }
    }
}

fn start_of(day: NaiveDate) -> Moment {
    Moment(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
}

impl Who {
    pub fn word(self) -> String {
        match self {
            Who::Person(id) => id.to_string(),
            Who::Other(kind) => kind.name().to_owned(),
        }
    }

    fn parse(word: &str) -> Option<Who> {
        match ActorKind::parse(word) {
            Some(ActorKind::Person) => None,
            Some(kind @ (ActorKind::ApiKey | ActorKind::System | ActorKind::Operator)) => Some(Who::Other(kind)),
            None => word.parse().ok().map(Who::Person),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_parsed_and_written_again() {
        let query = "person=2&action=note_created&customer=a%2Fb+c&from=2026-11-01&to=2026-11-23";
        let filter = Filter::parse(query).expect("a filter");
        assert_eq!(filter.query(), query);
        let chosen = filter.chosen(Some(CustomerId(7)));
        assert_eq!((chosen.since, chosen.until), (Some(Moment(1_793_491_200_000)), Some(Moment(1_795_478_400_000))));
        assert_eq!((chosen.who, chosen.customer), (Some(Who::Person(PersonId(2))), Some(CustomerId(7))));
    }

    #[test]
    fn empty_fields_do_not_filter() {
        let filter = Filter::parse("person=&action=&customer=+&from=&to=&x=1").expect("a filter");
        assert!(filter.is_empty() && filter.query().is_empty());
    }

    #[test]
    fn an_invalid_filter_is_refused() {
        for query in [
            "person=x",
            "person=person",
            "action=other",
            "from=yesterday",
            "to=2026-02-30",
            "from=23.11.2026",
            "from=2026-11-24&to=2026-11-23",
        ] {
            assert!(Filter::parse(query).is_err(), "{query}");
        }
        assert_eq!(Filter::parse("person=system").map(|filter| filter.who), Ok(Some(Who::Other(ActorKind::System))));
    }

    #[test]
    fn days_at_the_end_of_time_are_days() {
        let filter = Filter::parse("from=0001-01-01&to=9999-12-31").expect("a filter");
        assert!(filter.chosen(None).since < filter.chosen(None).until);
    }
}
