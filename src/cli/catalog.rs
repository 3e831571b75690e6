//! `dossier catalog apply`: writes the products, entitlements and offerings of one JSON file into a project.

use super::one_line;
use crate::audit::{self, Ctx, Trace};
use crate::auth::queries::project_id;
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::catalog::file::File;
use crate::catalog::queries;

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
}

/// # Errors
/// One line for standard error, when the file cannot be read or parsed, the project does not exist or the database
/// fails.
pub fn run(args: &Args, config: &Config) -> Result<(), String> {
    let Action::Apply { project: slug, file } = &args.action;
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let catalog = File::parse(&text)?;
    let db = super::open_with(config, 1)?;
    let done = db.write_here(|conn| {
        let Some(project) = project_id(conn, slug)? else { return Ok(None) };
        queries::apply(conn, project, &catalog)?;
        let trace = Trace::new(audit::Action::CatalogApplied).after(describe(&catalog));
        audit::append(conn, &Ctx::operator(project, &Ids::random(), Clock::Machine.now()), trace)?;
        Ok::<_, Error>(Some(()))
    });
    done.map_err(one_line)?.ok_or_else(|| format!("there is no project {slug}"))?;
    println!("{}.", describe(&catalog));
    Ok(())
}

fn describe(catalog: &File) -> String {
    let File { products, entitlements, offerings } = catalog;
    format!("{} products, {} entitlements, {} offerings", products.len(), entitlements.len(), offerings.len())
}
