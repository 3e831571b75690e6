//! What is asked of RevenueCat here, each for a customer of its own, and how often it was done at both sides.

use diesel::prelude::*;
use dossier::customers::identity;
use dossier::db::schema::balances;
use dossier::events::Environment;
use dossier::wording::text::segment;
use serde_json::json;

use crate::support::Desk;
use crate::support::cast::{ADA, Person, SOL};
use crate::support::customers::{customer_id, grants_of, purchases_of, store_purchases_of};
use crate::support::events::{deliver, purchase};
use crate::support::stand_in::StandIn;

/// What a customer has of the currency before, and what is added.
const GOLD: i64 = 30;
const ADDED: i64 = 12;

/// Something that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Grant,
    Refund,
    Transfer,
    Delete,
    Coins,
}

pub const ACTS: [Act; 5] = [Act::Grant, Act::Refund, Act::Transfer, Act::Delete, Act::Coins];

/// A form: who sends it, where to, and with which fields.
pub struct Form {
    pub person: Person,
    pub path: String,
    pub fields: Vec<(&'static str, String)>,
}

impl Act {
    /// Whether it is read before it is sent whether it can be done.
    pub fn is_read_before(self) -> bool {
        self != Act::Coins
    }

    /// Whether it happens twice when it is sent twice.
    pub fn adds_up(self) -> bool {
        matches!(self, Act::Grant | Act::Refund | Act::Transfer)
    }

    /// The customer whom it concerns in a round.
    pub fn customer(self, round: usize) -> String {
        format!("{self:?}-{round}").to_lowercase()
    }

    /// Makes its customer, who has a subscription, at both sides.
    pub fn prepare(self, desk: &Desk, upstream: &StandIn, round: usize) {
        let id = self.customer(round);
        let fields = json!({ "store": "RC_BILLING", "currency": "USD", "price_in_purchased_currency": 9.99 });
        deliver(desk, desk.project, &[purchase(&id, 3, fields)]);
        upstream.change(&id, |one| (one.purchases, one.balance) = (1, GOLD));
        match self {
            Act::Refund => upstream.sell(&format!("t-{id}")),
            Act::Transfer => drop(deliver(desk, desk.project, &[purchase(&receiver(round), 4, json!({}))])),
            Act::Coins => drop(deliver(desk, desk.project, &[purchase(&id, 2, gold(&id))])),
            Act::Grant | Act::Delete => {}
        }
    }

    pub fn form(self, desk: &Desk, round: usize) -> Form {
        let id = self.customer(round);
        let (path, fields): (String, &[(&str, &str)]) = match self {
            Act::Grant => ("grants".into(), &[("entitlement", "pro"), ("duration", "weekly"), ("reason", "an outage")]),
            Act::Refund => {
                let key = segment(&format!("production.{}", store_purchases_of(desk, &id).remove(0)));
                (format!("purchases/{key}/refund"), &[("reason", "they asked")])
            }
            Act::Transfer => ("transfer".into(), &[("to", &receiver(round))]),
            Act::Delete => ("delete".into(), &[("confirm", &id)]),
            Act::Coins => ("currencies/GLD".into(), &[("change", "+12"), ("reason", "a lost level")]),
        };
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let person = if self == Act::Delete { ADA } else { SOL };
        Form { person, path: format!("/projects/sundial/customers/{id}/{path}"), fields }
    }

    /// How often it was done at the other side.
    pub fn done_there(self, upstream: &StandIn, round: usize) -> usize {
        let id = self.customer(round);
        let done = |path: &str| {
            let path = format!("/customers/{id}{path}");
            upstream.done().iter().filter(|call| call.path.ends_with(&path)).count()
        };
        match self {
            Act::Grant => done("/actions/grant_entitlement"),
            Act::Refund => upstream.refunds(&format!("t-{id}")),
            Act::Transfer => done("/actions/transfer"),
            Act::Delete => done(""),
            Act::Coins => times(upstream.customer(&id).map_or(0, |one| one.balance)),
        }
    }

    /// How often it was done here.
    pub fn done_here(self, desk: &Desk, round: usize) -> usize {
        let id = self.customer(round);
        match self {
            Act::Grant => grants_of(desk, &id).len(),
            Act::Refund => usize::from(purchases_of(desk, &id).remove(0).refunded_at.is_some()),
            Act::Transfer => store_purchases_of(desk, &receiver(round)).len() - 1,
            Act::Delete => usize::from(desk.read(|conn| identity::find(conn, desk.project, &id)).is_none()),
            Act::Coins => {
                let held = balances::table.find((customer_id(desk, &id), Environment::Production, "GLD"));
                times(desk.read(|conn| held.select(balances::amount).first::<i64>(conn)))
            }
        }
    }

    /// No purchase is with both of those between whom purchases move, or with neither. No server runs meanwhile.
    pub fn assert_nobody_has_it_twice(desk: &Desk, round: usize) {
        let ids = [Act::Transfer.customer(round), receiver(round)];
        let [from, to] = ids.map(|id| store_purchases_of(desk, &id).len());
        assert!([(1, 1), (0, 2)].contains(&(from, to)), "round {round}: {from} and {to}");
    }

    /// How often the other side was asked to do it, so far as it has heard.
    pub fn arrivals(self, upstream: &StandIn, round: usize) -> usize {
        let (of, sale) = (format!("/customers/{}", self.customer(round)), format!("sub-t-{}/", self.customer(round)));
        let is_own = |path: &str| path.contains(&sale) || path.ends_with(&of) || path.contains(&format!("{of}/"));
        upstream.changes().iter().filter(|call| is_own(&call.path)).count()
    }
}

/// How often gold was added to what was there.
fn times(held: i64) -> usize {
    assert_eq!((held - GOLD) % ADDED, 0, "{held} is no number of additions");
    usize::try_from((held - GOLD) / ADDED).expect("no less than before")
}

fn receiver(round: usize) -> String {
    format!("receiver-{round}")
}

fn gold(id: &str) -> serde_json::Value {
    json!({
        "id": format!("gold of {id}"), "type": "VIRTUAL_CURRENCY_TRANSACTION", "source": "in_app_purchase",
        "environment": null, "purchase_environment": "PRODUCTION", "virtual_currency_transaction_id": format!("vatx-{id}"),
        "adjustments": [{ "amount": GOLD, "currency": { "code": "GLD", "name": "Gold" } }],
    })
}
