//! The page: it asks for the receiving customer, then shows what the transfer would do.

use actix_web::web::Bytes;
use askama::Template;

use super::review;
use super::review::Review;
use crate::actions::Opened;
use crate::auth::PageRequest;
use crate::base::error::Error;
use crate::db::Conn;
use crate::operations::transfer::movable;
use crate::pages::profile::transfer::recipient::{self, Matches, Offer, TO};
use crate::pages::profile::visit::Visit;
use crate::web::{Layout, Section, filters};

#[derive(Template)]
#[template(path = "profile/transfer.html")]
struct TransferPage {
    layout: Layout,
    form: Opened,
    customers: String,
    customer: String,
    profile: String,
    action: String,
    is_sandbox: bool,
    /// The text that was typed for the receiving customer.
    typed: String,
    /// Why nothing can move, or not to the customer that was typed.
    problem: Option<String>,
    has_purchases: bool,
    offers: Vec<(Offer, String)>,
    review: Option<Review>,
}

/// Renders the page, also after a refusal.
///
/// # Errors
/// Those of [`PageRequest::authorize`]; [`Error::NotFound`] when no customer has the id of the address.
pub fn rendered(conn: &mut Conn, request: &PageRequest, query: &str, opened: Opened) -> Result<Bytes, Error> {
    let member = request.authorize(conn)?;
    let visit = Visit::from_request(conn, request, &member, query)?;
    let profile = visit.at("entitlements");
    let mut page = TransferPage {
        layout: member.layout(format!("Transfer purchases of {}", review::name(&visit)), Section::Customers),
        customers: format!("/projects/{}/customers", visit.project.slug),
        customer: review::name(&visit),
        action: visit.action("transfer"),
        is_sandbox: visit.is_sandbox(),
        typed: opened.value(TO, "").to_owned(),
        problem: opened.problem(TO).or(opened.problem("")).map(str::to_owned),
        has_purchases: movable(conn, visit.customer.id)? > 0,
        offers: Vec::new(),
        review: None,
        form: opened.on(&member, profile.clone()),
        profile,
    };
    if page.problem.is_none() && page.has_purchases && !page.typed.trim().is_empty() {
        page.load_review(conn, &visit)?;
    }
    Ok(Bytes::from(page.render_with_values(&member.preferences())?))
}

impl TransferPage {
    /// Finds the receiving customer, and loads what would move.
    fn load_review(&mut self, conn: &mut Conn, visit: &Visit) -> Result<(), Error> {
        match recipient::search(conn, visit, &self.typed)? {
            Ok(Matches::One(found, id)) => self.review = Review::load(conn, visit, found, &id)?,
            Ok(Matches::Several(offers)) => self.offers = offers.into_iter().map(|offer| self.chosen(offer)).collect(),
            Err(refusal) => self.problem = refusal.problems.into_iter().next().map(|problem| problem.sentence),
        }
        Ok(())
    }

    /// The offer with the address that chooses it.
    fn chosen(&self, offer: Offer) -> (Offer, String) {
        let joint = if self.is_sandbox { '&' } else { '?' };
        let href = format!("{}{joint}{TO}={}", self.action, crate::wording::text::segment(&offer.id));
        (offer, href)
    }
}
