//! The preview of a transfer: both customers before and after, and what moves.

use std::cmp::Reverse;

use askama::Template;
use askama::filters::HtmlSafe;
use sha2::{Digest, Sha256};

use crate::base::error::Error;
use crate::base::hex;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::events::Environment;
use crate::operations::transfer::{Move, Preview};
use crate::pages::profile::entitlements::Grouped;
use crate::pages::profile::subject::{self, Subject};
use crate::pages::profile::visit::Visit;
use crate::projection::{Kind, Purchase};
use crate::web::filters;
use crate::wording::sentence::Sentence;
use crate::wording::text;

/// What a transfer would do.
#[derive(Debug)]
pub struct Review {
    pub from: Side,
    pub to: Side,
    /// The id by which the receiving customer was chosen.
    pub to_id: String,
    /// `3 purchases, 1 of them a test`
    pub moving: String,
    pub is_one: bool,
    /// `Pro annual, Coins and 2 more`
    pub named: Sentence,
    /// The [`fingerprint`] of what both have now.
    pub seen: String,
}

/// One of the two customers.
#[derive(Debug, Template)]
#[template(path = "profile/transfer/side.html")]
pub struct Side {
    /// `From` or `To`
    pub heading: &'static str,
    pub name: String,
    pub id: String,
    pub href: String,
    pub now: Grouped,
    pub then: Grouped,
    /// How many test purchases the view does not show.
    pub tests: usize,
}

impl HtmlSafe for Side {}

impl Review {
    /// `None` when there is nothing to move.
    pub fn load(conn: &mut Conn, visit: &Visit, to: CustomerId, to_id: &str) -> Result<Option<Review>, Error> {
        let other = Subject::find(conn, &visit.ctx, to_id, visit.environment, visit.role)?.ok_or(Error::NotFound)?;
        let other = Visit::load(conn, other)?;
        let preview = Move { from: visit.customer.id, to }.preview(conn, visit.ctx.project, visit.ctx.now)?;
        let moving: Vec<&Purchase> = preview.from.0.iter().filter(|one| one.kind != Kind::Grant).collect();
        if moving.is_empty() {
            return Ok(None);
        }
        let tests = moving.iter().filter(|one| one.environment == Environment::Sandbox).count();
        let (is_one, named) = (moving.len() == 1, named(visit, &moving));
        let moving = counted(moving.len(), tests);
        let seen = fingerprint(&preview);
        let (from, to) = (Side::new("From", visit, preview.from), Side::new("To", &other, preview.to));
        Ok(Some(Review { from, to, to_id: to_id.to_owned(), moving, is_one, named, seen }))
    }
}

/// A hash that stays the same until the purchases of either customer change.
pub fn fingerprint(preview: &Preview) -> String {
    let states = (&preview.from.0, &preview.to.0);
    let digest = Sha256::digest(serde_json::to_string(&states).unwrap_or_default());
    hex(&digest).chars().take(16).collect()
}

/// `3 purchases, 1 of them a test`
pub fn counted(all: usize, tests: usize) -> String {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let all_counted = text::count(number(all), "purchase", "purchases");
    match (all, tests) {
        (_, 0) => all_counted,
        (1, 1) => "1 test purchase".into(),
        (all, tests) if all == tests => format!("{all} test purchases"),
        (_, 1) => format!("{all_counted}, 1 of them a test"),
        (_, tests) => format!("{all_counted}, {tests} of them tests"),
    }
}

/// The most products that are named.
const NAMED: usize = 5;

/// The names of the products, each once, with those first whose access ends last.
fn named(visit: &Visit, moving: &[&Purchase]) -> Sentence {
    let mut all: Vec<&Purchase> = moving.to_vec();
    all.sort_by_key(|one| Reverse(one.access_ends_at()));
    let mut names: Vec<&str> = Vec::new();
    for name in all.into_iter().map(|one| visit.product_name(one)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let names_in_words = names.iter().enumerate().fold(Sentence::default(), |names_in_words, (place, name)| {
        names_in_words.words(if place == 0 { "" } else { ", " }).name(*name)
    });
    if more == 0 { names_in_words } else { names_in_words.words(format!(" and {more} more")) }
}

impl Side {
    fn new(heading: &'static str, visit: &Visit, (now, then): (Vec<Purchase>, Vec<Purchase>)) -> Side {
        let tests =
            |purchases: &[Purchase]| purchases.iter().filter(|one| one.environment == Environment::Sandbox).count();
        let hidden = if visit.is_sandbox() { 0 } else { tests(&now).max(tests(&then)) };
        Side {
            heading,
            name: name(visit),
            id: visit.opened_as.clone(),
            href: subject::href(&visit.project.slug, &visit.opened_as),
            now: grouped(visit, now),
            then: grouped(visit, then),
            tests: hidden,
        }
    }
}

/// The customer's name: display name, else e-mail address, else the id.
pub fn name(subject: &Subject) -> String {
    let known = subject.customer.display_name.as_ref().or(subject.customer.email.as_ref());
    known.cloned().unwrap_or_else(|| text::visible(&subject.opened_as))
}

fn grouped(visit: &Visit, purchases: Vec<Purchase>) -> Grouped {
    let shown: Vec<Purchase> = purchases.into_iter().filter(|one| one.environment == visit.environment).collect();
    Grouped::with(visit, &shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_is_counted_with_its_tests() {
        let sentences = [(1, 0), (3, 0), (3, 1), (5, 2), (1, 1), (2, 2)].map(|(all, tests)| counted(all, tests));
        assert_eq!(
            sentences,
            [
                "1 purchase",
                "3 purchases",
                "3 purchases, 1 of them a test",
                "5 purchases, 2 of them tests",
                "1 test purchase",
                "2 test purchases",
            ]
        );
    }
}
