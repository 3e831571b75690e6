//! Submissions: the stored trace of a form that was sent. A submission answers the same form when it comes a second
//! time, and holds the flash message of the next page and what undoing needs. It is kept for one day.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use diesel::prelude::*;

use super::done::{Done, UNDO_MINUTES};
use crate::audit::Ctx;
use crate::auth::Member;
use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::base::ids::{CustomerId, PersonId, ProjectId, SubmissionId};
use crate::db::Conn;
use crate::db::schema::submissions;
use crate::web::{Flash, form};

/// For how many days a submission is kept.
const KEPT_DAYS: i64 = 1;

/// The form that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The key that makes the form work once. A form without a key is not recognised when it comes again.
    pub once: Option<String>,
    /// The hash of the form's address and its fields.
    pub fingerprint: String,
}

/// A submission of a form that comes a second time.
#[derive(Queryable, Selectable)]
#[diesel(table_name = submissions)]
pub struct Earlier {
    pub id: SubmissionId,
    pub location: String,
    fingerprint: String,
}

/// The submission with the same key, when the person sent the form before.
///
/// # Errors
/// [`Error::Refused`] when the key was used with other fields.
pub fn find(conn: &mut Conn, person: PersonId, sent: &Sent) -> Result<Option<Earlier>, Error> {
    let Some(once) = &sent.once else { return Ok(None) };
    let found: Option<Earlier> = submissions::table
        .filter(submissions::person_id.eq(person).and(submissions::once.eq(once)))
        .select(Earlier::as_select())
        .first(conn)
        .optional()?;
    match found {
        None => Ok(None),
        Some(earlier) if earlier.fingerprint == sent.fingerprint => Ok(Some(earlier)),
        Some(_) => Err(Refusal::new(
            "",
            "You sent this form before with different content. Send it again if you want both changes.",
        )
        .into()),
    }
}

/// Stores a submission of this person and deletes old ones. Returns its id.
pub fn insert(conn: &mut Conn, ctx: &Ctx, person: PersonId, sent: &Sent, done: &Done) -> QueryResult<SubmissionId> {
    let (id, now) = (ctx.next_id(), ctx.now);
    diesel::delete(submissions::table.filter(submissions::at.lt(now.plus_days(-KEPT_DAYS)))).execute(conn)?;
    diesel::insert_into(submissions::table)
        .values((
            submissions::person_id.eq(person),
            submissions::id.eq(id),
            submissions::project_id.eq(ctx.project),
            submissions::customer_id.eq(done.trace.customer),
            submissions::once.eq(&sent.once),
            submissions::fingerprint.eq(&sent.fingerprint),
            submissions::at.eq(now),
            submissions::location.eq(&done.location),
            submissions::message.eq(&done.message),
            submissions::undo.eq(&done.undo),
        ))
        .execute(conn)?;
    Ok(id)
}

/// What a stored submission says of undoing it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = submissions)]
struct Stored {
    at: Moment,
    message: String,
    /// What undoing needs; `None` if the action cannot be undone.
    undo: Option<String>,
    undone_at: Option<Moment>,
}

/// The flash message of the submission that `?done=` names, for as long as undoing is possible. Without `done` it asks
/// the database nothing.
pub fn flash(conn: &mut Conn, member: &Member, query: &str, now: Moment) -> QueryResult<Option<Flash>> {
    let Some(id) = form::field(query, "done").and_then(|id| id.parse::<SubmissionId>().ok()) else { return Ok(None) };
    let own = submissions::table.find((member.person.id, id)).filter(submissions::project_id.eq(member.project.id));
    let found = own.select(Stored::as_select()).first(conn).optional()?;
    let recent = found.filter(|stored| is_recent(stored.at, now));
    Ok(recent.map(|stored| {
        let undo = stored.undo.filter(|_| stored.undone_at.is_none()).map(|_| id);
        Flash { message: stored.message, is_problem: false, undo, undo_href: String::new() }
    }))
}

/// The submission whose message the page shows to which an answer redirects.
pub fn of_answer(answer: &HttpResponse) -> Option<SubmissionId> {
    let location = answer.headers().get(LOCATION)?.to_str().ok()?;
    let query = location.split('#').next()?.split_once('?')?.1;
    form::field(query, "done")?.parse().ok()
}

/// Replaces the message of a submission, once more is known.
pub fn reword(conn: &mut Conn, id: SubmissionId, message: &str) -> QueryResult<()> {
    let own = submissions::table.filter(submissions::id.eq(id));
    diesel::update(own).set(submissions::message.eq(message)).execute(conn).map(drop)
}

fn is_recent(at: Moment, now: Moment) -> bool {
    now.since(at) <= UNDO_MINUTES * 60_000
}

/// Marks an action of this member as undone; returns what undoing it needs.
///
/// # Errors
/// [`Error::Refused`] when it was undone already or is too long ago. [`Error::NotFound`] when the member has no such
/// submission or its action cannot be undone.
pub fn take_undo(
    conn: &mut Conn,
    member: &Member,
    customer: CustomerId,
    id: SubmissionId,
    now: Moment,
) -> Result<String, Error> {
    let own = submissions::customer_id.eq(customer).and(submissions::project_id.eq(member.project.id));
    let submission = submissions::table.find((member.person.id, id)).filter(own);
    let stored = submission.select(Stored::as_select()).first(conn)?;
    if stored.undone_at.is_some() {
        return Err(Refusal::new("", "That was undone already.").into());
    }
    if !is_recent(stored.at, now) {
        let sentence = format!("That was more than {UNDO_MINUTES} minutes ago and can no longer be undone.");
        return Err(Refusal::new("", sentence).into());
    }
    let undo = stored.undo.ok_or(Error::NotFound)?;
    diesel::update(submissions::table.find((member.person.id, id)))
        .set(submissions::undone_at.eq(now))
        .execute(conn)?;
    Ok(undo)
}

/// Deletes the submissions of a person whose name is erased, and those that contain one of `names`: they would show
/// the name again.
pub fn forget(conn: &mut Conn, project: ProjectId, person: PersonId, names: &[&str]) -> QueryResult<()> {
    let rows: Vec<(PersonId, SubmissionId, String, Option<String>)> = submissions::table
        .filter(submissions::project_id.eq(project))
        .select((submissions::person_id, submissions::id, submissions::message, submissions::undo))
        .load(conn)?;
    for (sender, id, message, undo) in rows {
        let text = message + undo.as_deref().unwrap_or_default();
        if sender == person || names.iter().any(|name| text.contains(name)) {
            diesel::delete(submissions::table.find((sender, id))).execute(conn)?;
        }
    }
    Ok(())
}
