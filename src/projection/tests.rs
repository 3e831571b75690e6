//! Tests of the rows of §6.2 and the money of §6.6, and that the order of deliveries does not matter.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::base::money::{Micros, Money};
use crate::events::{Delivery, Environment, EventType, Reason};

const DAY: i64 = 86_400_000;
const LENA: CustomerId = CustomerId(1);
const SANDY: CustomerId = CustomerId(2);

/// An event of Lena's monthly App Store subscription, `day` days after its start.
fn event(day: i64, kind: &str, extra: Value) -> Fact {
    fact_of(LENA, day, kind, extra)
}

fn fact_of(customer: CustomerId, day: i64, kind: &str, extra: Value) -> Fact {
    let mut fields = json!({
        "id": format!("{customer}-{day}-{kind}-{extra}"), "type": kind, "event_timestamp_ms": day * DAY,
        "product_id": "monthly", "period_type": "NORMAL", "purchased_at_ms": 0, "expiration_at_ms": 30 * DAY,
        "environment": "PRODUCTION", "entitlement_ids": ["pro"], "store": "APP_STORE",
        "transaction_id": "100", "original_transaction_id": "100", "price": 0,
    });
    for (key, value) in extra.as_object().into_iter().flatten() {
        fields[key] = value.clone();
    }
    let body = json!({ "event": fields }).to_string();
    let event = Delivery::read_stored(&body, Moment::NEVER).expect("the event reads");
    Fact { row: row_of(&event.id), event: Arc::new(event), customer, lost_by: None }
}

/// The row of an event: the same id is in the same row.
fn row_of(id: &str) -> EventId {
    EventId(id.bytes().fold(7, |sum, byte| sum * 31 % 1_000_000_007 + i64::from(byte)))
}

fn transfer(day: i64, from: CustomerId, to: CustomerId) -> Fact {
    let fields = json!({ "expiration_at_ms": null, "transaction_id": null, "original_transaction_id": null });
    Fact { lost_by: Some(from), ..fact_of(to, day, "TRANSFER", fields) }
}

fn initial() -> Fact {
    event(0, "INITIAL_PURCHASE", json!({ "price": 9.99 }))
}

fn renewal(number: i64) -> Fact {
    let extra = json!({
        "price": 9.99, "transaction_id": format!("{}", 100 + number), "renewal_number": number + 1,
        "purchased_at_ms": 30 * number * DAY, "expiration_at_ms": 30 * (number + 1) * DAY,
    });
    event(30 * number, "RENEWAL", extra)
}

fn lena(facts: Vec<Fact>) -> CustomerState {
    fold(facts).remove(&LENA).unwrap_or_default()
}

fn only(facts: Vec<Fact>) -> Purchase {
    let mut purchases = lena(facts).purchases;
    assert_eq!(purchases.len(), 1, "{purchases:#?}");
    purchases.remove(0)
}

fn spent(facts: Vec<Fact>) -> i64 {
    lena(facts).purchases.iter().map(|purchase| purchase.revenue.net.0).sum()
}

fn day(number: i64) -> Moment {
    Moment(number * DAY)
}

#[test]
fn a_cancellation_stops_the_renewal_and_not_the_access() {
    let cancelled = only(vec![initial(), event(5, "CANCELLATION", json!({ "cancel_reason": "UNSUBSCRIBE" }))]);
    assert_eq!(cancelled.status(day(6)), Status::Cancelled);
    assert!(!cancelled.will_renew() && cancelled.is_active(day(29)) && !cancelled.is_active(day(30)));
    let back = only(vec![
        initial(),
        event(5, "CANCELLATION", json!({ "cancel_reason": "UNSUBSCRIBE" })),
        event(6, "UNCANCELLATION", json!({})),
    ]);
    assert_eq!(back.status(day(6)), Status::Active);
}

