//! Which events say what others say better (§6.7). What Dossier read in an export, or found by comparison, yields to the
//! store's own event of the same thing, and to what was read later. It depends on nothing but the events, so the order in
//! which they came does not matter.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Fact, totals};
use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::base::money::Micros;
use crate::events::kinds::{Changes, PurchaseChange};
use crate::events::{Environment, Event, Reason, Snapshot, Store};

/// Two reports of one cancellation or one billing issue have times at most so many milliseconds apart.
const SAME_TIME_MS: i64 = 2 * 3_600_000;
/// Two reports of one transaction, of which one names no renewal number, have times of purchase at most so far apart.
const SAME_START_MS: i64 = 86_400_000;
/// What is left of a refund and is less than a cent was never paid back: sources round dollars differently.
pub(super) const ROUNDING: Micros = Micros(10_000);

/// What an event says of a transaction. Only events that say the same can stand for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aspect {
    /// The purchase or the renewal itself.
    Start,
    Refund,
    OptOut,
    BillingIssue,
    /// Access has ended.
    End,
    Pause,
}

/// The facts that count, and those that yield to them.
#[derive(Debug, Default)]
pub(super) struct Sifted {
    pub counting: Vec<Fact>,
    pub yielded: Vec<Fact>,
}

/// Takes out the facts that yield. Of a refund that others report in part, the rest counts.
pub(super) fn sift(facts: Vec<Fact>) -> Sifted {
    if facts.iter().all(|fact| fact.event.snapshot.is_none()) {
        return Sifted { counting: facts, yielded: Vec::new() };
    }
    let verdicts = Transactions::of(&facts).verdicts(&facts);
    let mut sifted = Sifted::default();
    for fact in facts {
        match verdicts.get(&fact.row) {
            None => sifted.counting.push(fact),
            Some(Verdict::Yields) => sifted.yielded.push(fact),
            Some(Verdict::Pays(left)) => {
                let event = Event { price: Some(*left), ..(*fact.event).clone() };
                sifted.counting.push(Fact { event: Arc::new(event), ..fact });
            }
        }
    }
    sifted
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Verdict {
    Yields,
    /// It names a sum of which only so much is not reported by others; less than nothing for a refund.
    Pays(Micros),
}

/// Environment, store, and an id of the store.
type Key<'a> = (Environment, &'a str, &'a str);

/// Events about purchases.
#[derive(Default)]
struct Transactions<'a> {
    /// By their transactions: the id is the one that all renewals of a Google order share.
    all: HashMap<Key<'a>, Vec<&'a Event>>,
    /// By their subscriptions, where one of them names a total: the id is that of the first transaction.
    with_totals: HashMap<Key<'a>, Vec<&'a Fact>>,
}

impl<'a> Transactions<'a> {
    fn of(facts: &'a [Fact]) -> Transactions<'a> {
        let mut transactions = Transactions::default();
        let mut seen = HashSet::new();
        let facts: Vec<&Fact> = facts.iter().filter(|fact| seen.insert(fact.event.id.as_str())).collect();
        let totals = facts.iter().filter(|fact| total_of(&fact.event).is_some());
        transactions.with_totals =
            totals.filter_map(|fact| Some((key_of_subscription(&fact.event)?, Vec::new()))).collect();
        for fact in facts {
            let subscription = key_of_subscription(&fact.event).and_then(|key| transactions.with_totals.get_mut(&key));
            if let Some(subscription) = subscription {
                subscription.push(fact);
            }
            if let (Some(key), None) = (key(&fact.event), total_of(&fact.event)) {
                transactions.all.entry(key).or_default().push(&fact.event);
            }
        }
        transactions
    }

    fn verdicts(&self, facts: &'a [Fact]) -> HashMap<EventId, Verdict> {
        let verdict = |event: &'a Event| match &event.snapshot {
            Some(snapshot) => self.verdict(event, snapshot),
            None => self.is_filled_up(event).then_some(Verdict::Yields),
        };
        let others = facts.iter().filter(|fact| total_of(&fact.event).is_none());
        let mut verdicts: HashMap<EventId, Verdict> =
            others.filter_map(|fact| Some((fact.row, verdict(&fact.event)?))).collect();
        for subscription in self.with_totals.values() {
            let of_totals = totals::verdicts(subscription, &verdicts);
            verdicts.extend(of_totals);
        }
        verdicts
    }

