//! The facts of customers: their own events, and the redacted events of erased customers whose purchases they have.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, SmallInt};

use super::{AsOf, Reading};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::db::Conn;
use crate::db::many::{self, Column, Kind, Row, row};
use crate::db::schema::*;
use crate::events::history::Side;
use crate::events::{Delivery, EventType, StoredBody};
use crate::projection::{Fact, Record};

/// Facts by the row of their event.
pub type Facts = HashMap<EventId, Fact>;

/// A customer, and after what time their events are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Since {
    pub project: ProjectId,
    pub customer: CustomerId,
    /// When an event was generated; [`Moment::EARLIEST`] for all events.
    pub after: Moment,
    /// Whether those are wanted too that yield to others (§6.7). Only among all events of a customer can they be told apart.
    pub with_yielding: bool,
    /// Only events that count then.
    pub as_of: Option<AsOf>,
}

impl Since {
    /// All events of a customer.
    pub fn beginning(project: ProjectId, customer: CustomerId) -> Since {
        Since { project, customer, after: Moment::EARLIEST, with_yielding: true, as_of: None }
    }
}

/// Who is in an event: the customer and the side.
type Party = (CustomerId, Side);

/// The facts of these customers after some time, each with everybody whom it concerns. All are wanted as of the same moment.
pub fn of(conn: &mut Conn, wanted: &[Since]) -> QueryResult<Facts> {
    let as_of = wanted.first().and_then(|one| one.as_of);
    let (own, retained) = (own(conn, wanted, as_of)?, retained(conn, wanted)?);
    let muted: HashSet<EventId> = own.iter().filter(|(_, is_muted)| *is_muted).map(|((_, row, ..), _)| *row).collect();
    let mut facts = with_parties(conn, own.into_iter().map(|(read, _)| read).chain(retained).collect(), as_of)?;
    // Other events that are muted count nowhere.
    facts.retain(|row, fact| !muted.contains(row) || fact.event.snapshot.is_some());
    Ok(facts)
}

/// The facts of these events of the customer, each with everybody whom it concerns.
pub fn of_events(conn: &mut Conn, of: Since, events: &[EventId]) -> QueryResult<Facts> {
    let keys: Vec<Row> = events.iter().map(|event| row![of.customer, of.project, *event]).collect();
    const KEY: &[Column] =
        &[("customer_id", Kind::Integer), ("project_id", Kind::Integer), ("event_id", Kind::Integer)];
    let from = "given JOIN history ON history.customer_id = given.customer_id AND history.event_id = given.event_id
        AND NOT history.is_muted
        JOIN events ON events.project_id = given.project_id AND events.id = given.event_id";
    let rows = many::joined::<Columns, Read>(conn, (COLUMNS, from), KEY, &keys)?;
    with_parties(conn, rows, of.as_of)
}

/// What the newest of a customer's events that count as of a moment say apart from purchases. At most `most` are read.
pub fn newest(
    conn: &mut Conn,
    (project, customer): (ProjectId, CustomerId),
    as_of: AsOf,
    most: i64,
) -> QueryResult<Record> {
    let own = history::table
        .inner_join(events::table.on(events::project_id.eq(project).and(events::id.eq(history::event_id))))
        .filter(history::customer_id.eq(customer).and(history::is_muted.eq(false)))
        .order((history::event_at.desc(), history::tie.desc(), history::event_id.desc()))
        .limit(most)
        .select((events::received_at, events::body))
        .into_boxed();
    let counting = match as_of.reading {
        Reading::KnownNow => own.filter(history::event_at.le(as_of.at)),
        Reading::KnownThen => own.filter(events::received_at.le(as_of.at)),
    };
    let rows: Vec<(Moment, StoredBody)> = counting.load(conn)?;
    let mut record = Record::default();
    for (received_at, body) in rows {
        match Delivery::read_compressed(&body, received_at) {
            Ok(event) => record.add(&event),
            Err(reason) => tracing::error!(customer = customer.0, reason = reason.0, "a stored event cannot be read"),
        }
    }
    Ok(record)
}

/// The time of the first event of these customers that was received after `at`.
pub fn first_received_after(
    conn: &mut Conn,
    project: ProjectId,
    customers: impl IntoIterator<Item = CustomerId>,
    at: Moment,
) -> QueryResult<Option<Moment>> {
    let keys: Vec<Row> = customers.into_iter().map(|customer| row![customer, project, at]).collect();
    const KEY: &[Column] = &[("customer_id", Kind::Integer), ("project_id", Kind::Integer), ("at", Kind::Integer)];
    let from = "given JOIN history ON history.customer_id = given.customer_id
        JOIN events ON events.project_id = given.project_id AND events.id = history.event_id
        AND events.received_at > given.at";
    let first = many::joined::<Nullable<BigInt>, Option<Moment>>(conn, ("min(history.event_at)", from), KEY, &keys)?;
    Ok(first.into_iter().flatten().min())
}

