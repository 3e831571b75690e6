//! The profile at a moment of the past: what follows from the events that count then. What keeps only its newest value is
//! unknown for then.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::pickup::Changes;
use super::requests::Requests;
use super::subject::{Customer, Subject};
use super::visit::{Attribute, Visit};
use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::catalog;
use crate::customers::attributes::{Source, Stored, queries as stored_attributes};
use crate::customers::state::{self, Past};
use crate::customers::{AsOf, Reading, facts, sandbox_access, stored_purchases};
use crate::db::Conn;
use crate::db::schema::app_user_ids;
use crate::events::Environment;
use crate::projection::{AttributeValue, Record};

/// Where an attribute was changed since, it is read what so many events said of the customer apart from purchases: the newest
/// that count then.
const EVENTS: i64 = 50;

/// The attributes by which the header names a customer.
const NAME: &str = "$displayName";
const EMAIL: &str = "$email";

/// Loads what the cards share, as it was. At most twelve queries.
pub fn load(conn: &mut Conn, mut subject: Subject, as_of: AsOf) -> QueryResult<Visit> {
    let (project, customer) = (subject.project.id, subject.customer.id);
    subject.ctx.now = as_of.at;
    subject.as_of = Some(as_of);
    let catalog = catalog::queries::load(conn, project)?;
    let past = state::as_of(conn, project, customer, as_of)?;
    let stored = stored_attributes::all(conn, customer)?;
    let events = if stored.iter().all(|one| stands(one, as_of)) { 1 } else { EVENTS };
    let record = facts::newest(conn, (project, customer), as_of, events)?;
    let (attributes, unknown_attributes) = attributes_then(stored, record.attributes.clone(), as_of);
    let ids = ids_then(conn, customer, as_of.at)?;
    let habits = subject.customer.habits();
    take(&mut subject.customer, &past, &record, &attributes, &ids);
    let purchases = stored_purchases::choose(past.purchases, subject.environment, &catalog);
    let shows_sandbox = subject.environment == Environment::Sandbox && !purchases.is_empty();
    let locked_by = if shows_sandbox { sandbox_access::lock(conn, project, customer)? } else { None };
    let (changes, requests) = (Changes::default(), Requests::default());
    Ok(Visit { subject, catalog, purchases, attributes, unknown_attributes, habits, changes, requests, locked_by })
}

/// The ids that were known then, the earliest first.
fn ids_then(conn: &mut Conn, customer: CustomerId, at: Moment) -> QueryResult<Vec<String>> {
    let known = app_user_ids::customer_id.eq(customer).and(app_user_ids::since.le(at));
    let ids = app_user_ids::table.filter(known).order((app_user_ids::since, app_user_ids::key));
    ids.select(app_user_ids::app_user_id).load(conn)
}

fn take(customer: &mut Customer, past: &Past, record: &Record, attributes: &[Attribute], ids: &[String]) {
    let value = |key: &str| attributes.iter().find(|one| one.key == key).map(|one| one.value.clone());
    let known_original = ids.contains(&customer.original_app_user_id);
    let original = ids.first().filter(|_| !known_original).unwrap_or(&customer.original_app_user_id).clone();
    let totals = &past.totals;
    *customer = Customer {
        id: customer.id,
        last_seen_at: None,
        app_version: None,
        platform: None,
        platform_version: None,
        sdk_version: None,
        locale: None,
        country: None,
        original_app_user_id: original,
        event_country: record.country.as_ref().map(|country| country.value.clone()),
        display_name: value(NAME),
        email: value(EMAIL),
        spent_micros: totals.spent.net.0,
        prices_missing: totals.spent.prices_missing,
        payments: totals.spent.payments,
        refunds: totals.spent.refunds,
        family_shared_only: totals.is_family_shared_only,
        ids_count: i64::try_from(ids.len()).unwrap_or(i64::MAX),
        events_count: record.events,
        first_event_at: customer.first_event_at.filter(|_| record.events > 0),
        status_purchase: totals.status.clone(),
        made_sandbox: totals.made_sandbox,
        info_fetched_at: None,
        offerings_fetched_at: None,
    };
}

/// Whether a value is what it was then. The event that brought it may have been received later.
fn stands(one: &Stored, as_of: AsOf) -> bool {
    let was_known = as_of.reading == Reading::KnownNow || one.source != Source::Event;
    was_known && one.updated_at <= as_of.at
}

/// The attributes that had a value then, and the keys of those of which it is not known. A value that has stood since before
/// is known; where it was replaced since, the newest events of then say what they knew.
fn attributes_then(
    stored: Vec<Stored>,
    mut said: BTreeMap<String, AttributeValue>,
    as_of: AsOf,
) -> (Vec<Attribute>, Vec<String>) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for one in stored {
        let said = said.remove(&one.key);
        let own = || AttributeValue { updated_at: one.updated_at, value: one.set().map(str::to_owned) };
        let then = if stands(&one, as_of) { Some(own()) } else { said };
        match then {
            Some(AttributeValue { updated_at, value: Some(value) }) => {
                known.push(Attribute { key: one.key, value, updated_at });
            }
            Some(AttributeValue { value: None, .. }) => {}
            None => unknown.push(one.key),
        }
    }
    (known, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::testing::NOW;

    fn stored(key: &str, value: &str, days: i64, source: Source) -> Stored {
        Stored {
            customer_id: CustomerId(1),
            key: key.into(),
            value: value.into(),
            updated_at: NOW.plus_days(days),
            is_deleted: value.is_empty(),
            source,
            event_at: None,
            event_value: None,
        }
    }

    #[test]
    fn a_value_that_was_replaced_since_is_what_events_said_or_unknown() {
        let rows = || {
            vec![
                stored("stood", "a", -9, Source::App),
                stored("by_event", "b", -9, Source::Event),
                stored("later", "c", -1, Source::App),
                stored("said", "d", -1, Source::Event),
                stored("cleared", "", -9, Source::Team),
            ]
        };
        let said = || {
            let value = AttributeValue { updated_at: NOW.plus_days(-8), value: Some("old".into()) };
            BTreeMap::from([("said".to_owned(), value)])
        };
        let then = |reading| {
            let as_of = AsOf { at: NOW.plus_days(-5), reading };
            let (known, unknown) = attributes_then(rows(), said(), as_of);
            let known: Vec<String> = known.iter().map(|one| format!("{}={}", one.key, one.value)).collect();
            (known.join(" "), unknown.join(" "))
        };
        assert_eq!(then(Reading::KnownNow), ("stood=a by_event=b said=old".into(), "later".into()));
        assert_eq!(then(Reading::KnownThen), ("stood=a said=old".into(), "by_event later".into()));
    }
}
