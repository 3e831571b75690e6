//! `dossier backup FILE`: a consistent copy of the SQLite database, while a server is at work.

use std::path::{Path, PathBuf};

use crate::base::config::Config;
use crate::db::{Db, backup, sqlite_path};

#[derive(clap::Args)]
pub struct Args {
    /// The file to make; it must not exist
    file: PathBuf,
}

/// # Errors
/// One line for standard error: the database is PostgreSQL or does not exist, or the file exists or cannot be written.
pub fn run(args: &Args, config: &Config) -> Result<(), String> {
    let Some(path) = sqlite_path(&config.database_url) else {
        return Err(
            "a PostgreSQL database is backed up with pg_dump, such as: pg_dump -Fc -f FILE \"$DATABASE_URL\"".into()
        );
    };
    if !Path::new(path).exists() {
        return Err(format!("there is no database {path}"));
    }
    // No migrations: a backup is often made just before an upgrade.
    let db = Db::open(&config.database_url, 2)?;
    let size = backup::copy(&db, &args.file)?;
    println!("The database is copied to {}: {}.", args.file.display(), shown(size));
    println!("It opens only with the master key, {:?}. Keep that apart from it.", config.master_key);
    Ok(())
}

/// A size in words: `1.4 MB`.
pub fn shown(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
