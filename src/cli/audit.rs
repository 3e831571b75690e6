//! `dossier audit verify`: checks that nobody has changed, removed or inserted entries of the audit log.

use diesel::prelude::*;

use super::one_line;
use crate::audit::{self, Broken, Verified};
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::ProjectId;
use crate::db::schema::projects;
use crate::db::{Conn, Db};
use crate::wording::times;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Check that no entry was changed, removed or inserted; print each project's newest hash
    Verify {
        /// Only this project [default: all projects]
        #[arg(long)]
        project: Option<String>,
        /// A hash that an earlier run printed; the command fails if no entry has it
        #[arg(long)]
        head: Option<String>,
    },
}

/// # Errors
/// One line for standard error, when an entry was changed, the project or the hash is unknown, or the database fails.
pub fn run(args: &Args, config: &Config) -> Result<(), String> {
    let Action::Verify { project, head } = &args.action;
    let db = super::open(config)?;
    for line in verify(&db, project.as_deref(), head.as_deref())? {
        println!("{line}");
    }
    Ok(())
}

/// Verifies the log of one project, or of all projects. Returns a line for each project.
///
/// # Errors
/// As [`run`].
pub fn verify(db: &Db, slug: Option<&str>, head: Option<&str>) -> Result<Vec<String>, String> {
    let chosen = db.read_here(|conn| Ok::<_, Error>(projects_called(conn, slug)?)).map_err(one_line)?;
    if let (true, Some(slug)) = (chosen.is_empty(), slug) {
        return Err(format!("there is no project {slug}"));
    }
    let wanted = head.map(|head| head.trim().to_lowercase()).unwrap_or_default();
    let (mut lines, mut has_wanted) = (Vec::new(), head.is_none());
    for (project, slug) in chosen {
        let read = db.read_here(|conn| {
            let is_known = audit::queries::has_hash(conn, project, &wanted)?;
            Ok::<_, Error>((is_known, audit::verify(conn, project)?))
        });
        let (is_known, verdict) = read.map_err(one_line)?;
        has_wanted |= is_known;
        let verified = verdict.map_err(|broken| broken_line(&slug, &broken))?;
        lines.push(verified_line(&slug, &verified));
    }
    match has_wanted {
        true => Ok(lines),
        false => Err(format!("no entry has the hash {wanted}: the end of the log was cut off or the log was replaced")),
    }
}

fn projects_called(conn: &mut Conn, slug: Option<&str>) -> QueryResult<Vec<(ProjectId, String)>> {
    let mut query = projects::table.select((projects::id, projects::slug)).order(projects::slug).into_boxed();
    if let Some(slug) = slug {
        query = query.filter(projects::slug.eq(slug));
    }
    query.load(conn)
}

fn verified_line(slug: &str, verified: &Verified) -> String {
    let Verified { entries, erased, unlisted, unfinished, head } = verified;
    let unlisted = match unlisted {
        0 => String::new(),
        _ => format!(", {unlisted} of them by an earlier version, which did not list them"),
    };
    let unfinished = match unfinished {
        0 => String::new(),
        _ => format!(", {unfinished} of them by a deletion that is not done: check again when it is"),
    };
    match entries {
        0 => format!("{slug}: no entries yet"),
        _ => format!(
            "{slug}: {entries} entries unchanged, {erased} erased with customers{unlisted}{unfinished}, head {head}"
        ),
    }
}

fn broken_line(slug: &str, broken: &Broken) -> String {
    let Broken { position, why, found, at, action } = broken;
    let at = times::to_the_second(*at);
    match position == found {
        true => format!("{slug}: entry {position} ({action}, {at}): {why}"),
        false => format!("{slug}: entry {position}: {why}; the next is entry {found} ({action}, {at})"),
    }
}
