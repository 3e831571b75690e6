//! The card: what is active, what is over, and why there may be nothing.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::prelude::*;

use super::model::Grouped;
use crate::db::Conn;
use crate::profile::visit::Visit;
use crate::schema::transfer_links;

#[derive(Debug, Template)]
#[template(path = "profile/entitlements.html")]
pub struct Card {
    pub grouped: Grouped,
    /// Whether purchases ever moved between this customer and another one.
    pub has_transfers: bool,
    is_sandbox: bool,
    /// Whether there are test purchases that this view leaves out.
    pub hides_sandbox: bool,
}

impl HtmlSafe for Card {}

impl Card {
    /// One query; the purchases came with the visit.
    pub fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Card> {
        let link = transfer_links::table
            .filter(transfer_links::customer_id.eq(visit.customer.id))
            .select(transfer_links::other_id)
            .first::<i64>(conn)
            .optional()?;
        Ok(Card {
            grouped: Grouped::of(visit),
            has_transfers: link.is_some(),
            is_sandbox: visit.is_sandbox(),
            hides_sandbox: visit.customer.made_sandbox && !visit.is_sandbox(),
        })
    }

    fn count(&self) -> Option<String> {
        let active = self.grouped.active();
        (active > 0).then(|| format!("{active} active"))
    }

    /// With nothing current, what is over is the answer.
    fn past_is_open(&self) -> bool {
        self.nothing().is_some()
    }

    /// What stands in place of entitlements; `None` where there is one to look at.
    fn nothing(&self) -> Option<&'static str> {
        let grouped = &self.grouped;
        if grouped.current.iter().any(|group| group.identifier.is_some()) {
            return None;
        }
        Some(match (grouped.is_empty(), self.is_sandbox) {
            (true, _) if self.has_transfers => "No current entitlements. There are no purchases here now.",
            (true, false) => "No current entitlements. No purchase and no grant has reached this customer.",
            (true, true) => "No current entitlements. No test purchase has reached this customer.",
            (false, _) if grouped.past.iter().any(|group| group.identifier.is_some()) => {
                "No current entitlements. What unlocked something before is over."
            }
            (false, _) => "No current entitlements. Nothing that was bought unlocks any.",
        })
    }
}
