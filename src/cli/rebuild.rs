//! `dossier rebuild`: derives the state of customers again from the stored events. It writes only the differences.

use diesel::prelude::*;

use super::import::bar;
use super::one_line;
use super::settle::{self, retried};
use crate::audit::Ctx;
use crate::auth::queries::project_id;
use crate::base::clock::{Clock, Moment};
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, EventId, Ids, ProjectId};
use crate::db::schema::{customers, events, projects};
use crate::db::{Conn, Db};
use crate::events::{Delivery, Digest, Rejection, StoredBody};
use crate::ingest::{self, queries::StoredEvent};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this project [default: all projects]
    #[arg(long)]
    pub project: Option<String>,
}

/// # Errors
/// One line for standard error, when the project does not exist or the database fails.
pub fn run(args: &Args, config: &Config) -> Result<(), String> {
    let db = super::open_with(config, 2)?;
    let project = match &args.project {
        None => None,
        Some(slug) => {
            let found = db.read_here(|conn| Ok::<_, Error>(project_id(conn, slug)?)).map_err(one_line)?;
            Some(found.ok_or_else(|| format!("there is no project {slug}"))?)
        }
    };
    let bar = bar(0, "{pos}/{len} customers");
    let derived = rebuild(&db, project, &bar).map_err(one_line)?;
    bar.finish_and_clear();
    println!("Derived the state of {derived} customers again.");
    Ok(())
}

/// How many events or customers share a commit. It is small, so that a server on the same database can write in
/// between.
const CHUNK: i64 = 500;

/// Assigns the events of one project, or of all projects, to their customers again. Then derives the state of every
/// customer. Returns how many customers it derived.
pub fn rebuild(db: &Db, project: Option<ProjectId>, bar: &indicatif::ProgressBar) -> Result<usize, Error> {
    let all = db.read_here(|conn| Ok::<_, Error>(projects::table.select(projects::id).load::<ProjectId>(conn)?))?;
    for project in all.into_iter().filter(|one| project.is_none_or(|wanted| wanted == *one)) {
        in_chunks(|after| retried(|| db.write_here(|conn| reassign(conn, project, after))))?;
        in_chunks(|after| retried(|| db.write_here(|conn| mark_stale(conn, project, after))))?;
    }
    settle::stale(db, bar)
}

/// Calls `chunk` with the id of the last row of the previous chunk, until it returns `None`.
fn in_chunks<Id: Copy + From<i64>>(mut chunk: impl FnMut(Id) -> Result<Option<Id>, Error>) -> Result<(), Error> {
    let mut after = Some(Id::from(i64::MIN));
    while let Some(last) = after {
        after = chunk(last)?;
    }
    Ok(())
}

fn reassign(conn: &mut Conn, project: ProjectId, after: EventId) -> Result<Option<EventId>, Error> {
    conn.lock_project(project)?;
    let ctx = Ctx::operator(project, &Ids::random(), Clock::Machine.now());
    let rows: Vec<(EventId, Moment, Digest, StoredBody)> = events::table
        .filter(events::project_id.eq(project).and(events::id.gt(after)))
        .order(events::id)
        .limit(CHUNK)
        .select((events::id, events::received_at, events::digest, events::body))
        .load(conn)?;
    let last = rows.last().map(|(id, ..)| *id);
    let (mut stored, mut readable) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for (row, received_at, digest, body) in rows {
        match parse(&body, received_at) {
            Ok(delivery) => {
                stored.push(StoredEvent { row, digest, body });
                readable.push((row, delivery));
            }
            Err(Rejection(reason)) => tracing::error!(event = row.0, reason, "a stored event cannot be read"),
        }
    }
    let deliveries = readable.iter().map(|(_, delivery)| delivery);
    ingest::queries::store_again(conn, project, stored.iter().zip(deliveries))?;
    ingest::reassign(conn, &ctx, &readable)?;
    Ok(last)
}

fn parse(body: &StoredBody, received_at: Moment) -> Result<Delivery, Rejection> {
    Delivery::parse(body.text()?.into_bytes(), received_at).map_err(|(reason, _)| reason)
}

fn mark_stale(conn: &mut Conn, project: ProjectId, after: CustomerId) -> Result<Option<CustomerId>, Error> {
    let ids: Vec<CustomerId> = customers::table
        .filter(customers::project_id.eq(project).and(customers::id.gt(after)))
        .order(customers::id)
        .limit(CHUNK)
        .select(customers::id)
        .load(conn)?;
    let last = ids.last().copied();
    ingest::mark_stale(conn, ids)?;
    Ok(last)
}