/// All facts of these customers, and of those who stand for erased customers whose purchases they have.
pub fn of_all(conn: &mut Conn, project: ProjectId, customers: &BTreeSet<CustomerId>) -> QueryResult<Facts> {
    let mut facts = Facts::new();
    let mut read = BTreeSet::new();
    let mut unread: BTreeSet<CustomerId> = customers.clone();
    while !unread.is_empty() {
        let wanted: Vec<Since> = unread.iter().map(|one| Since::beginning(project, *one)).collect();
        facts.extend(of(conn, &wanted)?);
        read.append(&mut unread);
        let stand_ins = facts.values().flat_map(Fact::parties).filter(|party| party.0 < 0);
        unread.extend(stand_ins.filter(|party| !read.contains(party)));
    }
    Ok(facts)
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

const WANTED: &[Column] = &[
    ("customer_id", Kind::Integer),
    ("project_id", Kind::Integer),
    ("after", Kind::Integer),
    ("until", Kind::Integer),
];
/// The customer, the event, the side, when it arrived, and its body.
type Columns = (BigInt, BigInt, SmallInt, BigInt, Binary);
type Read = (CustomerId, EventId, Side, Moment, StoredBody);
const COLUMNS: &str = "history.customer_id, history.event_id, history.side, events.received_at, events.body";

/// With each event whether it is muted.
fn own(conn: &mut Conn, wanted: &[Since], as_of: Option<AsOf>) -> QueryResult<Vec<(Read, bool)>> {
    let columns = format!("{COLUMNS}, history.is_muted");
    let until = match as_of.map(|as_of| as_of.reading) {
        Some(Reading::KnownNow) => " AND history.event_at <= given.until",
        Some(Reading::KnownThen) => " AND events.received_at <= given.until",
        None => "",
    };
    let from = format!(
        "given JOIN history ON history.customer_id = given.customer_id AND history.event_at > given.after
        JOIN events ON events.project_id = given.project_id AND events.id = history.event_id{until}"
    );
    let mut rows = many::joined::<(Columns, Bool), (Read, bool)>(conn, (&columns, &from), WANTED, &keys_of(wanted))?;
    let whole: HashSet<CustomerId> = wanted.iter().filter(|one| one.with_yielding).map(|one| one.customer).collect();
    rows.retain(|((customer, ..), is_muted)| !is_muted || whole.contains(customer));
    Ok(rows)
}

fn keys_of<'a>(wanted: impl IntoIterator<Item = &'a Since>) -> Vec<Row> {
    let until = |one: &Since| one.as_of.map_or(Moment::NEVER, |as_of| as_of.at);
    wanted.into_iter().map(|one| row![one.customer, one.project, one.after, until(one)]).collect()
}

/// The events of those who stand for erased customers, whatever their time: others retain them.
fn retained(conn: &mut Conn, wanted: &[Since]) -> QueryResult<Vec<Read>> {
    let keys = keys_of(wanted.iter().filter(|one| one.customer.0 < 0));
    let columns = "retained_events.stands_as, retained_events.event_id, retained_events.side, events.received_at,
        events.body";
    let from = "given JOIN retained_events ON retained_events.stands_as = given.customer_id
        JOIN events ON events.project_id = given.project_id AND events.id = retained_events.event_id";
    many::joined::<Columns, Read>(conn, (columns, from), WANTED, &keys)
}

/// Makes facts of the rows that count then. A transfer has a row for each side, perhaps of a customer who was not asked for.
fn with_parties(conn: &mut Conn, rows: Vec<Read>, as_of: Option<AsOf>) -> QueryResult<Facts> {
    let mut events: BTreeMap<EventId, (Moment, StoredBody)> = BTreeMap::new();
    let mut parties: HashMap<EventId, BTreeSet<Party>> = HashMap::new();
    for (customer, event, side, received_at, body) in rows {
        parties.entry(event).or_default().insert((customer, side));
        events.insert(event, (received_at, body));
    }
    let mut facts = Facts::new();
    for (row, (received_at, body)) in events {
        match Delivery::read_compressed(&body, received_at) {
            Ok(event) if as_of.is_some_and(|as_of| !as_of.includes(event.event_at, received_at)) => {}
            Ok(event) => {
                facts.insert(row, Fact { row, event: Arc::new(event), customer: CustomerId(0), lost_by: None });
            }
            Err(reason) => tracing::error!(event_id = row.0, reason = reason.0, "a stored event cannot be read"),
        }
    }
    let transfers = facts.values().filter(|fact| fact.event.kind == EventType::Transfer);
    let transfers: Vec<Row> = transfers.map(|fact| row![fact.row]).collect();
    for (event, customer, side) in parties_of(conn, &transfers)? {
        parties.entry(event).or_default().insert((customer, side));
    }
    for fact in facts.values_mut() {
        let of = parties.get(&fact.row);
        let side = |wanted: Side| of.into_iter().flatten().find(|(_, side)| *side == wanted).map(|(one, _)| *one);
        let (own, lost) = (side(Side::Own), side(Side::Lost));
        // Where only the loser is left, nothing moves.
        fact.customer = own.or(lost).unwrap_or(fact.customer);
        fact.lost_by = lost.filter(|loser| own.is_some_and(|own| own != *loser));
    }
    Ok(facts)
}

fn parties_of(conn: &mut Conn, events: &[Row]) -> QueryResult<Vec<(EventId, CustomerId, Side)>> {
    const KEY: &[Column] = &[("event_id", Kind::Integer)];
    type Columns = (BigInt, BigInt, SmallInt);
    type Read = (EventId, CustomerId, Side);
    let own = ("event_id, customer_id, side", "history");
    let retained = ("event_id, stands_as, side", "retained_events");
    let mut parties = many::select::<Columns, Read>(conn, own, KEY, events, "")?;
    parties.extend(many::select::<Columns, Read>(conn, retained, KEY, events, "")?);
    Ok(parties)
}
