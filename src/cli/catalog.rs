//! `dossier catalog`: writes the products, entitlements and offerings of one JSON file into a project, or takes over those of the
//! RevenueCat project to which it is connected.

use super::compare::Patient;
use super::one_line;
use crate::audit::{self, Ctx, Trace};
use crate::auth::queries::project_id;
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::{Ids, ProjectId};
use crate::catalog::comparison::{Change, Difference, OnlyHere, read};
use crate::catalog::file::File;
use crate::catalog::queries;
use crate::db::Db;
use crate::operations::catalog::take;
use crate::stores::revenuecat::catalog::{self as there, Found};
use crate::stores::revenuecat::{Failure, NoReading, Service, Upstream, Urgency, queries as connections};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Write the products, entitlements and offerings of a file; all others stay unchanged
    Apply {
        /// The project's slug
        #[arg(long)]
        project: String,
        /// The catalog file, in JSON
        file: String,
    },
    /// Take over what the connected RevenueCat project sells; what exists only here stays
    Take {
        /// The project's slug
        #[arg(long)]
        project: String,
        /// Print what would be done and change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// # Errors
/// One line for standard error, when the file cannot be read or parsed, the project does not exist or is not connected, RevenueCat's
/// catalog cannot be read, or the database fails.
pub fn run(args: &Args, config: &Config) -> Result<(), String> {
    match &args.action {
        Action::Apply { project, file } => apply(project, file, config),
        Action::Take { project, dry_run } => take_over(project, *dry_run, config),
    }
}

fn apply(slug: &str, file: &str, config: &Config) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let catalog = File::parse(&text)?;
    let db = super::open_with(config, 1)?;
    let project = find(&db, slug)?;
    let done = db.write_here(|conn| {
        queries::apply(conn, project, &catalog)?;
        let trace = Trace::new(audit::Action::CatalogApplied).after(describe(&catalog));
        audit::append(conn, &Ctx::operator(project, &Ids::random(), Clock::Machine.now()), trace)
    });
    done.map_err(one_line)?;
    println!("{}.", describe(&catalog));
    Ok(())
}

fn find(db: &Db, slug: &str) -> Result<ProjectId, String> {
    let found = db.read_here(|conn| Ok::<_, Error>(project_id(conn, slug)?)).map_err(one_line)?;
    found.ok_or_else(|| format!("there is no project {slug}"))
}

fn describe(catalog: &File) -> String {
    let File { products, entitlements, offerings } = catalog;
    format!("{} products, {} entitlements, {} offerings", products.len(), entitlements.len(), offerings.len())
}

fn take_over(slug: &str, is_dry: bool, config: &Config) -> Result<(), String> {
    let db = super::open(config)?;
    let project = find(&db, slug)?;
    let found = found(&db, project, config)?;
    let ours = db.read_here(|conn| Ok::<_, Error>(read(conn, project)?)).map_err(one_line)?;
    show(&Difference::between(&ours, &found.items), &found);
    if is_dry {
        println!("Nothing was changed.");
        return Ok(());
    }
    let taken = db.write_here(|conn| {
        conn.lock_project(project)?;
        let ctx = Ctx::operator(project, &Ids::random(), Clock::Machine.now());
        let Some(taken) = take(conn, &ctx, &found, None)? else { return Ok::<_, Error>(None) };
        audit::append(conn, &ctx, taken.trace)?;
        Ok(Some(taken.words))
    });
    println!("{}.", taken.map_err(one_line)?.unwrap_or_else(|| "Nothing differs".into()));
    Ok(())
}

/// The catalog there. It takes as long as RevenueCat makes it.
fn found(db: &Db, project: ProjectId, config: &Config) -> Result<Found, String> {
    // Who was never connected is told how to be.
    if !db.read_here(|conn| Ok::<_, Error>(connections::connected(conn, project)?.is_some())).map_err(one_line)? {
        return Err("the project is not connected to RevenueCat: see dossier connect".into());
    }
    let service = Service::new(db.clone(), Upstream::new(config.allowlist.clone()), Clock::Machine);
    let session = service.session(project, Urgency::Background).map_err(|no| match no {
        NoReading::Away(unread) => unread.words,
        NoReading::Denied(words) => words,
    })?;
    there::read(&session, &Patient).map_err(|Failure(words)| words)
}

fn show(difference: &Difference, found: &Found) {
    difference.changes.iter().for_each(show_change);
    for OnlyHere { key, name, products } in &difference.only_here {
        let kind = key.kind().name().to_lowercase();
        match name {
            Some(_) => println!("= {kind} {} {} exists only here and stays", key.identifier(), key.within_words()),
            None => println!("= {kind} {}: only here, and stays: {}", key.identifier(), {
                let all: Vec<&str> = products.iter().map(String::as_str).collect();
                all.join(", ")
            }),
        }
    }
    for problem in &found.problems {
        println!("! {}: {}", problem.about, problem.because);
    }
}

fn show_change(change: &Change) {
    let key = &change.after.key;
    let sign = if change.is_new { '+' } else { '~' };
    println!("{sign} {} {} {}", key.kind().name().to_lowercase(), key.identifier(), key.within_words());
    for line in change.lines.iter().filter(|_| !change.is_new) {
        println!("    {}: {:?} > {:?}", line.what, line.before, line.after);
    }
}
