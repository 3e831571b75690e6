//! What events and the audit log tell of how purchases got into their state: the material of explanations.

use std::collections::HashMap;

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::audit::{Content, Line, Row, of_entry};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::base::lookup_key;
use crate::customers::search_terms::{TermKind, folded};
use crate::customers::{AsOf, Reading};
use crate::db::Conn;
use crate::db::schema::{
    audit_details, audit_entries, customers, events, history, people, retained_events, search_terms, transfer_links,
};
use crate::events::history::{ShownIn, Side};
use crate::events::{Digest, Environment, EventType, Summary};
use crate::projection::Purchase;

/// What is known of the causes of a customer's state.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The events that [`Purchase::causes`] names, by their rows.
    pub events: HashMap<EventId, Summary>,
    /// What the team, a key or the program did at the times of these events.
    pub acts: Vec<Act>,
    /// The newest transfer between the customer and another one.
    pub moved: Option<Moved>,
    /// Ids of other customers with the same e-mail address.
    pub namesakes: Vec<String>,
    /// Whether the names of the team and of other customers were left out, so that it says nothing that they are missing.
    pub is_alone: bool,
}

/// Something that a member of the team, a key or the program did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub at: Moment,
    pub who: String,
    pub reason: Option<String>,
}

/// A transfer of purchases between the customer and another one (§7.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Whether the purchases left this customer; otherwise they came to this customer.
    pub is_lost: bool,
    /// An id of the other customer, if possible one that the app chose.
    pub other: Option<String>,
    /// The id of the event that tells of it.
    pub event: String,
    pub at: Moment,
}

/// How many other customers with the same address are named.
const NAMESAKES: i64 = 3;

impl Evidence {
    /// The evidence about these purchases of a customer, now or as of a moment, in at most four queries.
    pub fn load(
        conn: &mut Conn,
        (project, customer): (ProjectId, CustomerId),
        view: (Environment, Option<AsOf>),
        purchases: &[&Purchase],
        email: Option<&str>,
    ) -> QueryResult<Evidence> {
        let rows: Vec<EventId> =
            purchases.iter().flat_map(|purchase| purchase.causes.iter().map(|(_, row)| row)).collect();
        let events = if rows.is_empty() { HashMap::new() } else { summaries(conn, (project, customer), rows)? };
        let moved = match view {
            (environment, Some(as_of)) => Moved::load_as_of(conn, (project, customer), (environment, as_of))?,
            (environment, None) => Moved::load(conn, (project, customer), environment)?,
        };
        let concerned = events.values().filter(|event| may_be_an_act(event)).map(|event| event.event_at);
        let times: Vec<Moment> = concerned.chain(moved.as_ref().map(|moved| moved.at)).collect();
        let acts = if times.is_empty() { Vec::new() } else { acts_at(conn, customer, &times)? };
        let namesakes = match email.filter(|_| purchases.is_empty()) {
            Some(email) => namesakes(conn, (project, customer), email)?,
            None => Vec::new(),
        };
        Ok(Evidence { events, acts, moved, namesakes, is_alone: false })
    }

    /// Without the names of the team and of other customers.
    pub fn without_others(mut self) -> Evidence {
        self.acts.clear();
        self.namesakes.clear();
        for event in self.events.values_mut() {
            event.transferred_from.clear();
            event.transferred_to.clear();
        }
        self.moved = self.moved.map(|moved| Moved { other: None, ..moved });
        self.is_alone = true;
        self
    }
}

/// Those of the events that are in the history of the customer, each by its row.
fn summaries(
    conn: &mut Conn,
    (project, customer): (ProjectId, CustomerId),
    rows: Vec<EventId>,
) -> QueryResult<HashMap<EventId, Summary>> {
    let of_customer = history::customer_id.eq(customer).and(history::event_id.eq(events::id));
    let is_shown = exists(history::table.filter(of_customer).select(history::event_id));
    let own = events::project_id.eq(project).and(events::id.eq_any(rows)).and(is_shown);
    let found: Vec<(EventId, Digest)> = events::table.filter(own).select((events::id, events::digest)).load(conn)?;
    let read = |(row, digest): (EventId, Digest)| {
        let report = |reason| tracing::error!(event = row.0, %reason, "the digest of an event cannot be read");
        Some((row, digest.read().map_err(report).ok()?))
    };
    Ok(found.into_iter().filter_map(read).collect())
}

/// Whether somebody here may have done what an event tells. Stores tell of charges, failures and ends by themselves.
fn may_be_an_act(event: &Summary) -> bool {
    let is_of_store = matches!(
        event.kind,
        EventType::InitialPurchase
            | EventType::Renewal
            | EventType::BillingIssue
            | EventType::SubscriptionPaused
            | EventType::Expiration
    );
    !is_of_store
}

