//! `dossier project add`: adds a project and prints the webhook settings to enter in RevenueCat.

use super::one_line;
use crate::auth::queries::{self, NewProject};
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::pages::settings::project;
use crate::pages::settings::webhook::{SHORT_WARNING, Secret};

#[derive(clap::Subcommand)]
pub enum Action {
    /// Add a project and print its webhook address and Authorization value, once
    Add {
        /// The project's name in URLs: lower-case letters, digits, hyphens
        slug: String,
        /// The project's name
        #[arg(long)]
        name: String,
        /// The Authorization value of its webhooks [default: a new random value]
        #[arg(long)]
        webhook_authorization: Option<String>,
    },
}

/// # Errors
/// One line for standard error, when an argument is refused, the slug is in use already or the database fails.
pub fn run(action: &Action, config: &Config) -> Result<(), String> {
    let Action::Add { slug, name, webhook_authorization } = action;
    let (slug, name) = (checked_slug(slug)?, project::name(name)?);
    let secret = match webhook_authorization {
        Some(chosen) => Secret::parse(chosen).map_err(|why| format!("--webhook-authorization: {why}"))?,
        None => Secret::fresh().map_err(one_line)?,
    };
    add(config, slug, &name, &secret)?;
    println!("Project {name} is added. In RevenueCat, under Integrations, Webhooks, enter");
    println!("  URL            {}", config.address_of(&format!("/webhooks/revenuecat/{slug}")));
    println!("  Authorization  {}", secret.as_str());
    println!("The Authorization value is not shown again.");
    if secret.is_short() {
        eprintln!("Warning: {SHORT_WARNING}");
    }
    Ok(())
}

fn add(config: &Config, slug: &str, name: &str, secret: &Secret) -> Result<(), String> {
    let now = Clock::Machine.now();
    let webhook_secret_hash = secret.hash();
    let new = NewProject { id: Ids::random().next(now), slug, name, webhook_secret_hash: &webhook_secret_hash };
    let is_added = super::open(config)?.write_here(|conn| {
        let is_new = queries::project_id(conn, slug)?.is_none();
        if is_new {
            queries::insert_project(conn, &new, now)?;
        }
        Ok::<_, Error>(is_new)
    });
    if is_added.map_err(one_line)? { Ok(()) } else { Err(format!("there is a project {slug} already")) }
}

fn checked_slug(slug: &str) -> Result<&str, String> {
    let is_word = slug.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    match is_word && !slug.is_empty() && !slug.starts_with('-') && slug.len() <= 63 {
        true => Ok(slug),
        false => Err("a slug is 1 to 63 lower-case letters, digits and hyphens; it cannot start with a hyphen".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_only_lower_case_letters_digits_and_hyphens() {
        for slug in ["a", "sundial", "sun-dial-2", "0", &"a".repeat(63)] {
            assert!(checked_slug(slug).is_ok(), "{slug}");
        }
        for slug in ["", "-a", "Sundial", "sun dial", "sun/dial", "sun.dial", "sündial", "a\n", &"a".repeat(64)] {
            assert!(checked_slug(slug).is_err(), "{slug}");
        }
    }
}
