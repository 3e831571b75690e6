//! The page: it asks for the receiving customer, then shows what the transfer would do.

use askama::Template;

use super::review;
use super::review::Review;
use crate::actions::InProject;
use crate::actions::Opened;
use crate::actions::Page;
use crate::actions::View;
use crate::base::error::Error;
use crate::db::Conn;
use crate::operations::transfer::movable;
use crate::pages::profile::page::reach;
use crate::pages::profile::transfer::recipient::{self, Matches, Offer, TO};
use crate::pages::profile::visit::Visit;
use crate::web::{Layout, Section, filters};

/// What a link may fill in: the receiving customer, for whom the page then shows what would move.
const LINKS: [&str; 1] = [TO];

#[derive(Template)]
#[template(path = "profile/transfer.html")]
pub struct TransferPage {
    layout: Layout,
    form: Opened,
    customers: String,
    customer: String,
    profile: String,
    action: String,
    is_sandbox: bool,
    /// Whether RevenueCat is asked.
    is_connected: bool,
    /// The text that was typed for the receiving customer.
    typed: String,
    /// Why nothing can move, or not to the customer that was typed.
    problem: Option<String>,
    has_purchases: bool,
    offers: Vec<(Offer, String)>,
    review: Option<Review>,
}

impl Page for TransferPage {
    type Scope = InProject;

    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<TransferPage, Error> {
        let member = view.who;
        let visit = Visit::from_request(conn, view.request, member, view.query)?;
        let opened = match view.sent() {
            Some(sent) => sent.clone(),
            None => Opened::of_address("transfer", view.query)?
                .filled_by_links(&LINKS)
                .by(member.is_proven, member.has_second_factor),
        };
        let reach = reach(&visit, view.request.lines(), &opened);
        let profile = visit.at("entitlements");
        let mut page = TransferPage {
            layout: member.layout(format!("Transfer purchases of {}", review::name(&visit)), Section::Customers),
            customers: format!("/projects/{}/customers", visit.project.slug),
            customer: review::name(&visit),
            action: visit.action("transfer"),
            is_sandbox: visit.is_sandbox(),
            is_connected: visit.connected.is_some(),
            typed: opened.value(TO, "").to_owned(),
            problem: opened.problem(TO).or(opened.problem("")).map(str::to_owned),
            has_purchases: movable(conn, visit.customer.id)? > 0,
            offers: Vec::new(),
            review: None,
            form: opened.with_back(profile.clone()).with_reach(reach),
            profile,
        };
        if page.problem.is_none() && page.has_purchases && !page.typed.trim().is_empty() {
            page.load_review(conn, &visit)?;
        }
        Ok(page)
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn has_dialogs() -> bool {
        false
    }
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
