//! Receipts: what somebody was told after an action. They answer a form that was sent twice, hold the flash of the next
//! page, and what undoing needs. A day later they are gone.

use diesel::prelude::*;

use super::done::{Done, UNDO_MINUTES};
use crate::auth::Member;
use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::db::Conn;
use crate::db::schema::receipts;
use crate::web::{Flash, form};

/// How long a form that was sent is remembered.
const KEPT_DAYS: i64 = 1;

/// The form that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The key that makes it work once; forms without one are not recognised.
    pub once: Option<String>,
    /// The hash of its address and its fields.
    pub fingerprint: String,
}

/// Receipt and place of a form that was sent before.
///
/// # Errors
/// [`Error::Refused`] when the key was used with other fields.
pub fn before(conn: &mut Conn, person: i64, sent: &Sent) -> Result<Option<(i64, String)>, Error> {
    let Some(once) = &sent.once else { return Ok(None) };
    let found: Option<(i64, String, String)> = receipts::table
        .filter(receipts::person_id.eq(person).and(receipts::once.eq(once)))
        .select((receipts::id, receipts::location, receipts::fingerprint))
        .first(conn)
        .optional()?;
    match found {
        None => Ok(None),
        Some((id, location, fingerprint)) if fingerprint == sent.fingerprint => Ok(Some((id, location))),
        Some(_) => Err(Refusal::of(
            "",
            "This form was sent before, with something else in it. Send it again if you mean both.",
        )
        .into()),
    }
}

pub fn insert(
    conn: &mut Conn,
    member: &Member,
    (id, customer, now): (i64, Option<i64>, Moment),
    sent: &Sent,
    done: &Done,
) -> QueryResult<()> {
    diesel::delete(receipts::table.filter(receipts::at.lt(now.plus_days(-KEPT_DAYS)))).execute(conn)?;
    diesel::insert_into(receipts::table)
        .values((
            receipts::person_id.eq(member.person.id),
            receipts::id.eq(id),
            receipts::project_id.eq(member.project.id),
            receipts::customer_id.eq(customer),
            receipts::once.eq(&sent.once),
            receipts::fingerprint.eq(&sent.fingerprint),
            receipts::at.eq(now),
            receipts::location.eq(&done.location),
            receipts::told.eq(&done.told),
            receipts::undo.eq(&done.undo),
        ))
        .execute(conn)?;
    Ok(())
}

type Told = (String, Moment, Option<String>, Option<Moment>);

/// The flash that `?done=` asks for, for as long as it can be undone. No query without `done`.
///
/// # Errors
/// What the database said.
pub fn flash(conn: &mut Conn, member: &Member, query: &str, now: Moment) -> QueryResult<Option<Flash>> {
    let Some(id) = form::field(query, "done").and_then(|id| id.parse::<i64>().ok()) else { return Ok(None) };
    let own = receipts::table.find((member.person.id, id)).filter(receipts::project_id.eq(member.project.id));
    let told: Option<Told> =
        own.select((receipts::told, receipts::at, receipts::undo, receipts::undone_at)).first(conn).optional()?;
    let recent = told.filter(|(_, at, ..)| is_recent(*at, now));
    Ok(recent.map(|(told, _, undo, undone_at)| {
        let undo = undo.filter(|_| undone_at.is_none()).map(|_| id);
        Flash { told, is_problem: false, undo, undo_href: String::new() }
    }))
}

fn is_recent(at: Moment, now: Moment) -> bool {
    now.since(at) <= UNDO_MINUTES * 60_000
}

/// What undoing an action of this person's needs; marks it as undone.
///
/// # Errors
/// [`Error::Refused`] when it was undone already or too long ago; [`Error::NotFound`] when there is no such receipt.
pub fn take_undo(conn: &mut Conn, member: &Member, customer: i64, id: i64, now: Moment) -> Result<String, Error> {
    let own = receipts::customer_id.eq(customer).and(receipts::project_id.eq(member.project.id));
    let receipt = receipts::table.find((member.person.id, id)).filter(own);
    let (_, at, undo, undone_at) =
        receipt.select((receipts::told, receipts::at, receipts::undo, receipts::undone_at)).first::<Told>(conn)?;
    if undone_at.is_some() {
        return Err(Refusal::of("", "That was undone already.").into());
    }
    if !is_recent(at, now) {
        return Err(Refusal::of("", format!("That was more than {UNDO_MINUTES} minutes ago and stays.")).into());
    }
    let undo = undo.ok_or(Error::NotFound)?;
    diesel::update(receipts::table.find((member.person.id, id))).set(receipts::undone_at.eq(now)).execute(conn)?;
    Ok(undo)
}

/// Receipts of somebody whose name is erased, and those that name them: they would bring the name back.
///
/// # Errors
/// What the database said.
pub fn forget(conn: &mut Conn, project: i64, person: i64, names: &[&str]) -> QueryResult<()> {
    let rows: Vec<(i64, i64, String, Option<String>)> = receipts::table
        .filter(receipts::project_id.eq(project))
        .select((receipts::person_id, receipts::id, receipts::told, receipts::undo))
        .load(conn)?;
    for (whose, id, told, undo) in rows {
        let text = told + undo.as_deref().unwrap_or_default();
        if whose == person || names.iter().any(|name| text.contains(name)) {
            diesel::delete(receipts::table.find((whose, id))).execute(conn)?;
        }
    }
    Ok(())
}
