//! The card: the entitlements that are current, those that have ended, and why there may be none.

use askama::Template;
use askama::filters::HtmlSafe;

use super::grants::GIVE;
use super::model::Grouped;
use super::moved::Moved;
use crate::base::Permission::{GrantEntitlements, TransferPurchases};
use crate::customers::SandboxAccess;
use crate::pages::profile::explained::Explained;
use crate::pages::profile::pickup::What;
use crate::pages::profile::visit::Visit;
use crate::web::filters;
use crate::wording::sentence::{Sentence, Stamp};

#[derive(Debug, Template)]
#[template(path = "profile/entitlements.html")]
pub struct Card {
    pub grouped: Grouped,
    /// The newest transfer between this customer and another one.
    pub moved: Option<Moved>,
    /// The sentence about `moved`, with a link.
    transfer: Option<Transfer>,
    is_sandbox: bool,
    /// Whether the customer has test purchases that this view does not show.
    pub hides_sandbox: bool,
    tools: Option<Tools>,
    /// Why the sandbox purchases shown here do not unlock.
    locked: Option<&'static str>,
    /// Why the person cannot grant access here.
    hint: Option<&'static str>,
    /// Whether the app has fetched since the last grant.
    picked_up: Option<Sentence>,
}

/// The addresses of the actions; `None` for one that is not possible.
#[derive(Debug)]
struct Tools {
    /// The dialog that grants access.
    grant: Option<String>,
    /// The page that moves the purchases.
    transfer: Option<String>,
}

/// `Purchases moved to zofia.nowak on 9 Oct.`, with a link.
#[derive(Debug)]
struct Transfer {
    lead: &'static str,
    other: String,
    href: Option<String>,
    when: Stamp,
    rest: &'static str,
}

impl HtmlSafe for Card {}

impl Card {
    pub fn new(visit: &Visit, explained: &Explained) -> Card {
        let moved = explained.moved.clone().map(Moved::from);
        let mut grouped = Grouped::new(visit);
        grouped.offer_menus(visit);
        grouped.explain(visit, &explained.explanations);
        grouped.name_owners(visit, &explained.transfers);
        Card {
            transfer: moved.as_ref().map(|moved| Transfer::new(moved, visit, grouped.is_empty())),
            tools: Tools::new(visit),
            locked: visit.locked_by.map(SandboxAccess::why_locked),
            hint: hint(visit),
            picked_up: visit.picked_up(What::Access),
            grouped,
            moved,
            is_sandbox: visit.is_sandbox(),
            hides_sandbox: visit.customer.made_sandbox && !visit.is_sandbox(),
        }
    }

    fn count(&self) -> Option<String> {
        let active = self.grouped.active();
        (active > 0).then(|| format!("{active} active"))
    }

    /// Without a current entitlement, the ended ones are unfolded.
    fn past_is_open(&self) -> bool {
        self.nothing().is_some()
    }

    /// The text of the empty state; `None` when there is a current entitlement.
    fn nothing(&self) -> Option<&'static str> {
        let grouped = &self.grouped;
        if grouped.current.iter().any(|group| group.identifier.is_some()) {
            return None;
        }
        Some(match (grouped.is_empty(), self.is_sandbox) {
            (true, _) if self.moved.is_some() => "No current entitlements. There are no purchases here now.",
            (true, false) if self.hides_sandbox => {
                "No current entitlements. No real purchase and no grant has reached this customer."
            }
            (true, false) => "No current entitlements. No purchase and no grant has reached this customer.",
            (true, true) => "No current entitlements. No test purchase has reached this customer.",
            (false, _) if grouped.past.iter().any(|group| group.identifier.is_some()) => {
                "No current entitlements. The purchases that unlocked something have ended."
            }
            (false, _) => "No current entitlements. None of the purchases unlocks one.",
        })
    }
}

impl Tools {
    fn new(visit: &Visit) -> Option<Tools> {
        let may_grant = visit.may(GrantEntitlements) && !visit.is_sandbox() && !visit.catalog.entitlements().is_empty();
        let grant = may_grant.then(|| visit.dialog(GIVE));
        let transfer = (visit.may(TransferPurchases) && visit.has_purchases()).then(|| visit.action("transfer"));
        (grant.is_some() || transfer.is_some()).then_some(Tools { grant, transfer })
    }
}

fn hint(visit: &Visit) -> Option<&'static str> {
    match (visit.may(GrantEntitlements), visit.is_sandbox(), visit.catalog.entitlements().is_empty()) {
        (false, ..) => None,
        (_, true, _) => Some("Grants are production: switch “Sandbox data” off to give or remove access."),
        (_, _, true) => Some("Access can be granted once the catalog has an entitlement."),
        _ => None,
    }
}

impl Transfer {
    fn new(moved: &Moved, visit: &Visit, has_nothing: bool) -> Transfer {
        Transfer {
            lead: moved.lead(),
            other: moved.other(),
            href: moved.href(visit),
            when: moved.when(visit.ctx.now),
            rest: if has_nothing { moved.rest() } else { "." },
        }
    }
}