#[test]
fn whose_transaction_a_refund_pays_back_does_not_depend_on_the_rows_of_events() {
    let bought = |customer, on: i64, transaction: &str, price: i64| {
        let fields = json!({ "price": price, "transaction_id": transaction, "purchased_at_ms": on * DAY });
        fact_of(customer, on, "RENEWAL", fields)
    };
    let refund = json!({ "price": 0, "transaction_id": "200", "cancel_reason": "CUSTOMER_SUPPORT" });
    let facts = [
        bought(LENA, 0, "200", 1),
        transfer(1, LENA, SANDY),
        bought(LENA, 2, "200", 4),
        transfer(3, LENA, SANDY),
        bought(LENA, 4, "300", 16),
        transfer(5, LENA, SANDY),
        fact_of(SANDY, 6, "CANCELLATION", refund),
    ];
    let spent = |row: fn(i64) -> i64| {
        let facts = (0..).zip(&facts).map(|(place, fact)| Fact { row: EventId(row(place)), ..fact.clone() });
        let purchases = fold(facts.collect()).remove(&SANDY).unwrap_or_default().purchases;
        purchases.iter().map(|purchase| purchase.revenue.net.0 / 1_000_000).sum::<i64>()
    };
    assert_eq!((spent(|place| 10 + place), spent(|place| 20 - place)), (17, 17));
}

#[test]
fn a_trial_converts_into_a_paid_period() {
    let trial = event(0, "INITIAL_PURCHASE", json!({ "period_type": "TRIAL", "expiration_at_ms": 7 * DAY }));
    assert_eq!(only(vec![trial.clone()]).status(day(1)), Status::Trial);
    let paid =
        json!({ "price": 9.99, "is_trial_conversion": true, "transaction_id": "101", "purchased_at_ms": 7 * DAY });
    let purchase = only(vec![trial, event(7, "RENEWAL", paid)]);
    assert_eq!(purchase.status(day(8)), Status::Active);
    assert_eq!(purchase.spans.iter().map(|span| span.phase).collect::<Vec<_>>(), [Phase::Trial, Phase::Paid]);
}

#[test]
fn the_price_is_that_of_the_newest_period_in_the_currency_it_was_paid_in() {
    let price =
        |amount: f64| json!({ "price": amount, "currency": "EUR", "price_in_purchased_currency": amount - 1.0 });
    let euros = |micros| Some(Money { amount: Micros(micros), currency: "EUR".into() });
    let mut dearer = renewal(1);
    Arc::make_mut(&mut dearer.event).paid = euros(10_990_000);
    let first = event(0, "INITIAL_PURCHASE", price(9.99));
    assert_eq!(only(vec![first.clone()]).paid, euros(8_990_000));
    assert_eq!(only(vec![dearer.clone(), first.clone()]).paid, euros(10_990_000));
    let refund = event(31, "CANCELLATION", json!({ "cancel_reason": "CUSTOMER_SUPPORT", "price": -9.99 }));
    assert_eq!(only(vec![first, dearer, refund]).paid, euros(10_990_000), "a refund does not change the price");
    assert_eq!(only(vec![event(1, "EXPIRATION", json!({}))]).paid, None);
}

#[test]
fn grace_keeps_the_access_and_billing_retry_does_not() {
    let issue = event(30, "BILLING_ISSUE", json!({ "grace_period_expiration_at_ms": 46 * DAY }));
    let companion = event(30, "CANCELLATION", json!({ "cancel_reason": "BILLING_ERROR" }));
    let grace = only(vec![initial(), issue.clone(), companion.clone()]);
    assert_eq!(grace.status(day(40)), Status::Grace);
    assert_eq!(grace.access_ends_at(), day(46));
    let over = event(46, "EXPIRATION", json!({ "expiration_reason": "BILLING_ERROR" }));
    let retry = only(vec![initial(), issue.clone(), companion.clone(), over.clone()]);
    assert_eq!(retry.status(day(47)), Status::BillingRetry);
    let revived =
        json!({ "price": 9.99, "transaction_id": "101", "purchased_at_ms": 50 * DAY, "expiration_at_ms": 80 * DAY });
    let revived = only(vec![initial(), issue, companion, over, event(50, "RENEWAL", revived)]);
    assert_eq!(revived.status(day(51)), Status::Active);
    assert!(revived.will_renew());
}

