//! Webhooks that leave something out which their type has: in a connected project RevenueCat is asked about the customer.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::db::schema::comparisons;
use crate::events::kinds::{Changes, PurchaseChange};
use crate::events::{Event, EventType};
use crate::stores::revenuecat::queries as connections;
use crate::stores::revenuecat::queue::{self, Run};

/// How long after the webhook RevenueCat is asked, in seconds: others may be on their way.
const SOON: i64 = 5;
/// A customer is asked about by itself at most so often, in seconds.
const EVERY: i64 = 60;

/// Has RevenueCat asked about the customers of events that leave something out, if the project is connected.
pub fn ask_about(conn: &mut Conn, ctx: &Ctx, events: &[(&Event, Option<CustomerId>)]) -> QueryResult<()> {
    let lacking = events.iter().filter(|(event, _)| is_incomplete(event));
    let customers: BTreeMap<CustomerId, &str> =
        lacking.filter_map(|(event, customer)| Some(((*customer)?, event.customer_ids().next()?))).collect();
    if customers.is_empty() || connections::connected(conn, ctx.project)?.is_none() {
        return Ok(());
    }
    for (customer, id) in customers {
        let asked: Option<Moment> =
            comparisons::table.find(customer).select(comparisons::asked_at).first(conn).optional()?;
        let soon = ctx.now.plus_seconds(SOON);
        let due = asked.map_or(soon, |asked| soon.max(asked.plus_seconds(EVERY)));
        queue::add(conn, ctx.project, Run::Webhook, &[id.to_owned()], due)?;
    }
    Ok(())
}

/// Whether an event leaves out the price, the currency, the product or the end that its type has.
fn is_incomplete(event: &Event) -> bool {
    use PurchaseChange::{
        Begin, BuyOnce, Cancel, ChangeProduct, Expire, Extend, FailBilling, GrantTemporarily, Pause, Renew,
        ReverseRefund, Uncancel,
    };
    let Changes::Purchase(change) = event.kind.traits().changes else { return false };
    if event.is_promotional() || event.kind == EventType::Test {
        return false;
    }
    let (has_product, has_end) = (event.product_id.is_some(), event.expires_at.is_some());
    let has_price = event.price.is_some() && event.paid.is_some();
    !match change {
        Begin | Renew => has_product && has_end && has_price,
        BuyOnce => has_product && has_price,
        Expire | Extend => has_product && has_end,
        Cancel | ChangeProduct | FailBilling | GrantTemporarily | Pause | ReverseRefund | Uncancel => has_product,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::events::Delivery;

    #[test]
    fn an_event_is_incomplete_without_what_its_type_has() {
        let lacks = |kind: &str, left_out: &str| {
            let mut event = json!({
                "id": "1", "type": kind, "event_timestamp_ms": 0, "product_id": "monthly", "store": "APP_STORE", "price": 1,
                "currency": "EUR", "price_in_purchased_currency": 1, "expiration_at_ms": 9, "environment": "PRODUCTION",
            });
            event[left_out] = Value::Null;
            let event = Delivery::read_stored(&json!({ "event": event }).to_string(), Moment::NEVER).expect("it reads");
            is_incomplete(&event)
        };
        for (kind, fields) in [
            ("INITIAL_PURCHASE", ["price", "currency", "product_id", "expiration_at_ms"].as_slice()),
            ("RENEWAL", &["price", "currency", "product_id", "expiration_at_ms"]),
            ("NON_RENEWING_PURCHASE", &["price", "currency", "product_id"]),
            ("EXPIRATION", &["product_id", "expiration_at_ms"]),
            ("CANCELLATION", &["product_id"]),
            ("TRANSFER", &[]),
        ] {
            for field in ["price", "currency", "product_id", "expiration_at_ms", "nothing"] {
                assert_eq!(lacks(kind, field), fields.contains(&field), "{kind} without {field}");
            }
        }
    }
}
