//! `dossier restore`: puts a backup in the place of the SQLite database, or says of a database of either kind that it was restored.
//! Either way all connections are suspended until an admin lets them act.

use std::path::{Path, PathBuf};

use super::backup::shown;
use super::one_line;
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::ids::Ids;
use crate::db::{Db, Serving, backup, migrate, sqlite_path};
use crate::operations::copies;
use crate::wording::times;

#[derive(clap::Args)]
pub struct Args {
    /// The backup
    #[arg(required_unless_present = "mark", conflicts_with = "mark")]
    file: Option<PathBuf>,
    /// Keep a database that is there under another name, beside the restored one
    #[arg(long)]
    replace: bool,
    /// Only suspend what could act, because this database was restored by other means; servers may run
    #[arg(long, conflicts_with = "replace")]
    mark: bool,
}

/// # Errors
/// One line for standard error: the backup is none or damaged or of a newer version, a database is there already or a server runs
/// on it, or it is PostgreSQL.
pub fn run(args: &Args, config: &Config) -> Result<(), String> {
    match &args.file {
        Some(file) => restore(file, args.replace, config),
        None => mark(config),
    }
}

fn restore(file: &Path, may_replace: bool, config: &Config) -> Result<(), String> {
    let Some(target) = sqlite_path(&config.database_url) else {
        let how = "a PostgreSQL database is restored with pg_restore, before a server starts";
        return Err(format!("{how}. Where it replaces the rows of a database that stays, run: dossier restore --mark"));
    };
    let _serving = Serving::start(&config.database_url)?;
    // Behind a link is the file that servers open.
    let target = std::fs::canonicalize(target).unwrap_or_else(|_| target.into());
    let stamp: String = times::to_the_second(Clock::Machine.now()).chars().filter(char::is_ascii_digit).collect();
    let restored = backup::put_in_place(file, &target, may_replace, &stamp)?;
    println!("{} is restored to {}: {}.", file.display(), target.display(), shown(restored.size));
    if let Some(former) = restored.former {
        println!("The former database is {} now.", former.display());
    }
    println!(
        "When it is served, all connections are suspended until an admin lets each act, under Settings, Connections."
    );
    println!("It opens only with the master key that it was made with.");
    Ok(())
}

fn mark(config: &Config) -> Result<(), String> {
    if let Some(path) = sqlite_path(&config.database_url).filter(|path| !Path::new(path).exists()) {
        return Err(format!("there is no database {path}"));
    }
    let db = Db::open(&config.database_url, 2)?;
    migrate::run(&db)?;
    let why = vec!["An operator said that this database was restored.".into()];
    let suspended = db.write_here(|conn| {
        conn.lock_place()?;
        copies::suspend(conn, &Ids::random(), Clock::Machine.now(), why.clone())
    });
    let copies::Suspended { connections, requests, .. } = suspended.map_err(one_line)?;
    println!("Suspended: {connections} connections. Unknown now: {requests} open requests of their projects.");
    println!("An admin lets each connection act again under Settings, Connections.");
    Ok(())
}