#[test]
fn a_pause_begins_when_the_period_ends() {
    let asked = event(5, "SUBSCRIPTION_PAUSED", json!({ "auto_resume_at_ms": 60 * DAY, "store": "PLAY_STORE" }));
    let start = event(0, "INITIAL_PURCHASE", json!({ "store": "PLAY_STORE" }));
    assert_eq!(only(vec![start.clone(), asked.clone()]).status(day(6)), Status::Active);
    let over = event(30, "EXPIRATION", json!({ "expiration_reason": "SUBSCRIPTION_PAUSED", "store": "PLAY_STORE" }));
    let paused = only(vec![start, asked, over]);
    assert_eq!(paused.status(day(31)), Status::Paused);
    assert_eq!(paused.auto_resume_at, Some(day(60)));
}

#[test]
fn a_refund_takes_access_and_money_back_and_a_reversal_returns_both() {
    let refund = json!({ "cancel_reason": "CUSTOMER_SUPPORT", "price": -9.99, "expiration_at_ms": 10 * DAY });
    let refunded = vec![initial(), event(10, "CANCELLATION", refund)];
    let purchase = only(refunded.clone());
    assert_eq!(purchase.status(day(11)), Status::Refunded);
    assert_eq!((purchase.revenue.net.0, purchase.revenue.refunds), (0, 1));
    assert!(purchase.unsubscribed_at.is_none());
    let mut reversed = refunded;
    reversed.push(event(12, "REFUND_REVERSED", json!({ "price": 9.99 })));
    let purchase = only(reversed);
    assert_eq!(purchase.status(day(13)), Status::Active);
    assert_eq!((purchase.revenue.net.0, purchase.revenue.refunds), (9_990_000, 0));
}

#[test]
fn a_refund_that_says_so_takes_the_money_back_and_leaves_access() {
    let refund = |keeps: bool| {
        json!({
            "cancel_reason": "CUSTOMER_SUPPORT", "price": -4, "expiration_at_ms": 30 * DAY,
            "dossier_keeps_access": keeps,
        })
    };
    let bought = event(0, "INITIAL_PURCHASE", json!({ "price": 10 }));
    let kept = only(vec![bought.clone(), event(3, "CANCELLATION", refund(true))]);
    assert_eq!((kept.refunded_at, kept.access_kept_at), (None, Some(Moment(3 * DAY))));
    assert!(kept.is_active(Moment(4 * DAY)) && kept.will_renew());
    assert_eq!(kept.revenue.net, Micros(6_000_000));
    let taken = only(vec![bought, event(3, "CANCELLATION", refund(false))]);
    assert_eq!((taken.refunded_at, taken.access_kept_at), (Some(Moment(3 * DAY)), None));
}

#[test]
fn a_refund_never_gives_back_more_than_was_charged() {
    let refund = |id: i64, price: Value| {
        event(
            id,
            "CANCELLATION",
            json!({ "cancel_reason": "CUSTOMER_SUPPORT", "price": price, "expiration_at_ms": DAY }),
        )
    };
    assert_eq!(spent(vec![initial(), refund(2, json!(-9.99)), refund(3, json!(-9.99))]), 0);
    assert_eq!(spent(vec![initial(), refund(2, json!(null))]), 0);
    assert_eq!(spent(vec![initial(), renewal(1), refund(31, json!(0))]), 9_990_000);
    assert_eq!(
        spent(vec![refund(2, json!(-9.99))]),
        -9_990_000,
        "a refund of an unknown charge is bad data, and is shown"
    );
}

#[test]
fn stripe_renewals_of_one_transaction_id_are_distinguished_by_their_number() {
    let paid = |number: i64| {
        let extra =
            json!({ "store": "STRIPE", "price": 5, "renewal_number": number, "purchased_at_ms": 30 * number * DAY });
        event(30 * number, if number == 1 { "INITIAL_PURCHASE" } else { "RENEWAL" }, extra)
    };
    let refund = json!({ "store": "STRIPE", "cancel_reason": "CUSTOMER_SUPPORT", "price": -10, "renewal_number": 2 });
    assert_eq!(spent(vec![paid(1), paid(2), event(70, "CANCELLATION", refund)]), 5_000_000);
}

