//! One-time purchases: everything that has no end.

use serde::Serialize;

use super::bought::{Bought, Renderer, Shown, transaction};
use super::money::Amount;
use crate::base::clock::Moment;
use crate::projection::Purchase;

#[derive(Debug, Serialize)]
pub struct OneTime {
    object: &'static str,
    #[serde(flatten)]
    bought: Bought,
    purchased_at: Moment,
    revenue_in_usd: Amount,
    quantity: u8,
    status: &'static str,
    store_purchase_identifier: String,
}

impl Shown for OneTime {
    const PREFIX: &'static str = "purch";
    const PATH: &'static str = "purchases";
    const IDENTIFIER: &'static str = "store_purchase_identifier";

    fn is(purchase: &Purchase) -> bool {
        !purchase.is_subscription()
    }

    fn render(renderer: &Renderer, purchase: &Purchase) -> OneTime {
        let mut bought = renderer.bought::<OneTime>(purchase);
        // Clients fail without it here.
        bought.product_id.get_or_insert_with(|| String::from("unknown_product"));
        OneTime {
            object: "purchase",
            bought,
            purchased_at: purchase.period_start,
            revenue_in_usd: renderer.ledger.total(purchase),
            quantity: 1,
            status: if purchase.refunded_at.is_some() { "refunded" } else { "owned" },
            store_purchase_identifier: transaction(purchase),
        }
    }
}
