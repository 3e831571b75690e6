//! What was sold at the stand-in, each for 9.99 dollars, and how often its money was given back.

use serde_json::{Value, json};

use super::{Side, StandIn, error};

/// A subscription that was sold.
#[derive(Default)]
pub struct Sale {
    refunds: usize,
}

impl StandIn {
    /// Sells a subscription under this transaction.
    pub fn sell(&self, transaction: &str) {
        self.side().sales.insert(transaction.into(), Sale::default());
    }

    /// How often the money of a transaction was given back.
    pub fn refunds(&self, transaction: &str) -> usize {
        self.side().sales.get(transaction).map_or(0, |sale| sale.refunds)
    }
}

impl Side {
    /// The subscription that a query names by its transaction.
    pub fn found(&self, query: &str) -> Vec<Value> {
        let named = query.split('&').find_map(|pair| pair.strip_prefix("store_subscription_identifier="));
        let sale = named.and_then(|named| self.sales.get(named).map(|sale| (named, sale)));
        let shown = |(id, sale): (&str, &Sale)| {
            let is_paid = sale.refunds == 0;
            json!({
                "object": "subscription", "id": format!("sub-{id}"), "store": "rc_billing", "environment": "production",
                "gives_access": is_paid, "store_subscription_identifier": id,
                "status": if is_paid { "active" } else { "expired" }, "auto_renewal_status": "will_renew",
                "total_revenue_in_usd": { "gross": if is_paid { 9.99 } else { 0.0 } },
            })
        };
        sale.map(shown).into_iter().collect()
    }

    /// Gives the money back, as often as it is asked to.
    pub fn refund(&mut self, id: &str) -> (u16, Value) {
        let sale = id.strip_prefix("sub-").and_then(|transaction| self.sales.get_mut(transaction));
        let Some(sale) = sale else { return (404, error("resource_missing", "Resource not found.")) };
        sale.refunds += 1;
        (200, json!({ "object": "subscription", "id": id }))
    }
}
