//! Payments that moved with their purchase stand in both histories, and a transfer says what it moved: so both customers can add
//! up what they paid (§4.8).

use std::collections::HashMap;

use diesel::QueryResult;

use super::model::Cursor;
use super::queries::{Slice, Stored};
use super::rows::Row;
use crate::base::ids::{CustomerId, EventId};
use crate::base::money::Money;
use crate::customers::AsOf;
use crate::db::Conn;
use crate::events::EventType;
use crate::events::history::Side;
use crate::operations::trail::{self, Cause, Transfer};
use crate::pages::profile::visit::Visit;
use crate::projection::{Purchase, Revenue};
use crate::wording::sentence::Sentence;
use crate::wording::text::{count, visible};

/// What is known of the purchases that moved to or from the customer, for the rows of one page.
#[derive(Debug, Default)]
pub struct Moved {
    /// Payments of others' histories that count here, each with an id of who had the purchase then.
    pub inherited: Vec<(Stored, String)>,
    /// Events on the page whose payments count for somebody else, each with an id of that customer.
    elsewhere: HashMap<EventId, String>,
    transfers: HashMap<EventId, Transfer>,
    purchases: Vec<(CustomerId, Purchase)>,
}

impl Moved {
    /// At most seven queries, and one for each customer whom transfers link to this one.
    pub fn load(conn: &mut Conn, visit: &Visit, slice: &Slice) -> QueryResult<Moved> {
        let of = (visit.project.id, visit.customer.id);
        let events: Vec<_> = slice.rows.iter().map(|row| (row.cursor.event_at, row.cursor.event)).collect();
        let is_transfer = |row: &&Stored| row.kind == i16::from(EventType::Transfer.number());
        let rows: Vec<EventId> = slice.rows.iter().filter(is_transfer).map(|row| row.cursor.event).collect();
        let inherited = trail::inherited(conn, of, visit.environment)?.into_iter();
        let is_known = |one: &trail::Inherited| visit.as_of.is_none_or(|as_of: AsOf| one.event_at <= as_of.at);
        let inherited = inherited.filter(is_known).map(|one| (Stored::inherited(&one), one.owner)).collect();
        Ok(Moved {
            inherited,
            elsewhere: trail::counting_elsewhere(conn, visit.customer.id, &events)?,
            transfers: trail::transfers(conn, visit.project.id, &rows)?,
            purchases: trail::moved_by(conn, visit.customer.id, &rows)?,
        })
    }

    /// Says at the row of an event what moved, or for whom its payment counts.
    pub fn note(&self, row: &mut Row, event: EventId, visit: &Visit) {
        if let Some(transfer) = self.transfers.get(&event) {
            row.facts.extend(self.what_moved(event, visit));
            row.facts.extend(cause(transfer));
        }
        if let Some(other) = self.elsewhere.get(&event).filter(|_| row.amount.is_some()) {
            row.facts.push(Sentence::new("moved: counts for ").name(visible(other)).words(" now"));
        }
    }

    /// `Pro monthly (2 payments, USD 20.12)`, for each purchase.
    fn what_moved(&self, event: EventId, visit: &Visit) -> Vec<Sentence> {
        let of = |purchase: &Purchase| {
            let one = purchase.moves.iter().find(|one| one.by == event)?;
            let store = purchase.store.as_ref().map_or("", |store| store.as_str());
            let own = purchase.product_name.as_deref().filter(|_| one.product_id == purchase.product_id);
            let name = visit.catalog.product_name(store, &one.product_id).or(own).unwrap_or(&one.product_id);
            Some(Sentence::default().name(visible(name)).words(format!(" ({})", brought(one.brought))))
        };
        self.purchases.iter().filter_map(|(_, purchase)| of(purchase)).collect()
    }
}

/// A payment that counts here, of the time when somebody else had its purchase.
pub fn inherited_row(stored: &Stored, owner: &str, visit: &Visit, order: super::model::Order) -> Row {
    let mut row = Row::new(stored, visit, order);
    row.facts.push(Sentence::new("while it belonged to ").name(visible(owner)));
    let event = row.detail.take().and_then(|detail| detail.rsplit_once("/events/").map(|(_, event)| event.to_owned()));
    let owner = crate::pages::profile::subject::href(&visit.project.slug, owner);
    row.detail = event.map(|event| format!("{owner}/events/{event}"));
    (row.menu, row.instants) = (None, None);
    row
}

/// `2 payments, 1 refund, USD 20.12`
fn brought(revenue: Revenue) -> String {
    let payments = count(revenue.payments + revenue.prices_missing, "payment", "payments");
    let refunds = (revenue.refunds > 0).then(|| count(revenue.refunds, "refund", "refunds"));
    let sum = Money { amount: revenue.net, currency: "USD".into() }.shown();
    std::iter::once(payments).chain(refunds).chain([sum]).collect::<Vec<_>>().join(", ")
}

/// `None` where the row says it already.
fn cause(transfer: &Transfer) -> Option<Sentence> {
    Some(match &transfer.cause {
        Cause::Team { who, reason } => {
            let by = Sentence::new("by ").name(who);
            match reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()) {
                Some(reason) => by.words(": “").name(reason).words("”"),
                None => by,
            }
        }
        Cause::Comparison => return None,
        Cause::Unknown => Sentence::new("cause unknown"),
    })
}

impl Stored {
    fn inherited(one: &trail::Inherited) -> Stored {
        let cursor = Cursor { timeline_at: one.timeline_at, event_at: one.event_at, tie: one.tie, event: one.event };
        Stored {
            cursor,
            environment: one.environment,
            side: Side::Own,
            kind: i16::from(EventType::Renewal.number()),
            digest: one.digest.clone(),
        }
    }
}
