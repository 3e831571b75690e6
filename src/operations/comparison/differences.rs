//! What RevenueCat shows of a customer and is not known here, as events. Pure: it is given both
//! sides. What RevenueCat does not say is never concluded; what exists only here stays.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::ours::{Held, Index, Ours};
use super::purchases::Comparison;
use super::status::SAME_END_MS;
use crate::base::AppUserId;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::money::Micros;
use crate::events::own::{self, Imported, Transaction};
use crate::events::{Delivery, Environment, EventType, Origin, PeriodType, Reason, Store};
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

/// Compares purchases and grants: all of them, or the one with this transaction.
///
/// # Errors
/// [`Error::Internal`] when an event cannot be made.
pub fn of_purchases(shown: &Shown, ours: &Ours, marked: Marked, only: Option<&str>) -> Result<Differences, Error> {
    let mut all = Differences::default();
    let mut matching = Matching::of(shown, ours);
    let mut events = Vec::new();
    let is_wanted = |theirs: &shown::Purchase| only.is_none_or(|only| theirs.transaction == only);
    let (mut matched, mut elsewhere) = (Vec::new(), Vec::new());
    for theirs in &shown.purchases {
        if theirs.store == Store::Promotional {
            if is_wanted(theirs) {
                events.extend(grant(&mut all, theirs, ours, marked));
            }
        } else if ours.elsewhere.contains_key(&theirs.transaction) {
            elsewhere.push(text::visible(&theirs.transaction));
        } else {
            matching.add(&mut matched, theirs);
        }
    }
    for (place, theirs) in matched.iter().filter(|(_, theirs)| is_wanted(theirs)) {
        let own = place.and_then(|place| ours.purchases.get(place));
        let temporary = own.filter(|own| own.purchase.kind == Kind::Temporary);
        if temporary.is_some_and(|own| has_same_end(own, theirs)) {
            continue;
        }
        let mut comparison = Comparison::new(theirs, own.filter(|_| temporary.is_none()), marked);
        comparison.is_non_renewing = ours.is_non_renewing(theirs);
        comparison.run();
        events.extend(comparison.events);
        all.found.extend(comparison.found);
        all.remarks.extend(comparison.remarks);
        for superseded in matching.superseded(ours, theirs).filter(|_| place.is_some()) {
            let mut comparison = Comparison::new(theirs, Some(superseded), marked);
            comparison.count_nothing();
            events.extend(comparison.events);
            all.found.extend(comparison.found);
        }
    }
    if only.is_none() {
        // Nobody else is named: whoever is erased later would stay known by it.
        let of_others =
            |order: String| format!("At RevenueCat this customer has {order}, which somebody else has here.");
        all.remarks.extend(elsewhere.into_iter().map(of_others));
        all.remarks.extend(matching.only_here(marked.now));
    }
    let ids = [shown.app_user_id.as_str()];
    all.deliveries = Imported::found_deliveries(&events, &ids, marked.now)?;
    Ok(all)
}

/// Joins two subscriptions there that are one purchase here, as after a change of product: the newer one counts, with all that
/// was paid for both.
fn join(one: &mut shown::Purchase, other: &shown::Purchase) {
    let older =
        if other.period_start > one.period_start { std::mem::replace(one, other.clone()) } else { other.clone() };
    one.started_at = one.started_at.min(older.started_at);
    one.total = one.total.zip(older.total).map(|(own, theirs)| own.plus(theirs));
    one.periods = one.periods.take().zip(older.periods).map(|(own, theirs)| {
        let mut all: Vec<shown::Period> = own;
        let known: HashSet<String> = all.iter().map(|period| period.transaction.clone()).collect();
        all.extend(theirs.into_iter().filter(|period| !known.contains(&period.transaction)));
        all.sort_by_key(|period| period.purchased_at);
        all
    });
}

fn has_same_end(own: &Held, theirs: &shown::Purchase) -> bool {
    let ends = own.purchase.expires_at.zip(theirs.period_end);
    ends.is_some_and(|(own, theirs)| own.since(theirs).abs() <= SAME_END_MS)
}

