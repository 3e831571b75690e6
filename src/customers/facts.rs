//! The facts of customers: their own events, and the redacted events of erased customers whose purchases they have.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId};
use crate::db::Conn;
use crate::db::schema::*;
use crate::events::Delivery;
use crate::events::history::Side;
use crate::projection::Fact;

/// Facts by the row of their event.
pub type Facts = HashMap<EventId, Fact>;

/// A stored event in the history of a customer.
#[derive(Queryable)]
struct Row {
    event_id: EventId,
    side: Side,
    received_at: Moment,
    body: String,
}

/// Reads facts. Make one for many customers.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// Whether any customer has retained events.
    any_retained: bool,
}

impl Reader {
    /// Asks the database once whether there are retained events.
    pub fn new(conn: &mut Conn) -> QueryResult<Reader> {
        let any_retained =
            diesel::select(exists(retained_events::table.select(retained_events::event_id))).get_result(conn)?;
        Ok(Reader { any_retained })
    }

    /// Every fact of these customers.
    pub fn facts_of(self, conn: &mut Conn, group: &BTreeSet<CustomerId>) -> QueryResult<Facts> {
        let mut facts = Facts::new();
        for customer in group {
            for row in own(conn, *customer)? {
                add(&mut facts, *customer, row);
            }
            if self.any_retained {
                retained(conn, *customer)?.into_iter().for_each(|(stands_as, row)| add(&mut facts, stands_as, row));
            }
        }
        Ok(facts)
    }
}

/// The customer and all who are linked to them by transfers, directly or through others.
pub fn with_links(conn: &mut Conn, customer: CustomerId) -> QueryResult<BTreeSet<CustomerId>> {
    let mut group = BTreeSet::from([customer]);
    let mut edge = vec![customer];
    while let Some(member) = edge.pop() {
        let others: Vec<CustomerId> = transfer_links::table
            .filter(transfer_links::customer_id.eq(member))
            .select(transfer_links::other_id)
            .load(conn)?;
        edge.extend(others.into_iter().filter(|other| group.insert(*other)));
    }
    Ok(group)
}

fn own(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Row>> {
    history::table
        .inner_join(customers::table.on(customers::id.eq(history::customer_id)))
        .inner_join(
            events::table.on(events::project_id.eq(customers::project_id).and(events::id.eq(history::event_id))),
        )
        .filter(history::customer_id.eq(customer))
        .select((history::event_id, history::side, events::received_at, events::body))
        .load(conn)
}

fn retained(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<(CustomerId, Row)>> {
    retained_events::table
        .inner_join(customers::table.on(customers::id.eq(retained_events::customer_id)))
        .inner_join(
            events::table
                .on(events::project_id.eq(customers::project_id).and(events::id.eq(retained_events::event_id))),
        )
        .filter(retained_events::customer_id.eq(customer))
        .select((
            retained_events::stands_as,
            (retained_events::event_id, retained_events::side, events::received_at, events::body),
        ))
        .load(conn)
}

/// Adds a row. A transfer has two rows, one for each side.
fn add(facts: &mut Facts, customer: CustomerId, row: Row) {
    let Row { event_id, side, received_at, body } = row;
    let is_lost = side == Side::Lost;
    if let Some(fact) = facts.get_mut(&event_id) {
        if is_lost {
            fact.lost_by = Some(customer);
        } else {
            fact.lost_by = fact.lost_by.or(Some(fact.customer)).filter(|other| *other != customer);
            fact.customer = customer;
        }
        return;
    }
    match Delivery::read_stored(&body, received_at) {
        Ok(event) => {
            facts.insert(event_id, Fact { event, customer, lost_by: None });
        }
        Err(reason) => tracing::error!(event_id = event_id.0, reason = reason.0, "a stored event cannot be read"),
    }
}
