//! `dossier master-key`: makes a master key, and replaces the one of a database while servers run.

use super::one_line;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::master_key::{self, MasterKeySource};
use crate::db::secrets;

#[derive(clap::Subcommand)]
pub enum Action {
    /// Print a new key for DOSSIER_MASTER_KEY; nothing is changed
    New,
    /// Seal all secrets in the database with a new key, or with the first one of DOSSIER_MASTER_KEY
    Rotate,
    /// Check that no secret needs a former key any more, and take those out of the file
    ForgetFormer,
}

/// # Errors
/// One line for standard error, when the key cannot be read or written, or the database fails.
pub fn run(action: &Action, config: &Config) -> Result<(), String> {
    match action {
        Action::New => println!("{}", master_key::fresh()?),
        Action::Rotate => rotate(config)?,
        Action::ForgetFormer => forget_former(config)?,
    }
    Ok(())
}

fn rotate(config: &Config) -> Result<(), String> {
    let db = super::open_with(config, 1)?;
    let keys = db.master_keys().map_err(one_line)?;
    let is_file = matches!(config.master_key, MasterKeySource::File(_));
    let resealed = db.write_here(|conn| {
        conn.lock_master_key()?;
        if is_file {
            keys.replace().map_err(Error::Internal)?;
        }
        secrets::reseal(conn, &keys)
    });
    let resealed = resealed.map_err(one_line)?;
    println!("{resealed} secrets are sealed with the key {} now.", keys.id());
    match is_file {
        true => println!("Back up {:?} again. Then run: dossier master-key forget-former", config.master_key),
        false => println!("Take the former key out of DOSSIER_MASTER_KEY when every server has both."),
    }
    Ok(())
}

/// A server may have sealed something with the former key while the new one was being written, so this seals again first. That is
/// committed before the file loses a key.
fn forget_former(config: &Config) -> Result<(), String> {
    let db = super::open_with(config, 1)?;
    let keys = db.master_keys().map_err(one_line)?;
    let former = keys.count() - 1;
    db.write_here(|conn| secrets::reseal(conn, &keys)).map_err(one_line)?;
    let forgotten = db.write_here(|conn| {
        conn.lock_master_key()?;
        match secrets::reseal(conn, &keys)? {
            0 => keys.forget_former().map_err(Error::Internal),
            _ => Err(Error::Internal("the key is being replaced right now; try again".into())),
        }
    });
    forgotten.map_err(one_line)?;
    println!(
        "{former} former keys are taken out of {:?}. Backups of the database from before need them.",
        config.master_key
    );
    Ok(())
}
