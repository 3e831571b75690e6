//! Steps of a story other than purchases: grants by the team, virtual currency, invoices, experiments, and transfers of
//! purchases between customers.

use serde_json::json;

use super::calendar::DAY;
use super::catalog::{PRO, product};
use super::event::overlay;
use super::plan::Plan;
use super::store::app_id;
use super::story::Story;

impl Story {
    /// The team grants Pro access, for one of the durations that it can choose.
    pub fn grant(mut self, duration: &str) -> Story {
        let days = match duration {
            "weekly" => 7,
            "monthly" => 31,
            "three_month" => 92,
            "lifetime" => 200 * 365,
            _ => unreachable!("no grant lasts {duration:?}"),
        };
        let id = format!("rc_promo_pro_{duration}");
        let mut plan = Plan::granted(id, self.clock, &mut self.seed);
        plan.unlocks = PRO.to_vec();
        plan.expires = Some(self.clock + days * DAY);
        self.plan = Some(plan);
        self.add_event("NON_RENEWING_PURCHASE", json!({}))
    }

    pub fn remove_grant(mut self) -> Story {
        self.plan().expires = Some(self.clock);
        self.cancel("DEVELOPER_INITIATED")
    }

    /// Adds or removes the currency of the last purchase.
    pub fn breaths(self, amount: i64) -> Story {
        self.currency(amount, "in_app_purchase")
    }

    pub fn currency(mut self, amount: i64, source: &str) -> Story {
        let mut more = json!({
            "adjustments": [{"amount": amount, "currency": {
                "code": "BRTH", "name": "Breaths", "description": "Spent on single guided sessions",
            }}],
            "source": source,
            "purchase_environment": if self.manner.sandbox { "SANDBOX" } else { "PRODUCTION" },
            "virtual_currency_transaction_id": format!("vatx{}", self.seed.hex(16)),
        });
        if let Some(plan) = self.plan.as_ref().filter(|_| source == "in_app_purchase") {
            let sold = product(&plan.product);
            let bought = json!({
                "app_id": app_id(plan.store), "store": plan.store, "product_id": plan.product,
                "product_display_name": sold.name, "transaction_id": plan.transaction,
            });
            overlay(&mut more, bought);
        }
        self.add_customer_event("VIRTUAL_CURRENCY_TRANSACTION", more)
    }

    /// Web Billing issues an invoice, which has an amount but no transaction yet.
    pub fn invoice(mut self) -> Story {
        let amount = self.money(1)["price_in_purchased_currency"].take();
        let more = json!({
            "purchased_at_ms": self.clock, "price_in_purchased_currency": amount, "price": null,
            "expiration_at_ms": null, "period_type": null, "entitlement_ids": null,
            "presented_offering_id": null, "transaction_id": null, "original_transaction_id": null,
            "takehome_percentage": null, "tax_percentage": null, "commission_percentage": null,
            "metadata": null, "renewal_number": null,
        });
        self.add_event("INVOICE_ISSUANCE", more)
    }

    pub fn enrol(mut self, experiment: &str, variant: &str, offering: &'static str) -> Story {
        let at = self.clock;
        self.experiments.push(json!({
            "experiment_id": experiment, "experiment_variant": variant, "enrolled_at_ms": at,
        }));
        self.manner.offering = Some(offering);
        let mut event = self.webhook_body("EXPERIMENT_ENROLLMENT");
        let more = json!({
            "app_user_id": self.customer.app_user_id, "original_app_user_id": self.ids[0],
            "aliases": self.ids, "experiment_id": experiment, "experiment_variant": variant,
            "offering_id": offering, "experiment_enrolled_at_ms": at,
        });
        overlay(&mut event, more);
        self.add(event);
        self
    }

    /// The App Store purchases of other customers are transferred to this one.
    pub fn receives_from(mut self, others: &[String]) -> Story {
        let mut event = self.webhook_body("TRANSFER");
        let more = json!({
            "app_id": app_id("APP_STORE"), "store": "APP_STORE", "environment": "PRODUCTION",
            "transferred_from": others, "transferred_to": self.ids,
        });
        overlay(&mut event, more);
        self.add(event);
        self
    }

    /// Continues with the plan of another story.
    pub fn taking_over(mut self, plan: Option<Plan>) -> Story {
        self.plan = plan;
        self
    }
}
