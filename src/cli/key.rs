//! `dossier key add`: makes a key of the client API and prints it once.

use super::one_line;
use crate::audit::{self, Ctx, Trace};
use crate::auth::api_keys::{self, Holder, Maker, NewKey, PLATFORMS, Platform, Value, platform_of};
use crate::auth::queries;
use crate::base::Role;
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::db::Conn;

#[derive(clap::Subcommand)]
pub enum Action {
    /// Add a key to a project and print it, once
    Add(Args),
}

#[derive(clap::Args)]
pub struct Args {
    /// The project's slug
    #[arg(long)]
    project: String,
    /// The name of the app or the server that will use the key
    #[arg(long)]
    app: String,
    /// For an app: the key may do only what an SDK needs
    #[arg(long, conflicts_with = "secret", required_unless_present = "secret")]
    public: bool,
    /// For a server: the key may do what its role may
    #[arg(long)]
    secret: bool,
    /// The role of a secret key: it may do what a member of this role may
    #[arg(long, default_value = "admin", conflicts_with = "public")]
    role: Role,
    /// The store of the app, such as app_store, play_store, rc_billing, test_store
    /// [default: from --value or --app, else rc_billing]
    #[arg(long, conflicts_with = "secret")]
    store: Option<String>,
    /// The key, if apps already use one [default: a new random key]
    #[arg(long)]
    value: Option<String>,
}

/// # Errors
/// One line for standard error, when the project does not exist, an argument is refused or the database fails.
pub fn run(action: &Action, config: &Config) -> Result<(), String> {
    let Action::Add(args) = action;
    let name = api_keys::name(&args.app)?;
    let platform = if args.secret { None } else { Some(platform(args)?) };
    let value = match &args.value {
        Some(chosen) => Value::parse(chosen, platform).map_err(|why| format!("--value: {why}"))?,
        None => Value::fresh(platform).map_err(one_line)?,
    };
    let db = super::open(config)?;
    let added = db.write_here(|conn| add(conn, &args.project, &name, platform, args.role, &value)).map_err(one_line)?;
    match added {
        Added::NoProject => Err(format!("there is no project {}", args.project)),
        Added::Known => Err("--value: this key is in use already, or was revoked".into()),
        Added::Done => {
            let secret = || format!("Secret key, {},", args.role);
            let kind = platform.map_or_else(secret, |one| format!("Public key, {},", one.name));
            println!("{kind} of {name}: {}", value.as_str());
            println!("It is not shown again. Clients call {}", config.address_of(""));
            Ok(())
        }
    }
}

enum Added {
    NoProject,
    Known,
    Done,
}

fn add(
    conn: &mut Conn,
    slug: &str,
    name: &str,
    platform: Option<Platform>,
    role: Role,
    value: &Value,
) -> Result<Added, Error> {
    let Some(project) = queries::project_id(conn, slug)? else { return Ok(Added::NoProject) };
    conn.lock_project(project)?;
    if api_keys::queries::is_known(conn, &value.hash())? {
        return Ok(Added::Known);
    }
    let ctx = Ctx::operator(project, &Ids::random(), Clock::Machine.now());
    let holder = platform.map_or(Holder::Server(role), |platform| Holder::App { store: platform.store });
    let new = NewKey { project, id: ctx.next_id(), name, holder, made_by: Maker::Operator };
    api_keys::queries::insert(conn, &new, value, ctx.now)?;
    let trace = Trace::new(audit::Action::ApiKeyCreated).about(name).after(value.hint());
    audit::append(conn, &ctx, trace)?;
    Ok(Added::Done)
}

/// The platform given by `--store`, else by the prefix of the chosen key, else by the app's name, else Web Billing.
fn platform(args: &Args) -> Result<Platform, String> {
    let known = || PLATFORMS.map(|platform| platform.store.to_lowercase()).join(", ");
    if let Some(store) = &args.store {
        return platform_of(&store.to_uppercase()).ok_or_else(|| format!("--store must be one of {}", known()));
    }
    let chosen = args.value.as_deref().unwrap_or_default();
    let by_prefix = PLATFORMS.into_iter().find(|platform| chosen.starts_with(platform.prefix));
    let by_name = || platform_of(&args.app.to_uppercase());
    let platform = by_prefix.or_else(by_name).or_else(|| platform_of("RC_BILLING"));
    platform.ok_or_else(|| format!("--store must name the app's store: {}", known()))
}