/// Which purchase here is which there.
struct Matching<'a> {
    ours: &'a [Held],
    index: Index,
    taken: HashSet<usize>,
    /// How many subscriptions to a product there are on each side.
    theirs_of: HashMap<Product<'a>, usize>,
    ours_of: HashMap<Product<'a>, Vec<usize>>,
}

type Product<'a> = (Environment, &'a str, &'a str);

impl<'a> Matching<'a> {
    fn of(shown: &'a Shown, ours: &'a Ours) -> Matching<'a> {
        let mut theirs_of: HashMap<Product<'a>, usize> = HashMap::new();
        for theirs in shown.purchases.iter().filter(|theirs| theirs.is_subscription) {
            *theirs_of.entry(product_there(theirs)).or_default() += 1;
        }
        let mut ours_of: HashMap<Product<'a>, Vec<usize>> = HashMap::new();
        for (place, held) in ours.purchases.iter().enumerate().filter(|(_, held)| held.purchase.is_subscription()) {
            ours_of.entry(product_here(held)).or_default().push(place);
        }
        let index = Index::of(&ours.purchases);
        Matching { ours: &ours.purchases, index, taken: HashSet::new(), theirs_of, ours_of }
    }

    /// Adds a purchase that RevenueCat shows, with the place of the one here, if there is one.
    fn add(&mut self, matched: &mut Vec<(Option<usize>, shown::Purchase)>, theirs: &'a shown::Purchase) {
        let place = self.find(theirs);
        let known = matched.iter_mut().find(|(known, other)| {
            place.is_some() && *known == place && other.is_subscription && theirs.is_subscription
        });
        self.taken.extend(place);
        match known {
            Some((_, known)) => join(known, theirs),
            None => matched.push((place, theirs.clone())),
        }
    }

    /// The place of the purchase that RevenueCat shows: by the store's ids, else the only subscription to its product.
    fn find(&self, theirs: &'a shown::Purchase) -> Option<usize> {
        let product = product_there(theirs);
        let only = || match self.ours_of.get(&product).map(Vec::as_slice) {
            Some([only]) if theirs.is_subscription && self.theirs_of.get(&product) == Some(&1) => Some(*only),
            _ => None,
        };
        self.index.find(self.ours, theirs).or_else(only)
    }

    /// The purchases here that were found under another id, before webhooks told of this subscription.
    fn superseded<'b>(&'b self, ours: &'b Ours, theirs: &'b shown::Purchase) -> impl Iterator<Item = &'b Held> {
        let places = ours.found_only.iter().filter(|place| !self.taken.contains(place));
        let found = places.filter_map(|place| ours.purchases.get(*place));
        found.filter(move |held| {
            product_here(held) == product_there(theirs) && held.purchase.revenue.net != Micros::ZERO
        })
    }

    /// What of our side was not shown, in words. Grants that are over do not matter.
    fn only_here(&self, now: Moment) -> Vec<String> {
        let left = self.ours.iter().enumerate().filter(|(place, _)| !self.taken.contains(place)).map(|(_, held)| held);
        let count = left.filter(|held| held.purchase.kind != Kind::Grant && held.purchase.is_active(now)).count();
        let words =
            text::count(i64::try_from(count).unwrap_or(i64::MAX), "running purchase is", "running purchases are");
        if count > 0 { vec![format!("{words} known only here.")] } else { Vec::new() }
    }
}

fn product_there(theirs: &shown::Purchase) -> Product<'_> {
    (theirs.environment, theirs.store.as_str(), theirs.product.as_deref().unwrap_or_default())
}

fn product_here(held: &Held) -> Product<'_> {
    let own = &held.purchase;
    (own.environment, own.store.as_ref().map_or("", Store::as_str), own.product_id.as_str())
}

