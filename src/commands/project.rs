//! `dossier project add`: a project, and what RevenueCat must be told to reach it.

use sha2::{Digest, Sha256};

use super::said;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::ids::Ids;
use crate::page::{hex, random_bytes};
use crate::people::queries::{self, NewProject};

#[derive(clap::Subcommand)]
pub enum Action {
    /// Add a project; prints its webhook address and Authorization value, once
    Add {
        /// Its part of the address: small letters, digits, hyphens
        slug: String,
        /// What people call it
        #[arg(long)]
        name: String,
        /// The Authorization value of its webhooks [default: a new random one]
        #[arg(long)]
        webhook_authorization: Option<String>,
    },
}

/// # Errors
/// One line: the slug or the name cannot be used, or the database.
pub fn run(action: &Action, config: &Config) -> Result<(), String> {
    let Action::Add { slug, name, webhook_authorization } = action;
    let (slug, name) = (checked_slug(slug)?, checked_name(name)?);
    let secret = match webhook_authorization {
        Some(chosen) => checked_secret(chosen)?.to_owned(),
        None => format!("Bearer {}", hex(&random_bytes::<32>().map_err(|error| error.to_string())?)),
    };
    add(config, slug, name, &secret)?;
    println!("Project {name} is added. In RevenueCat, under Integrations, Webhooks, enter");
    println!("  URL            {}", config.address_of(&format!("/webhooks/revenuecat/{slug}")));
    println!("  Authorization  {secret}");
    println!("The Authorization value is not shown again.");
    Ok(())
}

fn add(config: &Config, slug: &str, name: &str, secret: &str) -> Result<(), String> {
    let now = Clock::Machine.now();
    let webhook_secret_hash = hex(&Sha256::digest(secret.as_bytes()));
    let new = NewProject { id: Ids::random().next(now), slug, name, webhook_secret_hash: &webhook_secret_hash };
    let is_added = super::open(config)?.write_here(|conn| {
        let is_new = queries::project_id(conn, slug)?.is_none();
        if is_new {
            queries::insert_project(conn, &new, now)?;
        }
        Ok::<_, Error>(is_new)
    });
    if is_added.map_err(said)? { Ok(()) } else { Err(format!("there is a project {slug} already")) }
}

fn checked_slug(slug: &str) -> Result<&str, String> {
    let is_word = slug.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    match is_word && !slug.is_empty() && !slug.starts_with('-') && slug.len() <= 63 {
        true => Ok(slug),
        false => Err("a project's slug has 1 to 63 small letters, digits and hyphens, a hyphen not first".into()),
    }
}

fn checked_name(name: &str) -> Result<&str, String> {
    let name = name.trim();
    let length = name.chars().count();
    match (1..=100).contains(&length) && !name.contains(char::is_control) {
        true => Ok(name),
        false => Err("a name has 1 to 100 characters".into()),
    }
}

/// What a header can carry unchanged.
fn checked_secret(secret: &str) -> Result<&str, String> {
    let is_plain = secret.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && secret.trim() == secret;
    match is_plain && (1..=5000).contains(&secret.len()) {
        true => Ok(secret),
        false => Err("--webhook-authorization has 1 to 5000 printable ASCII characters, no space at either end".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_plain_word() {
        for slug in ["a", "sundial", "sun-dial-2", "0", &"a".repeat(63)] {
            assert!(checked_slug(slug).is_ok(), "{slug}");
        }
        for slug in ["", "-a", "Sundial", "sun dial", "sun/dial", "sun.dial", "sündial", "a\n", &"a".repeat(64)] {
            assert!(checked_slug(slug).is_err(), "{slug}");
        }
    }

    #[test]
    fn a_secret_is_what_a_header_can_carry() {
        assert!(checked_secret("Bearer abc").is_ok() && checked_secret(&"x".repeat(5000)).is_ok());
        for secret in ["", " a", "a ", "a\nb", "ä", &"x".repeat(5001)] {
            assert!(checked_secret(secret).is_err(), "{secret}");
        }
    }
}
