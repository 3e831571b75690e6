//! What an override is, its place in lists, and which customers' offerings a developer may change.

use std::fmt;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::error::Refusal;
use crate::base::ids::{CustomerId, PersonId, ProjectId};
use crate::db::schema::offering_overrides;
use crate::projection::{Kind, Purchase};

/// The offering that the team set for one customer.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = offering_overrides)]
pub struct Override {
    pub customer_id: CustomerId,
    pub project_id: ProjectId,
    pub offering: String,
    pub set_by: String,
    pub set_by_id: Option<PersonId>,
    pub set_at: Moment,
    /// It counts before this moment; `None` for one without an end.
    pub until: Option<Moment>,
    pub reason: Option<String>,
    /// Whether an event has recorded its end.
    pub is_end_recorded: bool,
}

impl Override {
    pub fn is_over(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// The version that a form carries: the time at which the override was set, or 0 without one.
    pub fn version(set: Option<&Override>) -> i64 {
        set.map_or(0, |set| set.set_at.millis())
    }

    /// # Errors
    /// [`Refusal::stale`] when `seen` is another version than that of `set`.
    pub fn must_be(set: Option<&Override>, seen: Option<i64>) -> Result<(), Refusal> {
        if seen.is_none_or(|seen| seen == Override::version(set)) { Ok(()) } else { Err(Refusal::stale()) }
    }
}

/// Whether somebody of this role may change which offering a customer gets. With `tests_only`, developers may change
/// that of test customers only: those who never bought with real money. A grant is not a purchase. `best` is the
/// customer's best purchase in production, grants last.
pub fn may_change(role: Role, tests_only: bool, best: Option<&Purchase>) -> bool {
    let is_test = best.is_none_or(|purchase| purchase.kind == Kind::Grant);
    role != Role::Developer || !tests_only || is_test
}

/// Why a developer may not change the offering of a customer.
pub const TEST_CUSTOMERS_ONLY: &str = "In this project, developers may change the offering of test customers only, and \
                                       this customer has bought something with real money.";

/// A place in the list of overrides: the soonest end first, then those without one. With equal ends, the one set first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub until: Option<Moment>,
    pub set_at: Moment,
    pub customer: CustomerId,
}

impl Cursor {
    pub fn new(set: &Override) -> Cursor {
        Cursor { until: set.until, set_at: set.set_at, customer: set.customer_id }
    }

    /// Reads what [`Cursor`]'s `Display` writes.
    pub fn parse(text: &str) -> Option<Cursor> {
        let mut parts = text.split('.');
        let until = match parts.next()? {
            "none" => None,
            until => Some(Moment(number(until)?)),
        };
        let cursor =
            Cursor { until, set_at: Moment(number(parts.next()?)?), customer: CustomerId(number(parts.next()?)?) };
        parts.next().is_none().then_some(cursor)
    }
}

/// Reads a number only as Rust writes it: no plus sign, no leading zero.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.until {
            Some(until) => write!(f, "{}", until.millis())?,
            None => f.write_str("none")?,
        }
        write!(f, ".{}.{}", self.set_at.millis(), self.customer)
    }
}

/// An override that is over and whose end no event has recorded, as a place in the list of all such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = offering_overrides)]
pub struct End {
    #[diesel(select_expression = offering_overrides::until.assume_not_null())]
    pub at: Moment,
    #[diesel(column_name = customer_id)]
    pub customer: CustomerId,
    #[diesel(column_name = project_id)]
    pub project: ProjectId,
}

impl End {
    /// A place before all others, where a list begins.
    pub const FIRST: End = End { at: Moment::EARLIEST, customer: CustomerId::MIN, project: ProjectId(0) };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::projection::testing::{NOW, purchase};

    #[test]
    fn a_cursor_is_read_only_as_it_was_written() {
        for until in [None, Some(Moment(1_795_453_200_000)), Some(Moment(-5))] {
            let cursor = Cursor { until, set_at: Moment(7), customer: CustomerId::MAX };
            assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        }
        for text in
            ["", "none", "1.2", "1.2.3.4", "+1.2.3", "01.2.3", "none.x.1", "NONE.1.1", "1.2.9223372036854775808"]
        {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }

    #[test]
    fn developers_may_be_limited_to_customers_who_never_bought() {
        let bought = purchase(json!({}));
        let granted = purchase(json!({ "kind": "grant", "store": "PROMOTIONAL" }));
        for role in Role::ALL {
            let is_limited = role == Role::Developer;
            assert!(may_change(role, false, Some(&bought)) && may_change(role, true, None), "{role}");
            assert_eq!(may_change(role, true, Some(&bought)), !is_limited, "{role}");
            assert!(may_change(role, true, Some(&granted)), "{role}");
        }
    }

    #[test]
    fn an_override_is_over_at_the_moment_it_names() {
        let set = |until| Override {
            customer_id: CustomerId(7),
            project_id: ProjectId(1),
            offering: "winback".into(),
            set_by: "Dev Anand".into(),
            set_by_id: Some(PersonId(3)),
            set_at: NOW,
            until,
            reason: None,
            is_end_recorded: false,
        };
        assert!(!set(None).is_over(NOW) && !set(Some(Moment(NOW.0 + 1))).is_over(NOW));
        assert!(set(Some(NOW)).is_over(NOW));
        assert!(Override::must_be(None, Some(0)).is_ok() && Override::must_be(None, None).is_ok());
        assert_eq!(Override::must_be(Some(&set(None)), Some(0)), Err(Refusal::stale()));
        assert!(Override::must_be(Some(&set(None)), Some(NOW.millis())).is_ok());
    }
}