/// A grant that runs there and is not known here, or that is over there and runs here.
fn grant(all: &mut Differences, theirs: &shown::Purchase, ours: &Ours, marked: Marked) -> Option<Imported> {
    let entitlement = theirs.entitlements.first();
    let own = ours.purchases.iter().filter(|own| own.purchase.kind == Kind::Grant);
    let has_id = |own: &&Held| own.purchase.transaction_id.as_deref() == Some(&theirs.transaction);
    let known = own.clone().find(has_id);
    let name = text::visible(entitlement.map_or(theirs.transaction.as_str(), String::as_str));
    if !theirs.is_running {
        let own = &known.filter(|own| own.purchase.is_active(marked.now))?.purchase;
        let end = theirs.period_end.unwrap_or(marked.now).min(marked.now);
        let transaction = Transaction {
            product_id: Some(own.product_id.clone()),
            entitlement_ids: own.entitlement_ids.clone(),
            ..promotional(theirs, Some(end))
        };
        all.found.push(Finding::at(format!("that a grant of {name} was removed"), end));
        let mut event = Imported::found(EventType::Cancellation, end, transaction, marked.origin, marked.now);
        event.cancel_reason = Some(Reason::DeveloperInitiated);
        return Some(event);
    }
    let entitlement = entitlement?;
    let is_same = |own: &Held| {
        let own = &own.purchase;
        let same_end = match (own.expires_at, theirs.period_end) {
            (Some(own), Some(theirs)) => own.since(theirs).abs() <= SAME_GRANT_MS,
            (own, theirs) => own.is_none() && theirs.is_none(),
        };
        same_end && own.entitlement_ids.contains(entitlement)
    };
    if known.is_some() || own.clone().any(is_same) {
        return None;
    }
    let until = theirs.period_end.map_or("without an end".to_owned(), |end| format!("until {}", times::day(end)));
    all.found.push(Finding::new(format!("a grant of {name} {until}")));
    let product = theirs.product.clone().unwrap_or_else(|| format!("rc_promo_{entitlement}_custom"));
    let transaction = Transaction { product_id: Some(product), ..promotional(theirs, theirs.period_end) };
    let kind = EventType::NonRenewingPurchase;
    Some(Imported::found(kind, theirs.started_at.min(marked.now), transaction, marked.origin, marked.now))
}

fn promotional(theirs: &shown::Purchase, end: Option<Moment>) -> Transaction {
    Transaction {
        entitlement_ids: theirs.entitlements.clone(),
        period_type: Some(PeriodType::Promotional),
        purchased_at_ms: Some(theirs.started_at),
        expiration_at_ms: end,
        store: Some(Store::Promotional),
        environment: Some(theirs.environment.as_str()),
        price: Some(own::Amount(Micros::ZERO)),
        transaction_id: Some(theirs.transaction.clone()),
        original_transaction_id: Some(theirs.transaction.clone()),
        ..Transaction::default()
    }
}

/// Ids, attributes, and since when the customer is known.
///
/// # Errors
/// As [`of_purchases`].
pub fn of_details(shown: &Shown, ours: &Ours, marked: Marked) -> Result<Differences, Error> {
    let mut all = Differences::default();
    // What can be no App User ID here is none of them.
    let ids: Vec<&str> = shown.ids.iter().map(String::as_str).filter(|id| AppUserId::parse(id).is_ok()).collect();
    let new_ids = ids.iter().filter(|id| !ours.ids.contains(**id)).count();
    let (mut attributes, mut names) = (BTreeMap::<String, Box<RawValue>>::new(), Vec::new());
    for theirs in &shown.attributes {
        let own = ours.attributes.get(&theirs.name);
        if own.is_some_and(|own| own.set() == Some(&theirs.value)) || (own.is_none() && theirs.value.is_empty()) {
            continue;
        }
        let name = text::visible(&theirs.name);
        // Of the same time the greater value counts here (§10.4).
        if own.is_some_and(|own| (own.updated_at, own.set()) > (theirs.updated_at, Some(&theirs.value))) {
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
    Ok(all)
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
