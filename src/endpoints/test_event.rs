//! The `TEST` event (§5.2): every common field with a sample value, which is often null, and no real customer.

use serde_json::{Value, json};

use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::{hex, random_bytes};

/// The body of a new test event with a random id.
///
/// # Errors
/// [`Error::Internal`] when the operating system has no random bytes.
pub fn body(now: Moment) -> Result<String, Error> {
    let id = hex(&random_bytes::<16>()?);
    let event = json!({
        "id": id,
        "type": "TEST",
        "event_timestamp_ms": now,
        "app_id": null,
        "app_user_id": "test_user",
        "original_app_user_id": "test_user",
        "aliases": ["test_user"],
        "subscriber_attributes": {},
        "product_id": "test_product",
        "entitlement_ids": null,
        "entitlement_id": null,
        "period_type": "NORMAL",
        "purchased_at_ms": now,
        "expiration_at_ms": now.plus_seconds(7_200),
        "store": "APP_STORE",
        "environment": "SANDBOX",
        "presented_offering_id": null,
        "price": null,
        "currency": null,
        "price_in_purchased_currency": null,
        "tax_percentage": null,
        "commission_percentage": null,
        "takehome_percentage": null,
        "transaction_id": null,
        "original_transaction_id": null,
        "is_family_share": null,
        "country_code": "US",
        "offer_code": null,
        "renewal_number": null,
        "metadata": null,
    });
    Ok(webhook_body(event))
}

fn webhook_body(event: Value) -> String {
    json!({ "api_version": "1.0", "event": event }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Delivery, EventType};

    #[test]
    fn a_test_event_can_be_read_as_an_event() {
        let body = body(Moment(1_795_453_200_000)).expect("a body");
        let event = Delivery::read_stored(&body, Moment(1_795_453_200_000)).expect("an event");
        assert_eq!((event.kind, event.price), (EventType::Test, None));
    }
}
