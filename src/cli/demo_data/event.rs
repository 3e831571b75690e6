//! The fields of a webhook event: the fields of every event, of the customer and of the purchase.

use serde_json::{Value, json};

use super::market::Market;
use super::plan::Plan;
use super::store::{app_id, commission};
use super::story::Story;

impl Story {
    /// Adds an event about the plan, a few seconds after the story's clock.
    pub(super) fn add_event(mut self, kind: &str, more: Value) -> Story {
        let mut event = self.webhook_body(kind);
        overlay(&mut event, self.identity());
        overlay(&mut event, self.purchase());
        overlay(&mut event, more);
        self.add(event);
        self
    }

    /// Adds an event about the customer, without a purchase.
    pub(super) fn add_customer_event(mut self, kind: &str, more: Value) -> Story {
        let mut event = self.webhook_body(kind);
        overlay(&mut event, self.identity());
        overlay(&mut event, more);
        self.add(event);
        self
    }

    /// The price of the current period; `sign` is -1 for a refund.
    pub(super) fn money(&mut self, sign: i64) -> Value {
        if self.manner.unpriced {
            return json!({"price": null, "price_in_purchased_currency": null, "currency": null});
        }
        let paid = self.plan().paid;
        let dollars = self.market.dollars(paid);
        json!({"price": decimal(sign * dollars), "price_in_purchased_currency": decimal(sign * paid)})
    }

    pub(super) fn webhook_body(&mut self, kind: &str) -> Value {
        let delay = 1_200 + self.seed.below(9_000);
        self.clock = (self.clock + delay).min(self.now);
        let id = self.seed.uuid().to_uppercase();
        json!({"type": kind, "id": id, "event_timestamp_ms": self.clock})
    }

    fn identity(&self) -> Value {
        let mut part = json!({
            "app_user_id": self.customer.app_user_id,
            "original_app_user_id": self.ids[0],
            "aliases": self.ids,
            "subscriber_attributes": self.attributes,
            "country_code": self.market.country,
        });
        if !self.experiments.is_empty() {
            part["experiments"] = json!(self.experiments);
        }
        part
    }

    fn purchase(&mut self) -> Value {
        let (market, plan) = (self.market, self.plan());
        let mut part = plan.fields();
        let share = commission(plan.store);
        part["currency"] = json!(market.currency);
        part["tax_percentage"] = json!(market.tax);
        part["commission_percentage"] = json!(share);
        part["takehome_percentage"] = json!(((1.0 - share) * 1_000.0).round() / 1_000.0);
        if let Some(addon) = plan.addon {
            let extra = market.local(addon.price);
            let base = plan.item("base", &plan.product, plan.paid - extra, market);
            part["items"] = json!([base, plan.item("addon", addon.id, extra, market)]);
        }
        part
    }
}

impl Plan {
    fn fields(&self) -> Value {
        let mut part = json!({
            "store": self.store,
            "environment": if self.sandbox { "SANDBOX" } else { "PRODUCTION" },
            "product_id": self.product,
            "period_type": self.period_type,
            "purchased_at_ms": self.start,
            "expiration_at_ms": self.expires,
            "transaction_id": self.transaction,
            "original_transaction_id": self.original,
            "presented_offering_id": self.offering,
            "is_family_share": self.family,
            "price": 0.0,
            "price_in_purchased_currency": 0.0,
        });
        part["entitlement_ids"] = json!(Some(&self.unlocks).filter(|ids| !ids.is_empty()));
        part["entitlement_id"] = Value::Null;
        part["offer_code"] = Value::Null;
        part["renewal_number"] = json!(self.number);
        if let Some(app) = app_id(self.store) {
            part["app_id"] = json!(app);
        }
        part
    }

    /// One product of a bundle.
    fn item(&self, kind: &str, product: &str, price: i64, market: &Market) -> Value {
        json!({
            "product_id": product, "type": kind, "price": decimal(market.dollars(price)),
            "price_in_purchased_currency": decimal(price), "currency": market.currency,
            "expiration_at_ms": self.expires,
        })
    }
}

/// Micro-units as a JSON number of whole units.
fn decimal(micros: i64) -> Value {
    json!(micros as f64 / 1_000_000.0)
}

/// Copies the fields of `more` into `event` and replaces fields of the same name.
pub(super) fn overlay(event: &mut Value, more: Value) {
    if let Value::Object(fields) = more {
        for (key, value) in fields {
            event[key] = value;
        }
    }
}
