//! Who had purchases before, who has them now, and what moved them (§7.3).

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::prelude::*;

use crate::audit::{self, Action, Line};
use crate::base::app_user_id::is_anonymous;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::customers::{facts, stored_purchases};
use crate::db::Conn;
use crate::db::schema::{
    audit_details, audit_entries, customers, events, history, payments, people, purchases, transfer_links,
};
use crate::events::history::{ShownIn, Side};
use crate::events::{Digest, Environment, Origin, Summary};
use crate::projection::{Kind, Purchase};

/// A transfer of purchases between two customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The id of the event.
    pub event: String,
    pub at: Moment,
    /// Ids of the two customers, if possible ones that the app chose; `None` where the event names none.
    pub from: Option<String>,
    pub to: Option<String>,
    pub cause: Cause,
}

/// Why purchases moved, as far as something proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A member of the team, or a key, moved them.
    Team {
        who: String,
        reason: Option<String>,
    },
    /// It was found by comparing with RevenueCat that somebody else has them.
    Comparison,
    Unknown,
}

/// These transfers, by the rows of their events. At most three queries.
pub fn transfers(conn: &mut Conn, project: ProjectId, rows: &[EventId]) -> QueryResult<HashMap<EventId, Transfer>> {
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let own = events::project_id.eq(project).and(events::id.eq_any(rows.to_vec()));
    let found: Vec<(EventId, Digest)> = events::table.filter(own).select((events::id, events::digest)).load(conn)?;
    let read = |(row, digest): (EventId, Digest)| {
        let report = |reason| tracing::error!(event = row.0, %reason, "the digest of a transfer cannot be read");
        Some((row, digest.read().map_err(report).ok()?))
    };
    let found: HashMap<EventId, Summary> = found.into_iter().filter_map(read).collect();
    let acts = acts(conn, rows, found.values().map(|event| event.event_at).collect())?;
    let transfer = |(row, event): (EventId, Summary)| (row, Transfer::new(event, &acts));
    Ok(found.into_iter().map(transfer).collect())
}

/// What the team did at these times to the customers of these transfers.
fn acts(conn: &mut Conn, rows: &[EventId], times: Vec<Moment>) -> QueryResult<Vec<Line>> {
    let parties = history::table.filter(history::event_id.eq_any(rows.to_vec())).select(history::customer_id);
    let parties: Vec<CustomerId> = parties.distinct().load(conn)?;
    let found: Vec<audit::Row> = audit_details::table
        .inner_join(audit_entries::table.on(audit::of_entry()))
        .left_join(people::table.on(people::id.nullable().eq(audit_entries::actor_id)))
        .filter(audit_details::customer_id.eq_any(parties).and(audit_entries::at.eq_any(times)))
        .filter(audit_entries::action.eq(Action::PurchasesTransferred.name()))
        .select(audit::Row::as_select())
        .load(conn)?;
    Ok(found.into_iter().map(Line::new).collect())
}

impl Transfer {
    fn new(event: Summary, acts: &[Line]) -> Transfer {
        let best = |ids: &[String]| ids.iter().find(|id| !is_anonymous(id)).or(ids.first()).cloned();
        let act = acts.iter().find(|act| act.entry.at == event.event_at);
        let cause = match (act, event.origin) {
            (Some(act), _) => Cause::Team {
                who: act.who().to_owned(),
                reason: act.details().and_then(|details| details.reason.clone()),
            },
            (None, Some(Origin::Comparison)) => Cause::Comparison,
            (None, _) => Cause::Unknown,
        };
        Transfer {
            from: best(&event.transferred_from),
            to: best(&event.transferred_to),
            event: event.id,
            at: event.event_at,
            cause,
        }
    }
}

/// How many purchases of the customers to whom purchases moved are looked at.
const MOST: i64 = 300;

/// The purchases that these transfers moved, whoever has them now, each with that customer.
pub fn moved_by(
    conn: &mut Conn,
    customer: CustomerId,
    transfers: &[EventId],
) -> QueryResult<Vec<(CustomerId, Purchase)>> {
    if transfers.is_empty() {
        return Ok(Vec::new());
    }
    let linked: Vec<CustomerId> = facts::with_links(conn, customer)?.into_iter().filter(|one| one.0 > 0).collect();
    let own = stored_purchases::numbered(linked).filter(purchases::kind.ne(Kind::Grant));
    let all = stored_purchases::load_numbered(conn, own.order(purchases::ends_at.desc()).limit(MOST))?;
    let is_moved = |purchase: &Purchase| purchase.moves.iter().any(|one| transfers.contains(&one.by));
    Ok(all.into_iter().filter(|(_, purchase)| is_moved(purchase)).collect())
}

