//! The menu of a purchase: what can be done with it; what cannot, why, and what to write to the customer.

use askama::Template;
use askama::filters::HtmlSafe;

use super::grants::REVOKE;
use crate::base::Permission::{ChangePurchases, GrantEntitlements};
use crate::pages::profile::visit::Visit;
use crate::projection::{Kind, Purchase, Status};
use crate::stores::{self, ActionKind, Obstacle};
use crate::web::filters;

#[derive(Debug, Template)]
#[template(path = "profile/entitlements/menu.html")]
pub struct Menu {
    /// The element id, unique on the page.
    id: String,
    /// The name of the purchase.
    name: String,
    /// The dialog that removes a grant.
    remove: Option<String>,
    /// What can be asked of the store, each with its dialog.
    possible: Vec<Item>,
    /// What cannot be done.
    refused: Vec<Refused>,
    /// The store's number of the newest payment.
    order: Option<String>,
}

/// Something that can be asked of the store.
#[derive(Debug)]
struct Item {
    icon: &'static str,
    label: &'static str,
    href: String,
}

/// Something that cannot be done with the purchase.
#[derive(Debug)]
struct Refused {
    label: &'static str,
    why: Obstacle,
}

impl HtmlSafe for Menu {}

impl Menu {
    /// The menu number `number` of the page; `None` when it would be empty.
    pub fn new(visit: &Visit, purchase: &Purchase, number: usize) -> Option<Menu> {
        let is_grant = purchase.kind == Kind::Grant;
        let (possible, refused) = if is_grant { Default::default() } else { sorted(visit, purchase) };
        let menu = Menu {
            id: format!("purchase-{number}"),
            name: visit.product_name(purchase).to_owned(),
            remove: may_remove(visit, purchase).then(|| visit.dialog(&format!("{REVOKE}.{}", purchase.key))),
            possible,
            refused,
            order: purchase.transaction_id.clone().filter(|_| !is_grant),
        };
        let is_empty =
            menu.remove.is_none() && menu.possible.is_empty() && menu.refused.is_empty() && menu.order.is_none();
        (!is_empty).then_some(menu)
    }
}

fn may_remove(visit: &Visit, purchase: &Purchase) -> bool {
    let is_running = purchase.status(visit.ctx.now) == Status::Granted;
    is_running && visit.may(GrantEntitlements) && !visit.is_sandbox()
}

/// What can be asked of the store, and what cannot.
fn sorted(visit: &Visit, purchase: &Purchase) -> (Vec<Item>, Vec<Refused>) {
    let (mut possible, mut refused) = (Vec::new(), Vec::new());
    if !visit.may(ChangePurchases) {
        return (possible, refused);
    }
    let target = visit.target(purchase);
    for action in wanted(purchase) {
        match stores::capability(action, target).obstacle() {
            Some(why) => refused.push(Refused { label: action.words(), why: why.clone() }),
            None => {
                let href = visit.dialog(&format!("{}.{}", action.name(), purchase.key));
                possible.push(Item { icon: icon(action), label: action.words(), href });
            }
        }
    }
    (possible, refused)
}

const fn icon(action: ActionKind) -> &'static str {
    match action {
        ActionKind::Refund => "refund",
        ActionKind::Cancel => "cancel",
        ActionKind::Resume => "resubscribe",
        ActionKind::Extend => "extend",
    }
}

/// What somebody may want of the purchase: of renewal only the change that is left, and nothing of it where nothing renews.
fn wanted(purchase: &Purchase) -> Vec<ActionKind> {
    match (purchase.kind, purchase.unsubscribed_at) {
        (Kind::Subscription, None) => vec![ActionKind::Refund, ActionKind::Cancel, ActionKind::Extend],
        (Kind::Subscription, Some(_)) => vec![ActionKind::Refund, ActionKind::Resume, ActionKind::Extend],
        (Kind::OneTime | Kind::Grant | Kind::Temporary, _) => vec![ActionKind::Refund],
    }
}
