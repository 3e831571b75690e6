//! What is known here of a customer whom RevenueCat shows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;

use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::base::money::Micros;
use crate::catalog;
use crate::customers::attributes::{self, Stored};
use crate::customers::{facts, identity, stored_purchases, subject};
use crate::db::Conn;
use crate::db::schema::customers;
use crate::events::own::Subject;
use crate::events::{Environment, Store};
use crate::projection::{Kind, Payment, PaymentKind, Purchase, Revenue, TransactionKey, revenue_of};
use crate::stores::revenuecat::shown::{self, Shown};

/// A customer as known here.
#[derive(Debug, Default)]
pub struct Ours {
    pub customer: Option<CustomerId>,
    pub ids: BTreeSet<String>,
    pub attributes: HashMap<String, Stored>,
    pub purchases: Vec<Held>,
    /// Who else here has a purchase that RevenueCat shows with this customer: by the id of the transaction.
    pub elsewhere: BTreeMap<String, Holder>,
    /// The products that never renew, each with its store.
    pub non_renewing: BTreeSet<(String, String)>,
    /// The places of purchases of which nothing but what was found is known, and which RevenueCat shows no more by that id.
    pub found_only: BTreeSet<usize>,
    /// How many events the customer has: with another one, something has come meanwhile.
    pub events: i64,
}

/// A purchase, and what its transactions brought.
#[derive(Debug, Clone)]
pub struct Held {
    pub purchase: Purchase,
    pub transactions: HashMap<TransactionKey, Brought>,
}

/// What a transaction brought, or a purchase.
#[derive(Debug, Clone, Copy)]
pub struct Brought {
    pub revenue: Revenue,
    /// What was paid back of it, as far as events name amounts.
    pub refunded: Micros,
}

/// Somebody who has purchases.
#[derive(Debug, Clone)]
pub struct Holder {
    pub customer: CustomerId,
    pub subject: Subject,
    /// The purchases that a transfer moves.
    pub purchases: Vec<Held>,
}

impl Held {
    /// What all its transactions brought.
    pub fn brought(&self) -> Brought {
        let refunded = self.transactions.values().fold(Micros::ZERO, |sum, one| sum.plus(one.refunded));
        Brought { revenue: self.purchase.revenue, refunded }
    }

    /// What is known of a transaction.
    pub fn of(&self, transaction: &str) -> Option<Brought> {
        let key = TransactionKey::named(self.purchase.store.as_ref(), Some(transaction), None);
        self.transactions.get(&key).copied()
    }
}

/// Finds purchases by what their store calls them.
#[derive(Debug, Default)]
pub struct Index {
    by_id: HashMap<(Environment, String), usize>,
    by_transaction: HashMap<(Environment, TransactionKey), usize>,
}

impl Index {
    pub fn of(purchases: &[Held]) -> Index {
        let mut index = Index::default();
        for (place, held) in purchases.iter().enumerate() {
            let own = &held.purchase;
            let named = [own.transaction_id.as_deref(), own.original_transaction_id.as_deref(), Some(own.key.as_str())];
            for id in named.into_iter().flatten() {
                index.by_id.entry((own.environment, base_order(id).to_owned())).or_insert(place);
            }
            for transaction in held.transactions.keys() {
                index.by_transaction.entry((own.environment, *transaction)).or_insert(place);
            }
        }
        index
    }

    /// The place of the purchase that RevenueCat shows.
    pub fn find(&self, purchases: &[Held], theirs: &shown::Purchase) -> Option<usize> {
        let by_id = |id: &str| self.by_id.get(&(theirs.environment, base_order(id).to_owned()));
        let by_transaction = |id: &str| {
            let key = TransactionKey::named(Some(&theirs.store), Some(id), None);
            self.by_transaction.get(&(theirs.environment, key))
        };
        let is_of_store = |place: &usize| {
            purchases.get(*place).is_some_and(|held| held.purchase.store.as_ref() == Some(&theirs.store))
        };
        ids_of(theirs).find_map(|id| by_id(id).or_else(|| by_transaction(id)).copied().filter(is_of_store))
    }
}

/// What the store calls the transactions of a purchase, as far as RevenueCat says.
pub fn ids_of(theirs: &shown::Purchase) -> impl Iterator<Item = &str> {
    let periods = theirs.periods.iter().flatten().map(|period| period.transaction.as_str());
    std::iter::once(theirs.transaction.as_str()).chain(periods)
}

/// A Google order without the number of its renewal.
fn base_order(id: &str) -> &str {
    id.split_once("..").filter(|(base, _)| base.starts_with("GPA.")).map_or(id, |(base, _)| base)
}