/// A payment of a purchase that somebody else had then.
#[derive(Debug, Clone)]
pub struct Inherited {
    /// Its place in the history of who had the purchase.
    pub timeline_at: Moment,
    pub event_at: Moment,
    pub tie: i32,
    pub event: EventId,
    pub environment: ShownIn,
    pub digest: Digest,
    /// An id of who had the purchase then.
    pub owner: String,
}

/// How many inherited payments a page looks at: the newest.
const INHERITED: i64 = 200;

/// The payments that count for this customer, and are in the history of somebody else. One query.
pub fn inherited(
    conn: &mut Conn,
    (project, customer): (ProjectId, CustomerId),
    environment: Environment,
) -> QueryResult<Vec<Inherited>> {
    let [own, both, more] = ShownIn::in_view(environment).map(|views| history::environment.eq(views));
    type Row = ((Moment, Moment, i32, EventId), ShownIn, Digest, String);
    let rows: Vec<Row> = payments::table
        .inner_join(history::table.on(history::event_id.eq(payments::event_id)))
        .inner_join(events::table.on(events::project_id.eq(project).and(events::id.eq(payments::event_id))))
        .inner_join(customers::table.on(customers::id.eq(history::customer_id)))
        .filter(payments::customer_id.eq(customer).and(history::customer_id.ne(customer)))
        .filter(history::side.eq(Side::Own).and(history::is_muted.eq(false)).and(own.or(both).or(more)))
        .order((payments::at.desc(), payments::event_id.desc()))
        .limit(INHERITED)
        .select((
            (history::timeline_at, history::event_at, history::tie, history::event_id),
            history::environment,
            events::digest,
            customers::best_app_user_id,
        ))
        .load(conn)?;
    let one = |((timeline_at, event_at, tie, event), environment, digest, owner): Row| Inherited {
        timeline_at,
        event_at,
        tie,
        event,
        environment,
        digest,
        owner,
    };
    Ok(rows.into_iter().map(one).collect())
}

/// Of these events those whose payments count for somebody else now, each with an id of that customer.
pub fn counting_elsewhere(
    conn: &mut Conn,
    customer: CustomerId,
    on_page: &[(Moment, EventId)],
) -> QueryResult<HashMap<EventId, String>> {
    let others: BTreeSet<CustomerId> =
        facts::with_links(conn, customer)?.into_iter().filter(|one| one.0 > 0 && *one != customer).collect();
    if others.is_empty() || on_page.is_empty() {
        return Ok(HashMap::new());
    }
    let times: Vec<Moment> = on_page.iter().map(|(at, _)| *at).collect();
    let wanted: HashSet<EventId> = on_page.iter().map(|(_, event)| *event).collect();
    let rows: Vec<(EventId, String)> = payments::table
        .inner_join(customers::table.on(customers::id.eq(payments::customer_id)))
        .filter(payments::customer_id.eq_any(others).and(payments::at.eq_any(times)))
        .select((payments::event_id, customers::best_app_user_id))
        .load(conn)?;
    Ok(rows.into_iter().filter(|(event, _)| wanted.contains(event)).collect())
}

/// Who had the purchase of a transaction or an order before the customer who has it, each with when it moved on; the newest first.
/// One query where nothing ever moved to or from the customer.
pub fn former_holders(
    conn: &mut Conn,
    project: ProjectId,
    holder: CustomerId,
    text: &str,
) -> QueryResult<Vec<(CustomerId, Moment)>> {
    let links = transfer_links::table.filter(transfer_links::customer_id.eq(holder)).select(transfer_links::other_id);
    if links.first::<CustomerId>(conn).optional()?.is_none() {
        return Ok(Vec::new());
    }
    let named = stored_purchases::named_by_store(conn, project, text)?;
    let numbers: Vec<EventId> =
        named.into_iter().filter(|(of, ..)| *of == holder).map(|(_, number, _)| number).collect();
    let own = stored_purchases::numbered(vec![holder]).filter(purchases::kind.ne(Kind::Grant));
    let own = stored_purchases::load_numbered(conn, own.order(purchases::ends_at.desc()).limit(MOST))?;
    let is_named = |purchase: &Purchase| purchase.numbers().any(|number| numbers.contains(&number));
    let moves = own.iter().map(|(_, purchase)| purchase).filter(|one| is_named(one)).flat_map(|one| &one.moves);
    let moves: Vec<EventId> = moves.map(|one| one.by).collect();
    let lost = history::event_id.eq_any(moves).and(history::side.eq(Side::Lost)).and(history::customer_id.ne(holder));
    history::table
        .filter(lost)
        .order(history::event_at.desc())
        .select((history::customer_id, history::event_at))
        .load(conn)
}
