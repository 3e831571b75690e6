//! `dossier connect`: connects a project to where its purchases are managed, or gives its connection other keys. Keys come on
//! standard input, so that no list of processes shows them.

use std::io::BufRead;

use super::one_line;
use crate::audit::{self, Ctx};
use crate::auth::queries::project_id;
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::error::{Error, Refusal};
use crate::base::ids::{Ids, ProjectId};
use crate::db::Db;
use crate::pages::settings::connections::{Draft, Wanted, attempt, connect, replace_keys};
use crate::stores::revenuecat::{Findings, Upstream, Verdict, queries};

#[derive(clap::Args)]
pub struct Args {
    /// The project's slug
    #[arg(long)]
    project: String,
    #[command(subcommand)]
    to: To,
}

#[derive(clap::Subcommand)]
enum To {
    /// RevenueCat: the secret key of API version 2 on standard input, then that of version 1 or an empty line. For a project
    /// that is connected to the same id and address they replace its keys
    Revenuecat {
        /// The project's id there
        #[arg(long)]
        id: String,
        /// The address of the API, for another Dossier in RevenueCat's place: https:// and public, unless --outgoing-http and
        /// --outgoing-private allow more [default: RevenueCat's]
        #[arg(long, default_value = "")]
        base_url: String,
    },
}

/// # Errors
/// One line for standard error, when there is no such project or it is connected to another one, the keys are refused or the database
/// fails.
pub fn run(args: &Args, config: &Config) -> Result<(), String> {
    let To::Revenuecat { id, base_url } = &args.to;
    let mut lines = std::io::stdin().lock().lines();
    let mut line = || lines.next().transpose().map(Option::unwrap_or_default).map_err(|error| error.to_string());
    let draft = Draft { project: id.clone(), base_url: base_url.clone(), v2_key: line()?, v1_key: line()? };
    let wanted = draft.parse(&config.allowlist).map_err(|refusal| words(&refusal))?;
    let db = super::open(config)?;
    let find = |slug: &str| db.read_here(|conn| Ok::<_, Error>(project_id(conn, slug)?)).map_err(one_line);
    let project = find(&args.project)?.ok_or_else(|| format!("there is no project {}", args.project))?;
    let upstream = Upstream::new(config.allowlist.clone());
    let findings = attempt(&upstream, &wanted.base_url, &wanted.project, &wanted.keys).map_err(refused)?;
    if store(&db, project, &wanted, &findings).map_err(refused)? {
        println!("The keys are replaced. The former ones are forgotten.");
    } else {
        println!("Project {} is connected to {} at {}.", args.project, wanted.project, wanted.base_url);
    }
    for finding in &findings.0 {
        let words = if finding.words.is_empty() { String::new() } else { format!(": {}", finding.words) };
        println!("  {:<44} {}{words}", finding.what, finding.verdict.words());
    }
    if findings.0.iter().any(|finding| finding.verdict == Verdict::Denied) {
        println!("Give the keys the scopes that Settings, Connections names, then check again there.");
    }
    Ok(())
}

/// Connects, or replaces the keys of the same connection, and says whether it was that.
fn store(db: &Db, project: ProjectId, wanted: &Wanted, findings: &Findings) -> Result<bool, Error> {
    db.write_here(|conn| {
        conn.lock_project(project)?;
        let ctx = Ctx::operator(project, &Ids::random(), Clock::Machine.now());
        let same = queries::find(conn, project)?
            .filter(|known| known.upstream_project == wanted.project && known.base_url == wanted.base_url);
        let (is_replaced, trace) = match same {
            Some(known) => (true, replace_keys(conn, known, (&wanted.keys, findings), ctx.now)?),
            None => (false, connect(conn, &ctx, wanted, findings)?.trace),
        };
        audit::append(conn, &ctx, trace)?;
        Ok(is_replaced)
    })
}

fn refused(error: Error) -> String {
    match error {
        Error::Refused(refusal) => words(&refusal),
        other => one_line(other),
    }
}

/// What is wrong, as one line that names the arguments.
fn words(refusal: &Refusal) -> String {
    let line = |field: &str, sentence: &str| match field {
        "project" => format!("--id: {sentence}"),
        "base_url" => format!("--base-url: {sentence}"),
        "v2_key" => format!("the first line: {sentence}"),
        "v1_key" => format!("the second line: {sentence}"),
        _ => sentence.to_owned(),
    };
    refusal.problems.iter().map(|one| line(one.field, &one.sentence)).collect::<Vec<_>>().join(" ")
}
