//! What customers buy: subscriptions with or without a trial or introductory price, renewals, changes of product, and
//! one-time purchases. A purchase starts at the story's clock.

use serde_json::json;

use super::calendar::{DAY, HOUR, MINUTE};
use super::catalog::product;
use super::event::overlay;
use super::plan::Plan;
use super::story::{Manner, Story};

impl Story {
    /// Sets how the following purchases are made.
    pub fn buying(mut self, manner: Manner) -> Story {
        self.manner = manner;
        self
    }

    pub fn buy(self, id: &str) -> Story {
        self.open(id).charged(100).bought("INITIAL_PURCHASE")
    }

    pub fn trial(mut self, id: &str, days: i64) -> Story {
        self = self.open(id);
        let plan = self.plan();
        plan.period_type = "TRIAL";
        plan.expires = Some(plan.start + days * DAY);
        self.bought("INITIAL_PURCHASE")
    }

    /// Buys the first period for `percent` of its price.
    pub fn intro(mut self, id: &str, percent: i64) -> Story {
        self = self.open(id);
        self.plan().period_type = "INTRO";
        self.charged(percent).bought("INITIAL_PURCHASE")
    }

    pub fn prepaid(mut self, id: &str) -> Story {
        self = self.open(id);
        self.plan().period_type = "PREPAID";
        self.charged(100).bought("INITIAL_PURCHASE")
    }

    /// Buys more prepaid time: a new order that ends one period after the old one would have ended.
    pub fn top_up(mut self) -> Story {
        let (id, old_end) = (self.plan().product.clone(), self.plan().period_end());
        self.plan().expires = Some(self.clock);
        let reason = json!({"expiration_reason": "UNSUBSCRIBE"});
        self = self.add_event("EXPIRATION", reason).open(&id);
        let plan = self.plan();
        plan.period_type = "PREPAID";
        plan.expires = Some(old_end + plan.period_end() - plan.start);
        self.charged(100).bought("INITIAL_PURCHASE")
    }

    /// Buys a Google Play subscription with an add-on.
    pub fn bundle(mut self, id: &str, addon: &str) -> Story {
        self = self.open(id);
        self.plan().add(product(addon));
        self.charged(100).bought("INITIAL_PURCHASE")
    }

    pub fn once(self, id: &str) -> Story {
        self.open(id).charged(100).bought("NON_RENEWING_PURCHASE")
    }

    /// Renews at the end of the period. Apple charges up to eight hours earlier.
    pub fn renew(mut self) -> Story {
        let plan = self.plan();
        let (period_end, apple) = (plan.period_end(), plan.store == "APP_STORE" && !plan.sandbox);
        let early = if apple { self.seed.below(8 * HOUR) } else { 0 };
        self.renewed(period_end, period_end - early)
    }

    pub fn renew_times(self, times: usize) -> Story {
        (0..times).fold(self, |story, _| story.renew())
    }

    pub fn renew_until_now(mut self) -> Story {
        while self.plan().period_end() <= self.now {
            self = self.renew();
        }
        self
    }

    /// As `renew_until_now`, with a Web Billing invoice before each renewal.
    pub fn invoice_until_now(mut self) -> Story {
        while self.plan().period_end() <= self.now {
            self.clock = self.plan().period_end() - MINUTE;
            self = self.invoice().renew();
        }
        self
    }

    /// Renews with a period that starts at `start`; the event has the time `event_at`.
    pub(super) fn renewed(mut self, start: i64, event_at: i64) -> Story {
        self.clock = event_at;
        let market = self.market;
        let (mut plan, seed) = (self.plan.take().expect("the customer has a plan to renew"), &mut self.seed);
        let converts = plan.period_type == "TRIAL";
        plan.advance(start, market, seed);
        self.plan = Some(plan);
        let mut more = self.money(1);
        overlay(&mut more, json!({"is_trial_conversion": converts}));
        self.add_event("RENEWAL", more)
    }

    /// Requests another product. Google Play names it only if the change waits for the period's end.
    pub fn ask_for(self, id: &str) -> Story {
        self.add_event("PRODUCT_CHANGE", json!({"new_product_id": id}))
    }

    /// Changes the product at once. Apple renews into the new product; Google Play sells a new subscription.
    pub fn change_now(self, id: &str) -> Story {
        if product(id).store == "PLAY_STORE" {
            return self.add_event("PRODUCT_CHANGE", json!({})).buy(id);
        }
        let mut story = self.ask_for(id);
        story.plan().sell(product(id));
        let now = story.clock;
        story.renewed(now, now)
    }

    /// Changes the product at the end of the period.
    pub fn renew_as(mut self, id: &str) -> Story {
        self.plan().sell(product(id));
        self.renew()
    }

    fn open(mut self, id: &str) -> Story {
        let mut plan = Plan::open(id, self.clock, self.manner.sandbox, &mut self.seed);
        plan.offering = self.manner.offering;
        plan.family = self.manner.family;
        if let Some(order) = self.manner.order.take() {
            plan.original = order.to_owned();
            plan.transaction = order.to_owned();
        }
        self.plan = Some(plan);
        self
    }

    fn charged(mut self, percent: i64) -> Story {
        let market = self.market;
        self.plan().charge(market, percent);
        self
    }

    fn bought(mut self, kind: &str) -> Story {
        let mut more = self.money(1);
        if self.plan().store == "RC_BILLING" {
            more["metadata"] = json!({
                "utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "calm_autumn",
                "utm_term": null, "utm_content": null,
            });
        }
        self.add_event(kind, more)
    }
}
