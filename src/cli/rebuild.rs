//! `dossier rebuild`: derives the state of customers again from the stored events. It writes only the differences.

use diesel::prelude::*;

use super::import::bar;
use super::{one_line, settle};
use crate::audit::Ctx;
use crate::auth::queries::project_id;
use crate::base::clock::{Clock, Moment};
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, EventId, Ids, ProjectId};
use crate::customers::Resolver;
use crate::db::schema::{customers, events, projects};
use crate::db::{Conn, Db, migrate};
use crate::events::{Delivery, Rejection};
use crate::ingest;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this project [default: all projects]
    #[arg(long)]
    pub project: Option<String>,
}

/// # Errors
/// One line for standard error, when the project does not exist or the database fails.
pub fn run(args: &Args, config: &Config) -> Result<(), String> {
    let db = Db::open(&config.database_url, 2)?;
    migrate::run(&db)?;
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
        in_chunks(|after| db.write_here(|conn| reassign(conn, project, after)))?;
        in_chunks(|after| db.write_here(|conn| mark_stale(conn, project, after)))?;
    }
    settle::stale(db, |_| false, bar)
}

/// Calls `chunk` with the id of the last row of the previous chunk, until it returns `None`.
fn in_chunks<Id: From<i64>>(mut chunk: impl FnMut(Id) -> Result<Option<Id>, Error>) -> Result<(), Error> {
    let mut after = Some(Id::from(i64::MIN));
    while let Some(last) = after {
        after = chunk(last)?;
    }
    Ok(())
}

fn reassign(conn: &mut Conn, project: ProjectId, after: EventId) -> Result<Option<EventId>, Error> {
    conn.lock_project(project)?;
    let mut resolver = Resolver::new(&Ctx::operator(project, &Ids::random(), Clock::Machine.now()));
    let rows: Vec<(EventId, Moment, String)> = events::table
        .filter(events::project_id.eq(project).and(events::id.gt(after)))
        .order(events::id)
        .limit(CHUNK)
        .select((events::id, events::received_at, events::body))
        .load(conn)?;
    let last = rows.last().map(|(id, ..)| *id);
    for (id, received_at, body) in rows {
        match Delivery::parse(body.into_bytes(), received_at) {
            Ok(delivery) => ingest::reassign(conn, &mut resolver, id, &delivery)?,
            Err((Rejection(reason), _)) => tracing::error!(event = id.0, reason, "a stored event cannot be read"),
        }
    }
    Ok(last)
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
