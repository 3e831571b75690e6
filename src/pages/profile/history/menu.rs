//! The menu of a row about a payment: refunding this very payment, and its order number.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::base::Permission::ChangePurchases;
use crate::base::ids::EventId;
use crate::base::money::Micros;
use crate::events::{EventType, Summary};
use crate::pages::profile::visit::Visit;
use crate::projection::Purchase;
use crate::stores::{self, ActionKind};
use crate::web::filters;

#[derive(Debug, Template)]
#[template(path = "profile/history/menu.html")]
pub struct Menu {
    /// The element id, unique on the page.
    id: String,
    /// The dialog that refunds the payment, or says why that cannot be done here.
    refund: Option<String>,
    /// Whether the store can be asked. Otherwise the dialog says what to do instead.
    is_connected: bool,
    /// What else the store can be asked about the purchase, if this is its newest payment: the dialog, and the words.
    others: Vec<(String, &'static str)>,
    /// The store's number of the payment.
    order: Option<String>,
}

impl HtmlSafe for Menu {}

impl Menu {
    /// The menu of the row of an event; `None` when it is about no payment from a store.
    pub fn of(event: &Summary, row: EventId, visit: &Visit) -> Option<Menu> {
        let order = event.transaction_id.clone().filter(|_| !event.is_promotional());
        let begins =
            matches!(event.kind, EventType::InitialPurchase | EventType::Renewal | EventType::NonRenewingPurchase);
        let is_payment = begins && event.price.is_some_and(|price| price > Micros::ZERO) && !event.is_family_share;
        let refund = (is_payment && !event.is_promotional() && visit.may(ChangePurchases)).then(|| {
            let dialog = visit.dialog(ActionKind::Refund.name());
            format!("{dialog}&event={row}")
        });
        let is_connected = stores::is_connected(event.store.as_ref(), visit.connected);
        let others = if refund.is_some() { others(visit, order.as_deref()) } else { Vec::new() };
        let menu = Menu { id: format!("p{row}"), refund, is_connected, others, order };
        (menu.refund.is_some() || menu.order.is_some()).then_some(menu)
    }
}

/// What a store can be asked about the purchase of which this is the newest payment, besides refunding it.
fn others(visit: &Visit, transaction: Option<&str>) -> Vec<(String, &'static str)> {
    let is_newest = |one: &&Purchase| transaction.is_some() && one.transaction_id.as_deref() == transaction;
    let Some(purchase) = visit.purchases.iter().find(is_newest) else { return Vec::new() };
    let is_possible = |action: &ActionKind| stores::capability(*action, visit.target(purchase)).is_possible();
    let all = [ActionKind::Cancel, ActionKind::Resume, ActionKind::Extend].into_iter().filter(is_possible);
    all.map(|action| (visit.dialog(&format!("{}.{}", action.name(), purchase.key)), action.words())).collect()
}