    /// Whether Dossier read of a purchase or renewal what the store's own event leaves out.
    fn is_filled_up(&self, own: &Event) -> bool {
        let is_start = aspects(own).contains(&Aspect::Start);
        let of_transaction = || key(own).and_then(|key| self.all.get(&key)).into_iter().flatten().copied();
        let subscription = || key_of_subscription(own).and_then(|key| self.with_totals.get(&key)).into_iter().flatten();
        let totals = || subscription().map(|fact| &*fact.event).filter(|event| total_of(event).is_some());
        let same = || of_transaction().chain(totals());
        is_start
            && same().any(|read| {
                read.snapshot.is_some()
                    && aspects(read).contains(&Aspect::Start)
                    && is_same_transaction(read, own)
                    && is_same_start(read, own)
                    && lacks(own, read)
            })
    }

    fn verdict(&self, event: &Event, snapshot: &Snapshot) -> Option<Verdict> {
        let aspect = *aspects(event).first()?;
        let same = self.all.get(&key(event)?).into_iter().flatten();
        let others: Vec<&Event> = same.copied().filter(|other| is_same_transaction(event, other)).collect();
        let later =
            |other: &&Event| other.snapshot.as_ref().is_some_and(|theirs| is_later((snapshot, event), (theirs, other)));
        if others.iter().any(later) {
            return Some(Verdict::Yields);
        }
        let stores_own =
            others.iter().copied().filter(|other| other.snapshot.is_none() && aspects(other).contains(&aspect));
        let switched_on = others.iter().filter(|other| is_switched_on(other) && other.event_at <= event.event_at);
        let on_since = switched_on.map(|other| other.event_at).max();
        let stores_own = stores_own.filter(|other| match is_found(event) {
            false => is_of_same_time(aspect, event, other),
            // It had happened when it was found, at the latest.
            true => is_told_before(aspect, event, other, on_since),
        });
        let stores_own: Vec<&Event> =
            stores_own.filter(|other| aspect != Aspect::Start || !lacks(other, event)).collect();
        match aspect {
            _ if stores_own.is_empty() => None,
            Aspect::Refund => left_of(event, &stores_own, snapshot.as_of),
            Aspect::Start | Aspect::OptOut | Aspect::BillingIssue | Aspect::End | Aspect::Pause => {
                Some(Verdict::Yields)
            }
        }
    }
}

/// Whether an event leaves out what another one names: the price, the product, or the end of the period.
pub(super) fn lacks(own: &Event, other: &Event) -> bool {
    (own.price.is_none() && other.price.is_some())
        || (own.product_id.is_none() && other.product_id.is_some())
        || (own.expires_at.is_none() && other.expires_at.is_some())
}

/// What stores' own refunds leave of one that names the sum of all until then.
fn left_of(event: &Event, stores_own: &[&Event], as_of: Moment) -> Option<Verdict> {
    let until = Moment(as_of.millis().saturating_add(SAME_TIME_MS));
    let stores_own: Vec<&&Event> = stores_own.iter().filter(|refund| refund.event_at <= until).collect();
    if stores_own.is_empty() {
        return None;
    }
    let stated = |event: &Event| event.price.map(Micros::abs).filter(|amount| *amount != Micros::ZERO);
    let Some(sum) = stated(event) else { return Some(Verdict::Yields) };
    let paid_back = stores_own.iter().try_fold(Micros::ZERO, |all, refund| Some(all.plus(stated(refund)?)));
    // A refund without an amount gives back everything.
    let left = paid_back.map_or(Micros::ZERO, |paid_back| sum.minus(paid_back));
    Some(if left < ROUNDING { Verdict::Yields } else { Verdict::Pays(Micros::ZERO.minus(left)) })
}

/// What a subscription had brought, where an event says that and no payments one by one.
fn total_of(event: &Event) -> Option<Micros> {
    event.snapshot.as_ref()?.total
}

pub(super) fn is_same_start(one: &Event, other: &Event) -> bool {
    let times = one.purchased_at.zip(other.purchased_at);
    times.is_none_or(|(one, other)| one.since(other).abs() <= SAME_START_MS)
}

