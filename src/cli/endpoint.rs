//! `dossier endpoint add`: adds a webhook endpoint under the rules of the page, and prints its signing secret once.

use url::Url;

use super::one_line;
use crate::audit::{self, Ctx};
use crate::auth::queries;
use crate::base::allowlist::{Allowlist, NOT_ALLOWED};
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::error::{Error, Refusal};
use crate::base::ids::Ids;
use crate::db::Conn;
use crate::endpoints::resolves_to_allowed;
use crate::pages::settings::endpoints::{self, Added, Draft};
use crate::pages::settings::webhook;

#[derive(clap::Subcommand)]
pub enum Action {
    /// Add a webhook endpoint to a project and print its signing secret, once
    Add(Args),
}

#[derive(clap::Args)]
pub struct Args {
    /// The project's slug
    #[arg(long)]
    project: String,
    /// Where events are sent: https:// and public, unless --outgoing-http and --outgoing-private allow more
    #[arg(long)]
    url: String,
    /// The value of the Authorization header of each delivery [default: no such header]
    #[arg(long)]
    authorization: Option<String>,
    /// Also send events that came from outside, not only those that Dossier makes
    #[arg(long)]
    received: bool,
    /// The name of the endpoint on the settings pages [default: the host in its URL]
    #[arg(long)]
    name: Option<String>,
}

/// # Errors
/// One line for standard error, when the project does not exist or has as many endpoints as it may, an argument is refused
/// or the database fails.
pub fn run(action: &Action, config: &Config) -> Result<(), String> {
    let Action::Add(args) = action;
    let draft = draft(args, &config.allowlist)?;
    let db = super::open(config)?;
    let added = db.write_here(|conn| add(conn, &args.project, &draft, &config.allowlist));
    let added = added.map_err(refused)?.ok_or_else(|| format!("there is no project {}", args.project))?;
    let what = if args.received { "the events it makes and those it receives" } else { "the events it makes" };
    println!("Endpoint {} of {} is added. Dossier sends it {what}:", added.endpoint.name, args.project);
    println!("  URL             {}", added.endpoint.url);
    println!("  Signing secret  {}", added.secret.shown());
    println!("The secret is not shown again.");
    Ok(())
}

/// The form that the arguments fill in.
///
/// # Errors
/// A line that names the argument which is wrong.
fn draft(args: &Args, allowlist: &Allowlist) -> Result<Draft, String> {
    let url = allowlist.parse(&args.url).map_err(|why| not_allowed(&args.url, why))?;
    if !resolves_to_allowed(allowlist, &url) {
        return Err(not_allowed(&args.url, NOT_ALLOWED));
    }
    let name = args.name.clone().unwrap_or_else(|| host(&url));
    let authorization = args.authorization.as_deref().map(webhook::Secret::parse).transpose();
    let authorization = authorization.map_err(|why| format!("--authorization: {why}"))?;
    let mut draft = Draft::named(name, args.url.clone());
    draft.authorization = authorization.map(|value| value.as_str().to_owned()).unwrap_or_default();
    draft.sends_received = args.received.then(String::new);
    Ok(draft)
}

/// The host of a URL with its port, as far as a name may be long.
fn host(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default()).chars().take(endpoints::LONGEST_NAME).collect()
}

/// Why a URL is refused, with the setting by which the operator can allow it.
fn not_allowed(typed: &str, why: &str) -> String {
    format!("--url: {why}{}", Allowlist::hint(typed, why))
}

fn add(conn: &mut Conn, slug: &str, draft: &Draft, allowlist: &Allowlist) -> Result<Option<Added>, Error> {
    let Some(project) = queries::project_id(conn, slug)? else { return Ok(None) };
    conn.lock_project(project)?;
    let ctx = Ctx::operator(project, &Ids::random(), Clock::Machine.now());
    let added = endpoints::add(conn, &ctx, &draft.parse(allowlist)?)?;
    audit::append(conn, &ctx, added.trace.clone())?;
    Ok(Some(added))
}

/// A refusal as one line that names the arguments.
fn refused(error: Error) -> String {
    let Error::Refused(Refusal { problems, .. }) = error else { return one_line(error) };
    let line = |field: &str, sentence: &str| match field {
        "" => sentence.to_owned(),
        field => format!("--{field}: {sentence}"),
    };
    problems.iter().map(|one| line(one.field, &one.sentence)).collect::<Vec<_>>().join(" ")
}
