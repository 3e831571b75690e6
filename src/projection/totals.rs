//! What counts of the events that name a total (§6.7): where a source lists no payments, RevenueCat's total of a subscription says
//! what it had brought by then. The newest such purchase pays what the other events until then leave of it, and the newest such
//! refund, if it is not older than that, gives back what they are too much.

use std::collections::{BTreeMap, HashMap};

use super::Fact;
use super::fold::payment_of;
use super::payments::{Payment, PaymentKind, TransactionKey, revenue_of};
use super::yielding::{ROUNDING, Verdict, is_same_start, lacks};
use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::base::money::Micros;
use crate::events::Event;
use crate::events::kinds::Changes;

/// An event that names a total, as of a time.
#[derive(Clone, Copy)]
struct Total<'a> {
    fact: &'a Fact,
    amount: Micros,
    as_of: Moment,
}

/// The verdicts of the events of one subscription that name totals, given those of all others.
pub(super) fn verdicts(subscription: &[&Fact], known: &HashMap<EventId, Verdict>) -> HashMap<EventId, Verdict> {
    let totals = subscription.iter().filter_map(|fact| total(fact));
    let (mut refunds, mut purchases): (Vec<Total<'_>>, Vec<Total<'_>>) =
        totals.partition(|total| total.fact.event.is_refund());
    let by_age = |total: &Total<'_>| (total.as_of, total.fact.event.id.clone());
    refunds.sort_by_key(by_age);
    purchases.sort_by_key(by_age);
    let others: Vec<&Fact> = subscription.iter().copied().filter(|fact| total(fact).is_none()).collect();
    let brought = |until: Moment| brought_until(&others, known, until);
    let mut verdicts = HashMap::new();
    let newest = purchases.pop();
    let rest = newest.map_or(Micros::ZERO, |newest| newest.amount.minus(brought(newest.as_of)).max(Micros::ZERO));
    let newest_at = newest.map_or(Moment::EARLIEST, |newest| newest.as_of);
    for total in &purchases {
        let has_begun = has_begun(total, &others, known) || newest.is_some_and(|newest| begins_with(total, &newest));
        verdicts.insert(total.fact.row, if has_begun { Verdict::Yields } else { Verdict::Pays(Micros::ZERO) });
    }
    if let Some(newest) = newest {
        let is_settled = rest < ROUNDING && has_begun(&newest, &others, known);
        verdicts.insert(newest.fact.row, if is_settled { Verdict::Yields } else { Verdict::Pays(rest) });
    }
    let last_refund = refunds.pop();
    verdicts.extend(refunds.iter().map(|total| (total.fact.row, Verdict::Yields)));
    if let Some(last) = last_refund {
        let too_much = brought(last.as_of).plus(rest).minus(last.amount);
        let counts = last.as_of >= newest_at && too_much >= ROUNDING;
        let refund = Verdict::Pays(Micros::ZERO.minus(too_much));
        verdicts.insert(last.fact.row, if counts { refund } else { Verdict::Yields });
    }
    verdicts
}

fn total(fact: &Fact) -> Option<Total<'_>> {
    let snapshot = fact.event.snapshot.as_ref()?;
    Some(Total { fact, amount: snapshot.total?, as_of: snapshot.as_of })
}

fn begins_with(one: &Total<'_>, other: &Total<'_>) -> bool {
    is_same_start(&one.fact.event, &other.fact.event)
}

/// Whether another event that counts begins the period. What a total fills up yields to it.
fn has_begun(total: &Total<'_>, others: &[&Fact], known: &HashMap<EventId, Verdict>) -> bool {
    let own = &total.fact.event;
    let begins = |fact: &&&Fact| {
        let event = &fact.event;
        event.kind.begins_period() && is_same_start(own, event) && !lacks(event, own)
    };
    others.iter().filter(|fact| !is_out(known, fact)).any(|fact| begins(&fact))
}

fn is_out(known: &HashMap<EventId, Verdict>, fact: &Fact) -> bool {
    matches!(known.get(&fact.row), Some(Verdict::Yields))
}

/// What these events brought until then, less refunds.
fn brought_until(facts: &[&Fact], known: &HashMap<EventId, Verdict>, until: Moment) -> Micros {
    let mut by_transaction: BTreeMap<TransactionKey, Vec<Payment>> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| !is_out(known, fact)) {
        let Some((kind, named)) = payment(&fact.event) else { continue };
        let amount = match known.get(&fact.row) {
            Some(Verdict::Pays(left)) => Some(left.abs()),
            Some(Verdict::Yields) | None => named,
        };
        let paid_at = fact.event.purchased_at.filter(|_| kind == PaymentKind::Charge).unwrap_or(fact.event.event_at);
        if paid_at <= until {
            let transaction = TransactionKey::of(&fact.event);
            let (event, purchase, at) = (fact.row, EventId(0), fact.event.event_at);
            let payment = Payment { event, purchase, transaction, at, kind, amount };
            by_transaction.entry(transaction).or_default().push(payment);
        }
    }
    by_transaction.values().fold(Micros::ZERO, |sum, payments| sum.plus(revenue_of(payments).net))
}

fn payment(event: &Event) -> Option<(PaymentKind, Option<Micros>)> {
    match event.kind.traits().changes {
        Changes::Purchase(change) => payment_of(event, change),
        Changes::Transfer | Changes::Balance | Changes::Nothing => None,
    }
}