/// Whether another reading of a transaction takes the place of this one: a later one of all that is known of it, or one of the
/// same thing.
fn is_later((own, event): (&Snapshot, &Event), (theirs, other): (&Snapshot, &Event)) -> bool {
    let replaces_whole = own.whole.is_some() && theirs.whole.is_some();
    let is_same_whole = replaces_whole && own == theirs;
    let says_the_same = aspects(event).iter().any(|aspect| aspects(other).contains(aspect));
    !is_same_whole && (replaces_whole || says_the_same) && (own, &event.id) < (theirs, &other.id)
}

/// What an event says. A cancellation can be a refund and the end of renewal.
fn aspects(event: &Event) -> Vec<Aspect> {
    use PurchaseChange::{
        Begin, BuyOnce, Cancel, ChangeProduct, Expire, Extend, FailBilling, GrantTemporarily, Pause, Renew,
        ReverseRefund, Uncancel,
    };
    let Changes::Purchase(change) = event.kind.traits().changes else { return Vec::new() };
    match change {
        Begin | Renew | BuyOnce => vec![Aspect::Start],
        Cancel => of_cancellation(event),
        FailBilling => vec![Aspect::BillingIssue],
        Expire => vec![Aspect::End],
        Pause => vec![Aspect::Pause],
        ChangeProduct | Uncancel | Extend | ReverseRefund | GrantTemporarily => Vec::new(),
    }
}

fn of_cancellation(event: &Event) -> Vec<Aspect> {
    let refund = event.is_refund().then_some(Aspect::Refund);
    let other = match event.cancel_reason {
        _ if event.is_promotional() => Some(Aspect::End),
        // The companion of a billing issue says less than that: nothing of the grace period.
        Some(Reason::BillingError | Reason::CustomerSupport) => None,
        None if refund.is_some() => None,
        Some(
            Reason::Unsubscribe
            | Reason::DeveloperInitiated
            | Reason::PriceIncrease
            | Reason::Unknown
            | Reason::SubscriptionPaused
            | Reason::UnknownDueToImport
            | Reason::Other(_),
        )
        | None => Some(Aspect::OptOut),
    };
    refund.into_iter().chain(other).collect()
}

/// Whether two reports are of one event, as far as their times tell. A transaction begins, ends and is paused once, and its
/// refunds are added up; but renewal can be switched off and on again.
fn is_of_same_time(aspect: Aspect, one: &Event, other: &Event) -> bool {
    match aspect {
        Aspect::OptOut | Aspect::BillingIssue => one.event_at.since(other.event_at).abs() <= SAME_TIME_MS,
        Aspect::Start | Aspect::Refund | Aspect::End | Aspect::Pause => true,
    }
}

/// Whether Dossier found it by asking, one thing by itself, instead of reading all that a source says of a transaction.
fn is_found(event: &Event) -> bool {
    event.snapshot.as_ref().is_some_and(|snapshot| snapshot.whole.is_none())
}

/// Whether a report that was told is of what was found by asking: of renewal that was switched off, the newest time.
fn is_told_before(aspect: Aspect, found: &Event, told: &Event, on_since: Option<Moment>) -> bool {
    match aspect {
        Aspect::OptOut | Aspect::BillingIssue => {
            told.event_at.since(found.event_at) <= SAME_TIME_MS && on_since.is_none_or(|on| on < told.event_at)
        }
        Aspect::Start | Aspect::Refund | Aspect::End | Aspect::Pause => true,
    }
}

/// Whether an event says that renewal is on again.
fn is_switched_on(event: &Event) -> bool {
    event.kind.traits().changes == Changes::Purchase(PurchaseChange::Uncancel)
}

fn key(event: &Event) -> Option<Key<'_>> {
    keyed(event, event.transaction_id.as_deref()?)
}

fn key_of_subscription(event: &Event) -> Option<Key<'_>> {
    keyed(event, event.original_transaction_id.as_deref().or(event.transaction_id.as_deref())?)
}

fn keyed<'a>(event: &'a Event, id: &'a str) -> Option<Key<'a>> {
    let Changes::Purchase(_) = event.kind.traits().changes else { return None };
    let base = if event.store == Some(Store::PlayStore) { base_order(id).0 } else { id };
    Some((event.purchase_environment(), event.store.as_ref().map_or("", Store::as_str), base))
}

