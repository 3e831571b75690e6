//! What RevenueCat shows of a customer and is not known here, as events. Pure: it is given both
//! sides. What RevenueCat does not say is never concluded; what exists only here stays.

use std::collections::BTreeMap;

use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::ours::{Held, Ours};
use super::purchases::Comparison;
use super::standing::SAME_END_MS;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::events::own::{self, Imported, Transaction};
use crate::events::{Delivery, EventType, Origin, Store};
use crate::projection::Kind;
use crate::stores::revenuecat::shown::{self, Shown};
use crate::wording::{text, times};

/// Two grants are one when their ends are at most so far apart, in milliseconds.
const SAME_GRANT_MS: i64 = 2 * 3_600_000;

/// What differs.
#[derive(Debug, Default)]
pub struct Differences {
    pub deliveries: Vec<Delivery>,
    pub found: Vec<Finding>,
    /// What differs and cannot be taken over.
    pub remarks: Vec<String>,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `a renewal of pro_monthly`
    pub what: String,
    pub at: Option<Moment>,
}

impl Finding {
    pub fn new(what: impl Into<String>) -> Finding {
        Finding { what: what.into(), at: None }
    }

    pub fn at(what: impl Into<String>, at: Moment) -> Finding {
        Finding { what: what.into(), at: Some(at) }
    }
}

/// What was found, in words: what was found several times is said once, with the last time.
pub fn words_of(found: &[Finding]) -> Vec<String> {
    let mut by_what: Vec<(&str, i64, Option<Moment>)> = Vec::new();
    for Finding { what, at } in found {
        match by_what.iter_mut().find(|(known, ..)| known == what) {
            Some((_, count, last)) => (*count, *last) = (*count + 1, (*last).max(*at)),
            None => by_what.push((what, 1, *at)),
        }
    }
    let words = |(what, count, last): (&str, i64, Option<Moment>)| match (count, last.map(times::day)) {
        (1, Some(day)) => format!("{what} ({day})"),
        (1, None) => what.to_owned(),
        (count, Some(day)) => format!("{what} ({count} times, the last on {day})"),
        (count, None) => format!("{what} ({count} times)"),
    };
    by_what.into_iter().map(words).collect()
}

/// When both sides were looked at, and how the events that follow are marked.
#[derive(Debug, Clone, Copy)]
pub struct Marked {
    pub origin: Origin,
    pub now: Moment,
}

/// Compares both sides.
///
/// # Errors
/// [`Error::Internal`] when an event cannot be made.
pub fn differences(shown: &Shown, ours: &Ours, marked: Marked) -> Result<Differences, Error> {
    let mut all = Differences::default();
    details(&mut all, shown, ours, marked)?;
    let mut unmatched: Vec<&Held> = ours.purchases.iter().filter(|own| own.purchase.kind != Kind::Grant).collect();
    let mut events = Vec::new();
    for theirs in &shown.purchases {
        if theirs.store == Store::Promotional {
            events.extend(grant(&mut all, theirs, ours, marked));
        } else if ours.elsewhere.contains_key(&theirs.transaction) {
            // Nobody else is named: whoever is erased later would stay known by it.
            let order = text::visible(&theirs.transaction);
            all.remarks.push(format!("At RevenueCat this customer has {order}, which somebody else has here."));
        } else {
            let own = matching(&mut unmatched, theirs, shown);
            let temporary = own.filter(|own| own.purchase.kind == Kind::Temporary);
            let is_same_end = |own: &Held| {
                let ends = own.purchase.expires_at.zip(theirs.period_end);
                ends.is_some_and(|(own, theirs)| own.since(theirs).abs() <= SAME_END_MS)
            };
            if temporary.is_some_and(is_same_end) {
                continue;
            }
            let own = own.filter(|_| temporary.is_none());
            let mut comparison = Comparison::new(theirs, own, marked);
            comparison.run();
            events.extend(comparison.events);
            all.found.extend(comparison.found);
            all.remarks.extend(comparison.remarks);
        }
    }
    let only_here = i64::try_from(unmatched.len()).unwrap_or(i64::MAX);
    if only_here > 0 && ours.customer.is_some() {
        let count = text::count(only_here, "purchase exists", "purchases exist");
        all.remarks.push(format!("{count} only here."));
    }
    let ids = [shown.app_user_id.as_str()];
    all.deliveries.extend(Imported::found_deliveries(&events, &ids, marked.now)?);
    Ok(all)
}