#[test]
fn a_stripe_renewal_that_repeats_the_first_time_renews() {
    let stripe = |number: i64, extra: Value| {
        let mut fields =
            json!({ "store": "STRIPE", "renewal_number": number, "transaction_id": format!("si_{number}") });
        fields.as_object_mut().expect("an object").extend(extra.as_object().cloned().unwrap_or_default());
        event(30 * (number - 1), if number == 1 { "INITIAL_PURCHASE" } else { "RENEWAL" }, fields)
    };
    let second = json!({ "purchased_at_ms": 30 * DAY, "expiration_at_ms": 60 * DAY });
    let third = json!({ "purchased_at_ms": 0, "expiration_at_ms": 425 * DAY, "product_id": "yearly" });
    let purchase = only(vec![stripe(1, json!({})), stripe(2, second), stripe(3, third)]);
    assert_eq!((purchase.product_id.as_str(), purchase.expires_at), ("yearly", Some(day(425))));
    assert_eq!((purchase.first_purchased_at, purchase.period_start), (day(0), day(60)));
}

#[test]
fn a_refund_in_grace_ends_the_access() {
    let issue = event(30, "BILLING_ISSUE", json!({ "grace_period_expiration_at_ms": 46 * DAY }));
    let back = json!({ "cancel_reason": "CUSTOMER_SUPPORT", "price": -9.99, "expiration_at_ms": 35 * DAY });
    let purchase = only(vec![initial(), issue, event(35, "CANCELLATION", back)]);
    assert_eq!((purchase.access_ends_at(), purchase.status(day(36))), (day(35), Status::Refunded));
}

#[test]
fn a_cancellation_with_a_negative_price_is_also_a_refund() {
    let both = json!({ "cancel_reason": "UNSUBSCRIBE", "price": -9.99 });
    let purchase = only(vec![initial(), event(5, "CANCELLATION", both)]);
    assert_eq!((purchase.unsubscribed_at, purchase.refunded_at), (Some(day(5)), Some(day(5))));
    assert_eq!(purchase.revenue.net, Micros::ZERO);
}

#[test]
fn without_an_original_transaction_id_the_product_identifies_a_subscription() {
    let own = |day: i64, kind: &str, id: &str, first: Value| {
        let ends = (day + 30) * DAY;
        let extra = json!({
            "transaction_id": id, "original_transaction_id": first, "purchased_at_ms": day * DAY, "expiration_at_ms": ends,
        });
        event(day, kind, extra)
    };
    let facts = vec![own(0, "INITIAL_PURCHASE", "no1", json!(null)), own(30, "RENEWAL", "no2", json!(null))];
    assert_eq!(only(facts.clone()).expires_at, Some(day(60)));
    let recorded_later = own(60, "RENEWAL", "no3", json!("no1"));
    assert_eq!(only([facts, vec![recorded_later]].concat()).expires_at, Some(day(90)));
}

#[test]
fn an_expiration_of_an_older_transaction_does_not_end_the_newer_period() {
    let old_end = event(31, "EXPIRATION", json!({ "expiration_reason": "UNSUBSCRIBE" }));
    let purchase = only(vec![initial(), renewal(1), old_end]);
    assert_eq!(purchase.status(day(32)), Status::Active);
}

#[test]
fn a_lifetime_purchase_does_not_end_and_can_be_refunded() {
    let lifetime = json!({
        "price": "199.99", "product_id": "lifetime", "transaction_id": "900", "original_transaction_id": "900",
        "expiration_at_ms": null,
    });
    let bought = event(1, "NON_RENEWING_PURCHASE", lifetime.clone());
    let purchase = only(vec![bought.clone()]);
    assert_eq!((purchase.kind, purchase.status(day(9_999))), (Kind::OneTime, Status::Owned));
    let mut back = lifetime;
    back["cancel_reason"] = json!("CUSTOMER_SUPPORT");
    back["price"] = json!(-199.99);
    let refunded = only(vec![bought, event(2, "CANCELLATION", back)]);
    assert_eq!((refunded.status(day(3)), refunded.revenue.net), (Status::Refunded, Micros::ZERO));
}

