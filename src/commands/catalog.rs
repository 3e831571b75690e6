//! `dossier catalog apply`: products, entitlements and offerings from one JSON file.

use super::said;
use crate::catalog::{file::File, queries};
use crate::config::Config;
use crate::db::{Db, migrate};
use crate::error::Error;
use crate::people::queries::project_id;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Writes what the file names; what it does not name stays.
    Apply {
        /// The project the catalog belongs to.
        #[arg(long)]
        project: String,
        /// The catalog file.
        file: String,
    },
}

/// # Errors
/// One line: the file, the project or the database cannot be used.
pub fn run(args: &Args, config: &Config) -> Result<(), String> {
    let Action::Apply { project: slug, file } = &args.action;
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let catalog = File::parse(&text)?;
    let db = Db::open(&config.database_url, 1)?;
    migrate::run(&db)?;
    let done = db.write_here(|conn| {
        let Some(project) = project_id(conn, slug)? else { return Ok(None) };
        queries::apply(conn, project, &catalog)?;
        Ok::<_, Error>(Some(()))
    });
    done.map_err(said)?.ok_or_else(|| format!("there is no project {slug}"))?;
    let File { products, entitlements, offerings } = &catalog;
    println!("{} products, {} entitlements, {} offerings.", products.len(), entitlements.len(), offerings.len());
    Ok(())
}