/// A Google order without the number of its renewal, and that number.
fn base_order(id: &str) -> (&str, Option<i64>) {
    match id.rsplit_once("..") {
        Some((base, number)) => (base, number.parse().ok()),
        None => (id, None),
    }
}

/// Whether two events of the same id are about the same transaction. Apple's ids are of one transaction; in other stores the
/// number of the renewal has to be the same, or the time where one of them has no number.
fn is_same_transaction(one: &Event, other: &Event) -> bool {
    if matches!(one.store, Some(Store::AppStore | Store::MacAppStore)) {
        return true;
    }
    match (renewal(one), renewal(other)) {
        (Some(own), Some(theirs)) => own == theirs,
        (None, _) | (_, None) => match (one.purchased_at, other.purchased_at) {
            (Some(own), Some(theirs)) => own.since(theirs).abs() <= SAME_START_MS,
            (None, _) | (_, None) => true,
        },
    }
}

/// The number of the renewal, from 1. The first renewal of a Google order ends in `..0`.
fn renewal(event: &Event) -> Option<i64> {
    let of_order = event.transaction_id.as_deref().filter(|_| event.store == Some(Store::PlayStore));
    of_order.and_then(|id| base_order(id).1).map(|number| number + 2).or(event.renewal_number)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fold;
    use super::*;
    use crate::base::clock::Moment;
    use crate::base::ids::CustomerId;
    use crate::events::Delivery;

    const HOUR: i64 = 3_600_000;
    const LENA: CustomerId = CustomerId(1);

    /// A purchase of ten dollars at hour 0, changed.
    fn fact(changes: Value) -> Fact {
        let mut event = json!({
            "type": "RENEWAL", "event_timestamp_ms": 0, "product_id": "monthly", "store": "APP_STORE",
            "purchased_at_ms": 0, "expiration_at_ms": 720 * HOUR, "transaction_id": "7", "price": 10,
            "original_transaction_id": "7", "environment": "PRODUCTION",
        });
        for (key, value) in changes.as_object().into_iter().flatten() {
            event[key] = value.clone();
        }
        event["id"] = json!(changes.to_string());
        let event = Delivery::read_stored(&json!({ "event": event }).to_string(), Moment::NEVER).expect("it reads");
        let row = EventId(changes.to_string().bytes().fold(7, |sum, byte| sum * 31 % 1_000_000_007 + i64::from(byte)));
        Fact { row, event: Arc::new(event), customer: LENA, lost_by: None }
    }

    fn read(changes: Value) -> Fact {
        let mut all = json!({ "dossier_origin": "import", "dossier_as_of_ms": 900 * HOUR, "dossier_whole": "a" });
        for (key, value) in changes.as_object().into_iter().flatten() {
            all[key] = value.clone();
        }
        fact(all)
    }

    fn refund(price: f64) -> Value {
        json!({ "type": "CANCELLATION", "cancel_reason": "CUSTOMER_SUPPORT", "price": -price, "event_timestamp_ms": HOUR })
    }

    fn with(mut one: Value, other: Value) -> Value {
        for (key, value) in other.as_object().into_iter().flatten() {
            one[key] = value.clone();
        }
        one
    }

    fn spent(facts: &[Fact]) -> f64 {
        let states = fold(facts.to_vec());
        let backwards = fold(facts.iter().rev().cloned().collect());
        assert_eq!(states, backwards);
        let net: i64 = states[&LENA].purchases.iter().map(|purchase| purchase.revenue.net.0).sum();
        net as f64 / 1e6
    }

    fn yields(facts: &[Fact]) -> usize {
        sift(facts.to_vec()).yielded.len()
    }

    #[test]
    fn an_imported_purchase_yields_to_the_stores_own_event_of_the_same_transaction() {
        let own = || fact(json!({ "price": 9 }));
        assert_eq!((spent(&[read(json!({})), own()]), yields(&[read(json!({})), own()])), (9.0, 1));
        for other in [
            json!({ "transaction_id": "8" }),
            json!({ "environment": "SANDBOX" }),
            json!({ "store": "AMAZON" }),
            json!({ "type": "BILLING_ISSUE" }),
        ] {
            assert_eq!(yields(&[read(json!({})), fact(other.clone())]), 0, "{other}");
        }
    }

    #[test]
    fn what_the_stores_own_event_leaves_out_is_read_elsewhere() {
        let own = || fact(json!({ "price": null }));
        assert_eq!(
            (spent(&[own()]), spent(&[own(), read(json!({}))]), yields(&[own(), read(json!({}))])),
            (0.0, 10.0, 1)
        );
        assert_eq!(spent(&[fact(json!({ "price": 9, "expiration_at_ms": null })), read(json!({}))]), 10.0);
        assert_eq!(yields(&[own(), read(json!({ "price": null }))]), 1, "the read one knows no more");
        assert_eq!(yields(&[own(), read(json!({ "transaction_id": "8" }))]), 0);
        let whole = fact(json!({ "price": 9 }));
        assert_eq!(spent(&[own(), whole.clone(), read(json!({}))]), 9.0);
    }

    #[test]
    fn renewals_of_one_id_are_told_apart_by_their_numbers() {
        let of = |store: &str, id: &str, number: Value| json!({ "store": store, "transaction_id": id, "renewal_number": number });
        let same = |one: Value, other: Value| yields(&[read(one), fact(other)]) == 1;
        assert!(same(of("STRIPE", "s", json!(2)), of("STRIPE", "s", json!(2))));
        assert!(!same(of("STRIPE", "s", json!(2)), of("STRIPE", "s", json!(3))));
        assert!(same(of("STRIPE", "s", json!(2)), of("STRIPE", "s", json!(null))));
        let later = json!({ "purchased_at_ms": 800 * HOUR });
        assert!(!same(of("STRIPE", "s", json!(2)), with(of("STRIPE", "s", json!(null)), later)));
        assert!(same(of("PLAY_STORE", "GPA.1..1", json!(null)), of("PLAY_STORE", "GPA.1", json!(3))));
        assert!(!same(of("PLAY_STORE", "GPA.1..1", json!(3)), of("PLAY_STORE", "GPA.1..2", json!(3))));
        assert!(same(of("APP_STORE", "5", json!(2)), of("APP_STORE", "5", json!(3))));
    }

    #[test]
    fn of_an_imported_refund_the_part_counts_that_no_store_told_of() {
        let bought = || fact(json!({}));
        let (part, rest) =
            (|| fact(refund(3.0)), || fact(with(refund(2.0), json!({ "event_timestamp_ms": 2 * HOUR }))));
        let both = || read(refund(5.0));
        assert_eq!(spent(&[bought(), both()]), 5.0);
        assert_eq!(spent(&[bought(), both(), part()]), 5.0);
        assert_eq!(spent(&[bought(), both(), part(), rest()]), 5.0);
        assert_eq!(yields(&[bought(), both(), part()]), 0);
        assert_eq!(yields(&[bought(), both(), part(), rest()]), 1);
        let whole = || fact(with(refund(0.0), json!({ "price": null })));
        assert_eq!(spent(&[bought(), both(), whole()]), 0.0);
        let reversed = fact(json!({ "type": "REFUND_REVERSED", "price": 5, "event_timestamp_ms": 3 * HOUR }));
        assert_eq!(spent(&[bought(), both(), part(), rest(), reversed]), 10.0);
    }

    #[test]
    fn a_later_export_replaces_all_that_an_earlier_one_said_of_a_transaction() {
        let later =
            |changes: Value| read(with(json!({ "dossier_as_of_ms": 901 * HOUR, "dossier_whole": "b" }), changes));
        let earlier = [read(json!({})), read(refund(10.0))];
        assert_eq!(spent(&earlier), 0.0);
        let all = [earlier.to_vec(), vec![later(json!({}))]].concat();
        assert_eq!((spent(&all), yields(&all)), (10.0, 2));
    }

    #[test]
    fn what_was_found_by_comparison_stands_beside_an_export_and_replaces_the_same_thing() {
        let found = |changes: Value| {
            let own = json!({ "dossier_origin": "comparison", "dossier_as_of_ms": 950 * HOUR, "dossier_whole": null });
            read(with(own, changes))
        };
        assert_eq!(spent(&[read(json!({})), found(refund(4.0))]), 6.0);
        assert_eq!(spent(&[read(json!({})), read(refund(2.0)), found(refund(4.0))]), 6.0);
        assert_eq!(spent(&[read(json!({})), found(json!({ "price": 8 }))]), 8.0);
    }

    /// A payment of ten dollars at Roku, where each renewal has an id of its own, at the beginning of this period.
    fn paid(number: i64) -> Value {
        let at = (number - 1) * 720 * HOUR;
        json!({
            "store": "ROKU", "transaction_id": format!("order-{number}"), "original_transaction_id": "order-1",
            "renewal_number": number, "purchased_at_ms": at, "expiration_at_ms": at + 720 * HOUR, "event_timestamp_ms": at,
        })
    }

    /// What was found of that subscription in this period: it had brought so much.
    fn total(number: i64, dollars: f64, changes: Value) -> Fact {
        let own = json!({ "dossier_origin": "comparison", "dossier_whole": null, "dossier_total": dollars, "price": dollars });
        let found = json!({ "dossier_as_of_ms": (number * 720 - 1) * HOUR, "transaction_id": "order-1", "renewal_number": null });
        read(with(with(paid(number), own), with(found, changes)))
    }

    fn paid_back(number: i64, of: i64) -> Value {
        let at = json!({ "event_timestamp_ms": (number * 720 - 2) * HOUR, "id": format!("back {number} {of}") });
        with(with(paid(of), refund(10.0)), at)
    }

    #[test]
    fn of_a_total_what_others_report_is_taken_off_and_a_later_one_takes_its_place() {
        let exported = |number: i64| read(with(paid(number), json!({ "dossier_whole": format!("row {number}") })));
        let first = || total(2, 20.0, json!({}));
        let second = || total(3, 30.0, json!({}));
        assert_eq!(spent(&[first()]), 20.0);
        assert_eq!(spent(&[first(), second()]), 30.0);
        assert_eq!(spent(&[first(), fact(paid(1)), exported(2), second()]), 30.0);
        assert_eq!(spent(&[first(), fact(paid(3))]), 30.0, "what was paid after it is not in it");
        let unpriced = || fact(with(paid(2), json!({ "price": null })));
        assert_eq!(spent(&[first(), unpriced(), fact(paid(1))]), 20.0);
        let whole = [second(), exported(1), fact(paid(2)), fact(paid(3))];
        assert_eq!((spent(&whole), yields(&whole)), (30.0, 1));
    }

    #[test]
    fn what_was_paid_within_the_period_of_a_total_is_not_in_it_when_it_came_later() {
        let year = json!({ "expiration_at_ms": 9_000 * HOUR });
        let upgrade = json!({ "purchased_at_ms": 900 * HOUR, "event_timestamp_ms": 900 * HOUR, "price": 150 });
        assert_eq!(spent(&[total(1, 100.0, year), fact(with(paid(2), upgrade))]), 250.0);
    }

    #[test]
    fn a_total_is_less_refunds_whoever_tells_of_them() {
        let found = || total(3, 20.0, json!({}));
        let part = [fact(paid(1)), fact(paid_back(2, 1))];
        assert_eq!(spent(&[vec![found()], part.to_vec()].concat()), 20.0);
        let all = [fact(paid(1)), fact(paid(2)), fact(paid(3)), fact(paid_back(2, 1))];
        assert_eq!(spent(&[vec![found()], all.to_vec()].concat()), 20.0);
    }

    #[test]
    fn what_was_found_paid_back_where_payments_are_not_listed_is_of_all_of_them() {
        let bought = [fact(paid(1)), fact(paid(2)), fact(paid(3))];
        let found = |dollars: f64| {
            let of = json!({ "event_timestamp_ms": (3 * 720 - 1) * HOUR, "transaction_id": "order-3" });
            total(3, dollars, with(refund(30.0 - dollars), of))
        };
        let with_all = |more: &[Fact]| spent(&[bought.to_vec(), more.to_vec()].concat());
        assert_eq!(with_all(&[found(20.0)]), 20.0);
        assert_eq!(with_all(&[found(5.0)]), 5.0, "more than the newest transaction brought");
        assert_eq!(with_all(&[found(20.0), fact(paid_back(2, 1))]), 20.0);
        assert_eq!(with_all(&[found(20.0), fact(paid_back(4, 3))]), 10.0, "this one came later");
        assert_eq!(with_all(&[found(10.0), fact(paid_back(2, 1))]), 10.0);
        assert_eq!(spent(&[total(2, 20.0, json!({})), fact(paid(3)), found(20.0), fact(paid_back(2, 1))]), 20.0);
    }

    #[test]
    fn whichever_events_come_after_a_total_the_sum_is_that_of_the_ledger() {
        for seed in 1..400_u64 {
            let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mut below = |most: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % most
            };
            let (months, read_in) = (1 + below(6) as i64, 1 + below(6) as i64);
            let read_at = (read_in.min(months) * 720 - 1) * HOUR;
            let (mut ledger, mut before, mut all) = (0, 0, Vec::new());
            for month in 1..=months {
                all.push(fact(paid(month)));
                (ledger, before) = (ledger + 10, before + if (month - 1) * 720 * HOUR <= read_at { 10 } else { 0 });
                if below(3) == 0 {
                    let back_in = month + below(3) as i64;
                    all.push(fact(paid_back(back_in, month)));
                    let was_read = (back_in * 720 - 2) * HOUR <= read_at;
                    (ledger, before) = (ledger - 10, before - if was_read { 10 } else { 0 });
                }
            }
            let found = total(read_in.min(months), f64::from(before), json!({}));
            assert_eq!(spent(&[vec![found.clone()], all.clone()].concat()), f64::from(ledger), "all of {seed}");
            let later = |one: &Fact| {
                let is_charge = !one.event.is_refund();
                (if is_charge { one.event.purchased_at.expect("a time") } else { one.event.event_at }).0 > read_at
            };
            // Whatever of the past nobody reports is in the total.
            let some: Vec<Fact> =
                all.iter().filter(|one| later(one) || (!one.event.is_refund() && below(2) == 0)).cloned().collect();
            let reported: f64 = some.iter().filter(|one| !later(one)).count() as f64 * 10.0;
            let expected = f64::from(ledger).max(reported + f64::from(ledger - before));
            let has_refunds = some.iter().any(|one| one.event.is_refund());
            if !has_refunds {
                assert_eq!(spent(&[vec![found], some].concat()), expected, "some of {seed}");
            }
        }
    }

    #[test]
    fn a_refund_that_came_after_the_reading_is_another_one() {
        let part = |hours: i64| fact(with(refund(3.0), json!({ "event_timestamp_ms": hours * HOUR })));
        assert_eq!(spent(&[fact(json!({})), read(refund(3.0)), part(5)]), 7.0);
        assert_eq!(spent(&[fact(json!({})), read(refund(3.0)), part(5), part(950)]), 4.0);
    }

    #[test]
    fn renewal_that_was_found_switched_off_yields_to_the_newest_that_was_told_before() {
        let off = |hour: i64| json!({ "type": "CANCELLATION", "cancel_reason": "UNSUBSCRIBE", "event_timestamp_ms": hour * HOUR });
        let found = |hour: i64| read(with(json!({ "dossier_origin": "comparison", "dossier_whole": null }), off(hour)));
        let on = fact(json!({ "type": "UNCANCELLATION", "event_timestamp_ms": 20 * HOUR }));
        assert_eq!(yields(&[found(40), fact(off(10))]), 1);
        assert_eq!(yields(&[found(40), fact(off(50))]), 0);
        assert_eq!(yields(&[found(40), fact(off(10)), on.clone()]), 0, "it was switched on in between");
        assert_eq!(yields(&[found(40), fact(off(10)), on, fact(off(30))]), 1);
    }

    #[test]
    fn renewal_switched_off_twice_is_two_things() {
        let off = |hour: i64| json!({ "type": "CANCELLATION", "cancel_reason": "UNSUBSCRIBE", "event_timestamp_ms": hour * HOUR });
        assert_eq!(yields(&[read(off(10)), fact(off(11))]), 1);
        assert_eq!(yields(&[read(off(10)), fact(off(40))]), 0);
        let companion =
            json!({ "type": "CANCELLATION", "cancel_reason": "BILLING_ERROR", "event_timestamp_ms": 10 * HOUR });
        assert_eq!(yields(&[read(off(10)), fact(companion)]), 0);
    }
}