/// Takes out the purchase that RevenueCat shows: by the store's ids, else the only subscription to its product.
fn matching<'a>(unmatched: &mut Vec<&'a Held>, theirs: &shown::Purchase, shown: &Shown) -> Option<&'a Held> {
    let is_product = |own: &Held| {
        let own = &own.purchase;
        let is_of = own.environment == theirs.environment && own.store.as_ref() == Some(&theirs.store);
        is_of && own.is_subscription() && theirs.product.as_ref() == Some(&own.product_id)
    };
    let is_only = || {
        let same = shown.purchases.iter().filter(|other| {
            other.is_subscription && (&other.product, &other.store) == (&theirs.product, &theirs.store)
        });
        same.count() == 1 && unmatched.iter().filter(|own| is_product(own)).count() == 1
    };
    let by_id = unmatched.iter().position(|own| own.is(theirs));
    let place = by_id.or_else(|| {
        let is_alone = theirs.is_subscription && is_only();
        unmatched.iter().position(|own| is_alone && is_product(own))
    })?;
    Some(unmatched.remove(place))
}

/// A grant that runs there and is not known here.
fn grant(all: &mut Differences, theirs: &shown::Purchase, ours: &Ours, marked: Marked) -> Option<Imported> {
    let end = theirs.period_end?;
    let entitlement = theirs.entitlements.first()?;
    let is_same = |own: &Held| {
        let own = &own.purchase;
        let same_end = own.expires_at.is_none_or(|own| own.since(end).abs() <= SAME_GRANT_MS);
        let same_id = own.transaction_id.as_deref() == Some(&theirs.transaction);
        own.kind == Kind::Grant && own.entitlement_ids.contains(entitlement) && (same_end || same_id)
    };
    if end <= marked.now || ours.purchases.iter().any(is_same) {
        return None;
    }
    let transaction = Transaction {
        product_id: Some(theirs.product.clone().unwrap_or_else(|| format!("rc_promo_{entitlement}_custom"))),
        entitlement_ids: theirs.entitlements.clone(),
        period_type: Some(crate::events::PeriodType::Promotional),
        purchased_at_ms: Some(theirs.started_at),
        expiration_at_ms: Some(end),
        store: Some(Store::Promotional),
        environment: Some(theirs.environment.as_str()),
        price: Some(own::Amount(crate::base::money::Micros::ZERO)),
        transaction_id: Some(theirs.transaction.clone()),
        original_transaction_id: Some(theirs.transaction.clone()),
        ..Transaction::default()
    };
    let what = format!("a grant of {} until {}", text::visible(entitlement), times::day(end));
    all.found.push(Finding::new(what));
    let kind = EventType::NonRenewingPurchase;
    Some(Imported::found(kind, theirs.started_at.min(marked.now), transaction, marked.origin, marked.now))
}

/// Ids, attributes, and since when the customer is known.
fn details(all: &mut Differences, shown: &Shown, ours: &Ours, marked: Marked) -> Result<(), Error> {
    let ids: Vec<&str> = shown.ids.iter().map(String::as_str).collect();
    let new_ids = ids.iter().filter(|id| !ours.ids.contains(**id)).count();
    let (mut attributes, mut names) = (BTreeMap::<String, Box<RawValue>>::new(), Vec::new());
    for theirs in &shown.attributes {
        let own = ours.attributes.get(&theirs.name);
        if own.is_some_and(|own| own.set() == Some(&theirs.value)) || (own.is_none() && theirs.value.is_empty()) {
            continue;
        }
        let name = text::visible(&theirs.name);
        if own.is_some_and(|own| own.updated_at > theirs.updated_at) {
            all.remarks.push(format!("{name} is newer here than at RevenueCat."));
            continue;
        }
        let value = to_raw_value(&json!({ "value": theirs.value, "updated_at_ms": theirs.updated_at }));
        attributes.insert(theirs.name.clone(), value.map_err(|error| Error::Internal(error.to_string()))?);
        names.push(name);
    }
    if !names.is_empty() {
        let word = if names.len() == 1 { "attribute" } else { "attributes" };
        all.found.push(Finding::new(format!("the {word} {}", text::listed(&names))));
    }
    let is_new = ours.customer.is_none();
    if new_ids > 0 && !is_new {
        let count = i64::try_from(new_ids).unwrap_or(i64::MAX);
        all.found.push(Finding::new(text::count(count, "App User ID", "App User IDs")));
    }
    if is_new {
        all.found.push(Finding::new("the customer"));
    }
    if is_new || new_ids > 0 || !attributes.is_empty() {
        let since = shown.first_seen_at.unwrap_or(marked.now).min(marked.now);
        all.deliveries.push(own::details(&ids, since, &attributes, None, (marked.origin, marked.now))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_several_times_is_said_once() {
        let day = |day: i64| Moment(day * 86_400_000);
        let found = [
            Finding::new("the customer"),
            Finding::at("a renewal of pro", day(1)),
            Finding::at("a renewal of pro", day(32)),
            Finding::at("the purchase of life", day(3)),
        ];
        let words =
            ["the customer", "a renewal of pro (2 times, the last on 2 Feb 1970)", "the purchase of life (4 Jan 1970)"];
        assert_eq!(words_of(&found), words);
    }
}