impl Ours {
    /// Loads what is known of the customer with this id.
    pub fn load(conn: &mut Conn, project: ProjectId, shown: &Shown) -> QueryResult<Ours> {
        let mut ours = Ours::default();
        if let Some(customer) = identity::find(conn, project, &shown.app_user_id)? {
            ours.customer = Some(customer);
            ours.ids = subject::load(conn, customer)?.ids.into_iter().collect();
            let stored = attributes::queries::of_all(conn, &[customer])?;
            ours.attributes = stored.into_iter().map(|stored| (stored.key.clone(), stored)).collect();
            ours.purchases = held(conn, customer)?;
            ours.events = events_of(conn, customer)?;
        }
        if shown.purchases.iter().any(|theirs| theirs.is_subscription) {
            ours.non_renewing = catalog::queries::non_renewing(conn, project)?.into_iter().collect();
        }
        let index = Index::of(&ours.purchases);
        ours.look_for_found(conn, project, shown, &index)?;
        for theirs in shown.purchases.iter().filter(|theirs| theirs.store != Store::Promotional) {
            ours.look_elsewhere(conn, project, theirs)?;
        }
        Ok(ours)
    }

    /// Of a subscription whose payments are not listed, webhooks may name another first transaction than was found.
    fn look_for_found(&mut self, conn: &mut Conn, project: ProjectId, shown: &Shown, index: &Index) -> QueryResult<()> {
        let Some(customer) = self.customer else { return Ok(()) };
        let is_subscription = |theirs: &&shown::Purchase| theirs.is_subscription && theirs.store != Store::Promotional;
        let subscriptions: Vec<&shown::Purchase> = shown.purchases.iter().filter(is_subscription).collect();
        let matched: BTreeSet<usize> =
            subscriptions.iter().filter_map(|theirs| index.find(&self.purchases, theirs)).collect();
        for (place, held) in self.purchases.iter().enumerate().filter(|(place, _)| !matched.contains(place)) {
            let own = &held.purchase;
            let is_same = |theirs: &&shown::Purchase| {
                theirs.product.as_deref() == Some(&own.product_id) && own.store.as_ref() == Some(&theirs.store)
            };
            if own.kind != Kind::Subscription || !subscriptions.iter().any(is_same) {
                continue;
            }
            let numbers: Vec<EventId> = own.numbers().collect();
            let payments = stored_purchases::payments_of(conn, customer, &numbers)?;
            let events: Vec<EventId> = payments.into_iter().map(|payment| payment.event).collect();
            let facts = facts::of_events(conn, facts::Since::beginning(project, customer), &events)?;
            if !facts.is_empty() && facts.values().all(|fact| fact.event.snapshot.is_some()) {
                self.found_only.insert(place);
            }
        }
        Ok(())
    }

    /// Whether the catalog has the product of a purchase as one that never renews.
    pub fn is_non_renewing(&self, theirs: &shown::Purchase) -> bool {
        let product = theirs.product.clone().unwrap_or_default();
        self.non_renewing.contains(&(theirs.store.as_str().to_owned(), product))
    }

    /// Looks for other customers who have a transaction of the purchase: all of it, or what came before it moved.
    fn look_elsewhere(&mut self, conn: &mut Conn, project: ProjectId, theirs: &shown::Purchase) -> QueryResult<()> {
        let others = stored_purchases::holders_named_by_store(conn, project, ids_of(theirs))?;
        for customer in others.into_iter().filter(|other| Some(*other) != self.customer) {
            let mut purchases = held(conn, customer)?;
            purchases.retain(|own| own.purchase.kind != Kind::Grant);
            if Index::of(&purchases).find(&purchases, theirs).is_some() {
                let holder = Holder { customer, subject: subject::load(conn, customer)?, purchases };
                self.elsewhere.insert(theirs.transaction.clone(), holder);
            }
        }
        Ok(())
    }
}

/// How many events a customer has.
pub fn events_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<i64> {
    customers::table.find(customer).select(customers::events_count).first(conn)
}

fn held(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Held>> {
    let purchases = stored_purchases::load_numbered(conn, stored_purchases::numbered(vec![customer]))?;
    let mut by_purchase: HashMap<EventId, BTreeMap<TransactionKey, Vec<Payment>>> = HashMap::new();
    let numbers: Vec<EventId> = purchases.iter().flat_map(|(_, purchase)| purchase.numbers()).collect();
    for payment in stored_purchases::payments_of(conn, customer, &numbers)? {
        by_purchase.entry(payment.purchase).or_default().entry(payment.transaction).or_default().push(payment);
    }
    let held = |(_, purchase): (CustomerId, Purchase)| {
        let all = purchase.numbers().filter_map(|number| by_purchase.get(&number)).flatten();
        let transactions = all.map(|(key, of_one)| (*key, brought(of_one))).collect();
        Held { purchase, transactions }
    };
    Ok(purchases.into_iter().map(held).collect())
}

fn brought(payments: &[Payment]) -> Brought {
    let refunded = payments.iter().fold(Micros::ZERO, |sum, payment| {
        let amount = payment.amount.unwrap_or_default();
        match payment.kind {
            PaymentKind::Charge => sum,
            PaymentKind::Refund => sum.plus(amount),
            PaymentKind::Reversal => sum.minus(amount),
        }
    });
    Brought { revenue: revenue_of(payments), refunded }
}