#[test]
fn a_grant_ends_at_once_when_it_is_removed() {
    let grant = json!({
        "store": "PROMOTIONAL", "period_type": "PROMOTIONAL", "product_id": "rc_promo_pro_lifetime",
        "transaction_id": "abc", "original_transaction_id": "abc", "expiration_at_ms": 73_000 * DAY,
    });
    let given = event(1, "NON_RENEWING_PURCHASE", grant.clone());
    let purchase = only(vec![given.clone()]);
    assert_eq!(purchase.status(day(2)), Status::Granted);
    assert!(purchase.is_lifetime(day(2)) && !purchase.will_renew());
    let mut removed = grant;
    removed["cancel_reason"] = json!("DEVELOPER_INITIATED");
    assert_eq!(only(vec![given, event(5, "CANCELLATION", removed)]).status(day(6)), Status::GrantOver);
}

#[test]
fn temporary_access_lasts_a_day_or_until_the_real_purchase() {
    let bridge = event(0, "TEMPORARY_ENTITLEMENT_GRANT", json!({ "expiration_at_ms": null, "transaction_id": "t" }));
    let purchase = only(vec![bridge.clone()]);
    assert_eq!((purchase.status(Moment(DAY - 1)), purchase.status(day(1))), (Status::Temporary, Status::Expired));
    let real = event(0, "INITIAL_PURCHASE", json!({ "event_timestamp_ms": 3_600_000, "price": 1 }));
    let state = lena(vec![bridge, real]);
    let bridge = state.purchases.iter().find(|purchase| purchase.kind == Kind::Temporary);
    assert_eq!(bridge.map(Purchase::access_ends_at), Some(Moment(3_600_000)));
}

#[test]
fn an_immediate_change_on_google_play_replaces_the_old_subscription() {
    let play = |extra: Value| {
        let mut fields = json!({ "store": "PLAY_STORE" });
        fields.as_object_mut().expect("an object").extend(extra.as_object().cloned().unwrap_or_default());
        fields
    };
    let next = json!({ "product_id": "yearly", "transaction_id": "7", "original_transaction_id": "7", "purchased_at_ms": 5 * DAY });
    let mut facts = vec![
        event(0, "INITIAL_PURCHASE", play(json!({}))),
        event(5, "PRODUCT_CHANGE", play(json!({ "new_product_id": "yearly" }))),
        event(5, "INITIAL_PURCHASE", play(next)),
    ];
    let old = |facts: &[Fact]| {
        let purchases = lena(facts.to_vec()).purchases;
        purchases.into_iter().find(|purchase| purchase.product_id == "monthly").expect("the old one")
    };
    let replaced = old(&facts);
    assert!(replaced.replaced_at.is_some() && !replaced.will_renew() && replaced.pending_product.is_none());
    let again = json!({ "transaction_id": "101", "purchased_at_ms": 30 * DAY, "expiration_at_ms": 60 * DAY });
    facts.push(event(30, "RENEWAL", play(again)));
    let renewed = old(&facts);
    assert!(renewed.replaced_at.is_none() && renewed.will_renew(), "it was charged again");
}

#[test]
fn the_next_renewal_completes_a_pending_change() {
    let change = event(5, "PRODUCT_CHANGE", json!({ "new_product_id": "yearly" }));
    assert_eq!(only(vec![initial(), change.clone()]).pending_product.as_deref(), Some("yearly"));
    let mut next = renewal(1);
    Arc::make_mut(&mut next.event).product_id = Some("yearly".into());
    let purchase = only(vec![initial(), change, next]);
    assert_eq!((purchase.product_id.as_str(), purchase.pending_product), ("yearly", None));
}