fn acts_at(conn: &mut Conn, customer: CustomerId, at: &[Moment]) -> QueryResult<Vec<Act>> {
    let rows: Vec<Row> = audit_details::table
        .inner_join(audit_entries::table.on(of_entry()))
        .left_join(people::table.on(people::id.nullable().eq(audit_entries::actor_id)))
        .filter(audit_details::customer_id.eq(customer).and(audit_entries::at.eq_any(at)))
        .select(Row::as_select())
        .load(conn)?;
    let act = |line: Line| {
        let reason = match &line.content {
            Content::Known(details) => details.reason.clone().filter(|reason| !reason.trim().is_empty()),
            Content::Erased | Content::Unreadable => None,
        };
        Act { at: line.entry.at, who: line.who().to_owned(), reason }
    };
    Ok(rows.into_iter().map(|row| act(Line::new(row))).collect())
}

/// The ids of other customers with the same e-mail address.
fn namesakes(conn: &mut Conn, (project, customer): (ProjectId, CustomerId), email: &str) -> QueryResult<Vec<String>> {
    let term = search_terms::project_id.eq(project).and(search_terms::term.eq(lookup_key(&folded(email))));
    let found: Vec<CustomerId> = search_terms::table
        .filter(term.and(search_terms::kind.eq(TermKind::Email)))
        .filter(search_terms::value.eq(email).and(search_terms::customer_id.ne(customer)))
        .limit(NAMESAKES)
        .select(search_terms::customer_id)
        .load(conn)?;
    let own = customers::table.filter(customers::id.eq_any(found));
    own.order(customers::id).select(customers::best_app_user_id).load(conn)
}

impl Moved {
    /// One query. It reads the history only of customers who have a transfer link, or retain events of a deleted
    /// customer.
    fn load(
        conn: &mut Conn,
        (project, customer): (ProjectId, CustomerId),
        environment: Environment,
    ) -> QueryResult<Option<Moved>> {
        let [own, both, more] = ShownIn::in_view(environment).map(|views| history::environment.eq(views));
        let in_view = own.or(both).or(more);
        let linked = transfer_links::table.filter(transfer_links::customer_id.eq(customer));
        let retains = retained_events::table.filter(retained_events::customer_id.eq(customer));
        let has_partner =
            exists(linked.select(transfer_links::other_id)).or(exists(retains.select(retained_events::event_id)));
        let of_row = events::project_id.eq(project).and(events::id.eq(history::event_id));
        let digest = events::table.filter(of_row).select(events::digest).single_value();
        let newest = || {
            history::table
                .filter(history::customer_id.eq(customer).and(in_view))
                .filter(history::kind.eq(i16::from(EventType::Transfer.number())))
                .order((history::timeline_at.desc(), history::event_at.desc(), history::tie.desc()))
                .limit(1)
        };
        let (side, digest) = (newest().select(history::side), newest().select(digest));
        let found: Option<(Option<Side>, Option<Digest>)> = customers::table
            .filter(customers::id.eq(customer).and(has_partner))
            .select((side.single_value(), digest.single_value()))
            .first(conn)
            .optional()?;
        let Some((Some(side), Some(digest))) = found else { return Ok(None) };
        Ok(Moved::read(customer, side, &digest))
    }

    /// As [`Moved::load`], of the transfers that count as of a moment.
    fn load_as_of(
        conn: &mut Conn,
        (project, customer): (ProjectId, CustomerId),
        (environment, as_of): (Environment, AsOf),
    ) -> QueryResult<Option<Moved>> {
        let [own, both, more] = ShownIn::in_view(environment).map(|views| history::environment.eq(views));
        let of_row = events::project_id.eq(project).and(events::id.eq(history::event_id));
        let transfers = history::table
            .inner_join(events::table.on(of_row))
            .filter(history::customer_id.eq(customer).and(own.or(both).or(more)))
            .filter(history::kind.eq(i16::from(EventType::Transfer.number())))
            .order((history::timeline_at.desc(), history::event_at.desc(), history::tie.desc()))
            .select((history::side, events::digest))
            .into_boxed();
        let counting = match as_of.reading {
            Reading::KnownNow => transfers.filter(history::event_at.le(as_of.at)),
            Reading::KnownThen => transfers.filter(events::received_at.le(as_of.at)),
        };
        let newest: Option<(Side, Digest)> = counting.first(conn).optional()?;
        Ok(newest.and_then(|(side, digest)| Moved::read(customer, side, &digest)))
    }

    /// `None` when the digest cannot be read.
    fn read(customer: CustomerId, side: Side, digest: &Digest) -> Option<Moved> {
        let report =
            |reason| tracing::error!(customer = customer.0, %reason, "the digest of a transfer cannot be read");
        let event = digest.read().map_err(report).ok()?;
        let is_lost = side == Side::Lost;
        let others = if is_lost { &event.transferred_to } else { &event.transferred_from };
        Some(Moved { is_lost, other: others.first().cloned(), at: event.event_at, event: event.id })
    }
}
