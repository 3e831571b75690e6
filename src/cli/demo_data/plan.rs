//! One subscription or purchase while its story is being told: the period it is in and what was paid.

use super::calendar::after;
use super::catalog::{Product, product};
use super::market::Market;
use super::seed::Seed;
use super::store::{first_transaction, next_transaction};

#[derive(Default)]
pub struct Plan {
    pub product: String,
    pub store: &'static str,
    pub unlocks: Vec<&'static str>,
    period: &'static str,
    /// Dollar cents of a full period.
    price: i64,
    /// The product sold on top, in a bundle of Google Play.
    pub addon: Option<&'static Product>,
    pub sandbox: bool,
    pub family: bool,
    pub offering: Option<&'static str>,
    pub period_type: &'static str,
    pub start: i64,
    pub expires: Option<i64>,
    pub grace: Option<i64>,
    /// Where a refund cut the period short: the end it had before.
    pub paid_until: Option<i64>,
    /// Micro-units of the customer's currency for this period.
    pub paid: i64,
    pub original: String,
    pub transaction: String,
    pub number: i64,
}

impl Plan {
    pub fn open(id: &str, start: i64, sandbox: bool, seed: &mut Seed) -> Plan {
        let sold = product(id);
        let ends = !sold.period.is_empty();
        let mut plan = Plan::granted(id.to_owned(), start, seed);
        plan.store = sold.store;
        plan.sandbox = sandbox;
        plan.original = first_transaction(sold.store, seed);
        plan.transaction.clone_from(&plan.original);
        plan.period_type = "NORMAL";
        plan.sell(sold);
        plan.expires = ends.then(|| after(start, sold.period, sandbox));
        plan
    }

    /// Access given by the team: no price, no offering, an end of its own.
    pub fn granted(id: String, start: i64, seed: &mut Seed) -> Plan {
        let transaction = seed.hex(32);
        Plan {
            product: id,
            store: "PROMOTIONAL",
            period_type: "PROMOTIONAL",
            start,
            original: transaction.clone(),
            transaction,
            number: 1,
            ..Plan::default()
        }
    }

    /// From its next period on, the chain is about this product.
    pub fn sell(&mut self, sold: &Product) {
        self.product = sold.id.to_owned();
        self.unlocks = sold.unlocks.to_vec();
        self.period = sold.period;
        self.price = sold.price;
    }

    pub fn add(&mut self, addon: &'static Product) {
        self.unlocks.extend(addon.unlocks);
        self.addon = Some(addon);
    }

    pub fn charge(&mut self, market: &Market, percent: i64) {
        let base = market.local(self.price * percent / 100);
        let addon = self.addon.map_or(0, |addon| market.local(addon.price));
        self.paid = if self.family { 0 } else { base + addon };
    }

    /// The next full period, beginning there.
    pub fn advance(&mut self, start: i64, market: &Market, seed: &mut Seed) {
        self.number += 1;
        self.transaction = next_transaction(self.store, &self.original, self.number, seed);
        self.period_type = "NORMAL";
        self.start = start;
        self.expires = Some(after(start, self.period, self.sandbox));
        self.grace = None;
        self.charge(market, 100);
    }

    /// The end of the period, for a plan that has one.
    pub fn period_end(&self) -> i64 {
        self.expires.expect("the plan has an end")
    }
}