#[test]
fn a_transfer_moves_purchases_with_their_money_and_leaves_grants() {
    let grant = json!({ "store": "PROMOTIONAL", "period_type": "PROMOTIONAL", "transaction_id": "g", "original_transaction_id": "g" });
    let facts = vec![initial(), event(1, "NON_RENEWING_PURCHASE", grant), transfer(2, LENA, SANDY)];
    let mut all = fold(facts);
    let (lena, sandy) = (all.remove(&LENA).unwrap_or_default(), all.remove(&SANDY).unwrap_or_default());
    assert_eq!(lena.purchases.iter().map(|one| one.kind).collect::<Vec<_>>(), [Kind::Grant]);
    assert_eq!(sandy.purchases.first().map(|one| one.revenue.net), Some(Micros(9_990_000)));
}

#[test]
fn purchases_follow_a_chain_of_transfers() {
    let all = fold(vec![
        initial(),
        transfer(2, LENA, SANDY),
        transfer(3, SANDY, CustomerId(3)),
        transfer(4, CustomerId(3), LENA),
    ]);
    let holders: Vec<_> = all.iter().filter(|(_, one)| !one.purchases.is_empty()).map(|(id, _)| *id).collect();
    assert_eq!(holders, [LENA]);
}

#[test]
fn the_newest_attribute_stays_and_a_deletion_is_not_undone_by_an_older_value() {
    let with = |day: i64, at: i64, value: Value| {
        event(
            day,
            "RENEWAL",
            json!({ "subscriber_attributes": { "goal": { "value": value, "updated_at_ms": at * DAY + 200_000_000_000i64 } } }),
        )
    };
    let value = |facts| lena(facts).record.attributes.get("goal").map(|goal| goal.value.clone());
    assert_eq!(value(vec![with(1, 10, json!("sleep")), with(2, 5, json!("run"))]), Some(Some("sleep".into())));
    assert_eq!(value(vec![with(1, 10, json!("")), with(2, 5, json!("run"))]), Some(None));
}

#[test]
fn balances_add_up_and_count_one_ledger_entry_once() {
    let change = |id: &str, amount: i64| {
        let adjustments = json!([{ "amount": amount, "currency": { "code": "GEM", "name": "Gems" } }]);
        let extra = json!({ "virtual_currency_transaction_id": id, "adjustments": adjustments });
        event(amount, "VIRTUAL_CURRENCY_TRANSACTION", extra)
    };
    let state = lena(vec![change("a", 100), change("a", 101), change("b", -30)]);
    assert_eq!(balance(&state, Environment::Production), Some(70));
}

#[test]
fn a_balance_is_of_one_environment_unless_no_event_names_any() {
    let change = |day: i64, amount: i64, environment: Value| {
        let adjustments = json!([{ "amount": amount, "currency": { "code": "GEM", "name": "Gems" } }]);
        let extra = json!({ "adjustments": adjustments, "environment": null, "purchase_environment": environment });
        event(day, "VIRTUAL_CURRENCY_TRANSACTION", extra)
    };
    let tested = lena(vec![change(1, 100, json!("SANDBOX"))]);
    assert_eq!(balance(&tested, Environment::Production), None);
    assert_eq!(balance(&tested, Environment::Sandbox), Some(100));
    let both =
        lena(vec![change(1, 100, json!("SANDBOX")), change(2, 10, json!("PRODUCTION")), change(3, 1, json!(null))]);
    assert_eq!(balance(&both, Environment::Production), Some(11));
    assert_eq!(balance(&both, Environment::Sandbox), Some(101));
}

fn balance(state: &CustomerState, environment: Environment) -> Option<i64> {
    state.record.balances().get(&(environment, "GEM".to_owned())).map(Balance::amount)
}

#[test]
fn a_purchase_can_begin_with_an_event_of_any_type() {
    let paused = only(vec![event(3, "SUBSCRIPTION_PAUSED", json!({ "auto_resume_at_ms": 60 * DAY }))]);
    assert_eq!((paused.status(day(4)), paused.pause_asked_at), (Status::Active, Some(day(3))));
    let expired = only(vec![event(30, "EXPIRATION", json!({ "expiration_reason": "UNSUBSCRIBE" }))]);
    assert_eq!((expired.status(day(31)), expired.expiration_reason), (Status::Expired, Some(Reason::Unsubscribe)));
}

