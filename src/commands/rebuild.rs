//! `dossier rebuild`: derives everything again from the stored events. Where nothing is wrong it changes nothing.

use diesel::prelude::*;

use super::import::bar;
use super::said;
use super::settle;
use crate::config::Config;
use crate::db::{Conn, Db, migrate};
use crate::error::Error;
use crate::people::queries::project_id;
use crate::schema::customers;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this project; otherwise all.
    #[arg(long)]
    pub project: Option<String>,
}

/// # Errors
/// One line: the project or the database cannot be used.
pub fn run(args: &Args, config: &Config) -> Result<(), String> {
    let db = Db::open(&config.database_url, 2)?;
    migrate::run(&db)?;
    let project = match &args.project {
        None => None,
        Some(slug) => {
            let found = db.read_here(|conn| Ok::<_, Error>(project_id(conn, slug)?)).map_err(said)?;
            Some(found.ok_or_else(|| format!("there is no project {slug}"))?)
        }
    };
    let bar = bar(0, "{pos}/{len} customers");
    let derived = rebuild(&db, project, &bar).map_err(said)?;
    bar.finish_and_clear();
    println!("Derived the state of {derived} customers again.");
    Ok(())
}

/// Derives every customer of the project, or of all; returns how many.
///
/// # Errors
/// What the database said.
pub fn rebuild(db: &Db, project: Option<i64>, bar: &indicatif::ProgressBar) -> Result<usize, Error> {
    db.write_here(|conn| mark_stale(conn, project))?;
    settle::stale(db, |_| false, bar)
}

fn mark_stale(conn: &mut Conn, project: Option<i64>) -> Result<(), Error> {
    let wanted = customers::table.select(customers::id);
    let ids: Vec<i64> = match project {
        Some(project) => wanted.filter(customers::project_id.eq(project)).load(conn)?,
        None => wanted.load(conn)?,
    };
    Ok(crate::events::ingest::leave_stale(conn, &ids.into_iter().collect())?)
}
