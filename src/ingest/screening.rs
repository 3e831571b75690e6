//! Decides how much of a delivery may be stored when somebody in it was erased or is blocked (§12.1, §12.2).
//!
//! The ids of an event belong to one customer, so one erased id keeps the whole event out: had the others been known
//! as ids of that customer, they would be erased as well. The two parties of a transfer are checked separately: when
//! one of them was erased or is blocked, the transfer is stored for the other one, without the ids of the first.

use std::borrow::Cow;

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::ProjectId;
use crate::customers::{Tombstones, Verdict};
use crate::db::Conn;
use crate::events::redaction::{self, Party};
use crate::events::{Delivery, Event, EventType};

/// What screening decided about a delivery.
#[derive(Debug)]
pub enum Screened<'a> {
    /// It is stored. `to_nobody` is true for a transfer whose receiver was erased or is blocked.
    Taken { delivery: Cow<'a, Delivery>, to_nobody: bool },
    /// It is older than the erasure of its customer, and is not kept.
    Late,
    /// It is for a blocked id. Only a mark that it came is kept.
    Ignored(Option<Delivery>),
}

impl Screened<'_> {
    fn into_owned(self) -> Screened<'static> {
        match self {
            Screened::Taken { delivery, to_nobody } => {
                Screened::Taken { delivery: Cow::Owned(delivery.into_owned()), to_nobody }
            }
            Screened::Late => Screened::Late,
            Screened::Ignored(mark) => Screened::Ignored(mark),
        }
    }
}

/// What may be stored of an event that Dossier read in an export. Whoever was erased here or is blocked does not come back by
/// it, whatever its time, and no mark is kept: an export can be read again at any time (§16.4).
pub fn screen_read<'a>(
    conn: &mut Conn,
    project: ProjectId,
    tombstones: &mut Tombstones,
    delivery: &'a Delivery,
) -> QueryResult<Screened<'a>> {
    let ids: Vec<&str> = ids_in(&delivery.event).collect();
    Ok(match tombstones.verdict(conn, project, &ids, Moment::EARLIEST)? {
        Verdict::Accepted => unchanged(delivery),
        Verdict::Erased => Screened::Late,
        Verdict::Blocked => Screened::Ignored(None),
    })
}

/// What may be stored of an event that somebody else sent. It is stored without the fields by which Dossier marks what it read
/// itself: nobody else can make an event yield to others (§6.7).
pub fn screen<'a>(
    conn: &mut Conn,
    project: ProjectId,
    tombstones: &mut Tombstones,
    delivery: &'a Delivery,
) -> QueryResult<Screened<'a>> {
    match honest(delivery) {
        Some(honest) => Ok(screen_honest(conn, project, tombstones, &honest)?.into_owned()),
        None => screen_honest(conn, project, tombstones, delivery),
    }
}

/// A delivery without those fields; `None` if it has none.
fn honest(delivery: &Delivery) -> Option<Delivery> {
    delivery.event.snapshot.as_ref()?;
    rewritten(delivery, redaction::without_snapshot(&delivery.body)?)
}

fn screen_honest<'a>(
    conn: &mut Conn,
    project: ProjectId,
    tombstones: &mut Tombstones,
    delivery: &'a Delivery,
) -> QueryResult<Screened<'a>> {
    let event = &delivery.event;
    if event.kind == EventType::Transfer {
        return transfer(conn, project, tombstones, delivery);
    }
    let ids: Vec<&str> = event.customer_ids().collect();
    Ok(match tombstones.verdict(conn, project, &ids, event.generated_at())? {
        Verdict::Accepted => unchanged(delivery),
        Verdict::Erased => Screened::Late,
        Verdict::Blocked => ignored(delivery),
    })
}

fn transfer<'a>(
    conn: &mut Conn,
    project: ProjectId,
    tombstones: &mut Tombstones,
    delivery: &'a Delivery,
) -> QueryResult<Screened<'a>> {
    let mut of = |ids: &[String]| {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        tombstones.verdict(conn, project, &ids, delivery.event.generated_at())
    };
    let (from, to) = (of(&delivery.event.transferred_from)?, of(&delivery.event.transferred_to)?);
    let has_ids = |party: &[String]| !party.is_empty();
    Ok(match (from, to) {
        (Verdict::Accepted, Verdict::Accepted) => unchanged(delivery),
        (Verdict::Accepted, Verdict::Erased | Verdict::Blocked) if has_ids(&delivery.event.transferred_from) => {
            without(delivery, Party::To)
        }
        (Verdict::Erased | Verdict::Blocked, Verdict::Accepted) if has_ids(&delivery.event.transferred_to) => {
            without(delivery, Party::From)
        }
        (Verdict::Blocked, _) | (_, Verdict::Blocked) => ignored(delivery),
        (Verdict::Accepted | Verdict::Erased, Verdict::Accepted | Verdict::Erased) => Screened::Late,
    })
}

fn unchanged(delivery: &Delivery) -> Screened<'_> {
    Screened::Taken { delivery: Cow::Borrowed(delivery), to_nobody: false }
}

fn without(delivery: &Delivery, party: Party) -> Screened<'_> {
    match redaction::transfer_without(&delivery.body, party).and_then(|body| rewritten(delivery, body)) {
        Some(stripped) => Screened::Taken { delivery: Cow::Owned(stripped), to_nobody: party == Party::To },
        None => Screened::Late,
    }
}

fn ignored(delivery: &Delivery) -> Screened<'_> {
    Screened::Ignored(redaction::redact_to_mark(&delivery.body).and_then(|body| rewritten(delivery, body)))
}

/// The delivery with another body.
fn rewritten(delivery: &Delivery, body: String) -> Option<Delivery> {
    Delivery::parse(body.into_bytes(), delivery.received_at).ok()
}

/// Every id that an event names.
pub fn ids_in(event: &Event) -> impl Iterator<Item = &str> {
    let moved = event.transferred_from.iter().chain(&event.transferred_to).map(String::as_str);
    event.customer_ids().chain(moved)
}