/// Random events: types, days, transactions, prices, customers and transfers between them.
fn random_facts() -> impl Strategy<Value = Vec<Fact>> {
    let kinds = prop::sample::select(EventType::KNOWN);
    let reasons = prop::sample::select(vec!["UNSUBSCRIBE", "BILLING_ERROR", "CUSTOMER_SUPPORT", "SUBSCRIPTION_PAUSED"]);
    let stores = prop::sample::select(vec!["APP_STORE", "APP_STORE", "PLAY_STORE", "STRIPE", "PROMOTIONAL"]);
    let periods = prop::sample::select(vec!["NORMAL", "TRIAL", "INTRO", "PREPAID"]);
    let environments = prop::sample::select(vec!["PRODUCTION", "PRODUCTION", "SANDBOX"]);
    // For one cause, stores send equal timestamps or timestamps a few hundred milliseconds apart (§6.3).
    let when = (0..60_i64, 0..4_i64);
    let what = (stores, periods, environments, any::<bool>(), any::<bool>());
    let one = (kinds, when, 0..4_i64, 1..3_i64, reasons, -20..20_i64, what);
    prop::collection::vec(one, 1..14).prop_map(|all| all.into_iter().enumerate().map(random_fact).collect())
}

type What = (&'static str, &'static str, &'static str, bool, bool);
/// Type, day and step, transaction, customer, reason, price, and the rest.
type Drawn = (&'static str, (i64, i64), i64, i64, &'static str, i64, What);

fn random_fact((index, one): (usize, Drawn)) -> Fact {
    let (kind, (day, step), transaction, customer, reason, price, what) = one;
    let (store, period, environment, is_shared, names_first) = what;
    if kind == "TRANSFER" {
        let mut fact = transfer(day, CustomerId(3 - customer), CustomerId(customer));
        Arc::make_mut(&mut fact.event).id = format!("{index}");
        fact.row = row_of(&fact.event.id);
        return fact;
    }
    let extra = json!({
        "id": format!("{index}"), "event_timestamp_ms": day * DAY + step * 400,
        "transaction_id": format!("{transaction}"), "price": price, "renewal_number": transaction,
        "original_transaction_id": names_first.then(|| format!("{}", transaction / 2)),
        "purchased_at_ms": (day - day % 7) * DAY, "expiration_at_ms": (day + 20) * DAY,
        "grace_period_expiration_at_ms": (day + 25) * DAY, "new_product_id": "yearly",
        "cancel_reason": reason, "expiration_reason": reason, "store": store, "period_type": period,
        "environment": environment, "is_family_share": is_shared,
        "adjustments": [{ "amount": price, "currency": { "code": "GEM" } }],
        "subscriber_attributes": { "goal": { "value": reason, "updated_at_ms": 200_000_000_000i64 + day } },
    });
    fact_of(CustomerId(customer), day, kind, extra)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_order_with_duplicates_gives_the_same_state(facts in random_facts(), seed in any::<u64>()) {
        let ordered = fold(facts.clone());
        let mut shuffled: Vec<Fact> = facts.iter().chain(&facts).cloned().collect();
        let mut random = seed;
        for place in (1..shuffled.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(place, (random >> 33) as usize % (place + 1));
        }
        prop_assert_eq!(fold(shuffled), ordered);
    }

    /// What the stored state relies on: events that come after a position need only the purchases that they concern.
    #[test]
    fn a_fold_that_goes_on_from_some_purchases_gives_the_same(facts in random_facts(), at in 0..14_usize) {
        let whole = fold(facts.clone());
        let all = ordered(facts);
        let split = (0..=at.min(all.facts.len())).rev().find(|place| all.is_whole[*place]).unwrap_or(0);
        let (before, after) = all.facts.split_at(split);
        let mut first = Folding::default();
        let mut payments: Vec<Payment> = Vec::new();
        before.iter().for_each(|fact| first.apply(fact));
        payments.extend(first.new_payments().iter().cloned());
        let mut second = Folding::default();
        let mut untouched: BTreeMap<PurchaseId, Purchase> = BTreeMap::new();
        for (id, purchase) in first.all() {
            match is_concerned(id, purchase, after) {
                true => second.hold(id.0, purchase.clone()),
                false => { untouched.insert(id.clone(), purchase.clone()); }
            }
        }
        let named: BTreeSet<TransactionKey> = after.iter().map(|fact| TransactionKey::of(&fact.event)).collect();
        payments.into_iter().filter(|one| named.contains(&one.transaction)).for_each(|one| second.hold_payment(one));
        after.iter().for_each(|fact| second.apply(fact));
        untouched.extend(second.all().map(|(id, purchase)| (id.clone(), purchase.clone())));
        let mut expected: BTreeMap<PurchaseId, Purchase> = BTreeMap::new();
        for (customer, state) in whole {
            let of = |one: Purchase| ((customer, one.environment, one.key.clone()), one);
            expected.extend(state.purchases.into_iter().map(of));
        }
        prop_assert_eq!(untouched, expected);
    }

    #[test]
    fn bars_never_overlap(facts in random_facts()) {
        for purchase in fold(facts).values().flat_map(|state| &state.purchases) {
            for pair in purchase.spans.windows(2) {
                prop_assert!(pair[0].from < pair[0].to && pair[0].to <= pair[1].from, "{:?}", purchase.spans);
            }
        }
    }

    #[test]
    fn erasing_a_previous_holder_changes_no_purchase_of_the_others(facts in random_facts(), seed in any::<u64>()) {
        let facts = among_three(facts, seed);
        let kept = without_name(&facts, LENA);
        let (before, after) = (fold(facts), fold(kept));
        for customer in [SANDY, CustomerId(3)] {
            let of = |all: &BTreeMap<CustomerId, CustomerState>| all.get(&customer).cloned().unwrap_or_default();
            prop_assert_eq!(of(&after), of(&before));
        }
        prop_assert!(!after.contains_key(&LENA));
    }
}

/// Whether one of the events may change the purchase, or look at it.
fn is_concerned(id: &PurchaseId, purchase: &Purchase, events: &[Fact]) -> bool {
    let first = events.iter().map(|fact| fact.event.event_at).min().unwrap_or(Moment::NEVER);
    let depends = purchase.depends_on_others_until().is_some_and(|until| until >= first);
    depends
        || events.iter().any(|fact| {
            let names = fact.customer == id.0 && keys_named_by(&fact.event).contains(&id.2);
            names || (fact.lost_by.is_some() && fact.parties().any(|party| party == id.0))
        })
}

/// Replaces one of the two customers by a third in some of the facts.
fn among_three(facts: Vec<Fact>, seed: u64) -> Vec<Fact> {
    let third = |index: usize, customer: CustomerId| match customer {
        SANDY if seed >> (index % 60) & 1 == 1 => CustomerId(3),
        LENA if seed >> (index % 60) & 7 == 6 => CustomerId(3),
        other => other,
    };
    let one = |(index, fact): (usize, Fact)| Fact {
        row: fact.row,
        customer: third(index, fact.customer),
        lost_by: fact.lost_by.map(|loser| third(index + 30, loser)),
        event: fact.event,
    };
    facts.into_iter().enumerate().map(one).collect()
}

/// The facts that are kept when a customer is erased (§12.1): those that purchases of others follow from, and the
/// transfers with others. The erased customer is replaced in them.
fn without_name(facts: &[Fact], erased: CustomerId) -> Vec<Fact> {
    const REDACTED: CustomerId = CustomerId(-1);
    let mut sources = sources(facts.to_vec());
    sources.remove(&erased);
    let is_source = |fact: &Fact| sources.values().any(|events| events.contains(&fact.event.id));
    let named = |customer: CustomerId| if customer == erased { REDACTED } else { customer };
    let is_others = |fact: &Fact| fact.customer != erased || fact.lost_by.is_some_and(|loser| loser != erased);
    let kept = facts.iter().filter(|fact| is_others(fact) || is_source(fact));
    kept.map(|fact| Fact {
        row: fact.row,
        customer: named(fact.customer),
        lost_by: fact.lost_by.map(named),
        event: fact.event.clone(),
    })
    .collect()
}
