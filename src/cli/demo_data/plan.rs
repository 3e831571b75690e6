//! One subscription or purchase of a story: its current period and what was paid.

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
    /// The price of a full period, in dollar cents.
    price: i64,
    /// The add-on in a Google Play bundle.
    pub addon: Option<&'static Product>,
    pub sandbox: bool,
    pub family: bool,
    pub offering: Option<&'static str>,
    pub period_type: &'static str,
    pub start: i64,
    pub expires: Option<i64>,
    pub grace: Option<i64>,
    /// The end that the period had before a refund ended it.
    pub paid_until: Option<i64>,
    /// The price of this period in micro-units of the customer's currency.
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

    /// Access given by the team, without a price or an offering. The caller sets the end.
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

    /// Changes the product. The change takes effect with the next period.
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

    /// Starts the next period, a full one, at `start`.
    pub fn advance(&mut self, start: i64, market: &Market, seed: &mut Seed) {
        self.number += 1;
        self.transaction = next_transaction(self.store, &self.original, self.number, seed);
        self.period_type = "NORMAL";
        self.start = start;
        self.expires = Some(after(start, self.period, self.sandbox));
        self.grace = None;
        self.charge(market, 100);
    }

    /// The end of the period. Panics if the plan has none.
    pub fn period_end(&self) -> i64 {
        self.expires.expect("the plan has an end")
    }
}
