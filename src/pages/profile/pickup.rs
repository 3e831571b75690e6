//! Whether the app has picked up a change. The app caches offerings (§C3.2), so an agent who changes the offering may
//! see no effect in the app for some minutes.

use diesel::dsl::max;
use diesel::prelude::*;

use super::subject::Customer;
use crate::audit::{About, Action};
use crate::base::clock::Moment;
use crate::base::ids::ProjectId;
use crate::db::Conn;
use crate::db::schema::{audit_details, audit_entries};
use crate::wording::sentence::{Sentence, Stamp};

/// What an app can pick up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Offering,
    Access,
    Attributes,
}

/// When the team or the API last changed each of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    offering: Option<Moment>,
    access: Option<Moment>,
    attributes: Option<Moment>,
}

/// For how many days the page mentions a change that the app has not fetched, and one that it has.
const UNFETCHED_DAYS: i64 = 30;
const FETCHED_DAYS: i64 = 1;

impl What {
    const ALL: [What; 3] = [What::Offering, What::Access, What::Attributes];

    /// What the actions that change it are about.
    const fn about(self) -> About {
        match self {
            What::Offering => About::Offering,
            What::Access => About::Access,
            What::Attributes => About::Attributes,
        }
    }
}

impl Changes {
    /// One query; none when no app has ever called for the customer.
    pub fn load(conn: &mut Conn, project: ProjectId, customer: &Customer) -> QueryResult<Changes> {
        if customer.info_fetched_at.is_none() && customer.offerings_fetched_at.is_none() {
            return Ok(Changes::default());
        }
        let own = audit_details::project_id.eq(audit_entries::project_id);
        let own = own.and(audit_details::position.eq(audit_entries::position));
        let relevant = Action::all_about(|about| What::ALL.iter().any(|what| what.about() == about));
        let newest: Vec<(String, Option<Moment>)> = audit_entries::table
            .inner_join(audit_details::table.on(own))
            .filter(audit_details::customer_id.eq(customer.id).and(audit_entries::project_id.eq(project)))
            .filter(audit_entries::action.eq_any(relevant.map(|action| action.name())))
            .group_by(audit_entries::action)
            .select((audit_entries::action, max(audit_entries::at)))
            .load(conn)?;
        let changed = |what: What| {
            let own =
                newest.iter().filter(|(name, _)| Action::parse(name).is_some_and(|one| one.about() == what.about()));
            own.filter_map(|(_, at)| *at).max()
        };
        Ok(Changes {
            offering: changed(What::Offering),
            access: changed(What::Access),
            attributes: changed(What::Attributes),
        })
    }

    /// Whether the app has fetched since the change; `None` without a recent change.
    pub fn sentence(&self, what: What, customer: &Customer, now: Moment) -> Option<Sentence> {
        let (changed, fetched) = match what {
            What::Offering => (self.offering, customer.offerings_fetched_at),
            What::Access => (self.access, customer.info_fetched_at),
            What::Attributes => (self.attributes, customer.info_fetched_at),
        };
        let changed = changed?;
        let age = now.since(changed);
        match fetched.filter(|at| *at > changed) {
            Some(at) if age <= FETCHED_DAYS * 86_400_000 => Some(
                Sentence::new("Fetched by the app since the last change, most recently ")
                    .time(Stamp::relative(at, now).inside())
                    .words("."),
            ),
            None if age <= UNFETCHED_DAYS * 86_400_000 => Some(waiting(what, changed, now)),
            _ => None,
        }
    }
}

fn waiting(what: What, changed: Moment, now: Moment) -> Sentence {
    let sentence = Sentence::new("The app has not fetched since the change ")
        .time(Stamp::relative(changed, now).inside())
        .words(".");
    match what {
        What::Offering => sentence.words(" Mobile SDKs may keep offerings for five minutes."),
        What::Access | What::Attributes => sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::profile::testing::lena;
    use crate::projection::testing::NOW;

    fn sentence(changed: i64, fetched: Option<i64>) -> String {
        let mut customer = lena().subject.customer;
        customer.offerings_fetched_at = fetched.map(|seconds| NOW.plus_seconds(-seconds));
        let changes = Changes { offering: Some(NOW.plus_seconds(-changed)), ..Changes::default() };
        changes.sentence(What::Offering, &customer, NOW).map(|sentence| sentence.plain()).unwrap_or_default()
    }

    #[test]
    fn a_change_waits_until_the_app_fetches() {
        let waiting =
            "The app has not fetched since the change 3 minutes ago. Mobile SDKs may keep offerings for five minutes.";
        assert_eq!((sentence(180, Some(200)).as_str(), sentence(180, None).as_str()), (waiting, waiting));
        assert_eq!(sentence(180, Some(120)), "Fetched by the app since the last change, most recently 2 minutes ago.");
    }

    #[test]
    fn old_changes_are_not_mentioned() {
        let day = 86_400;
        assert_eq!((sentence(2 * day, Some(day)), sentence(31 * day, None)), (String::new(), String::new()));
        assert!(sentence(2 * day, None).starts_with("The app has not fetched"));
        assert_eq!(Changes::default().sentence(What::Access, &lena().customer, NOW), None);
    }
}
