//! Which purchase decides about an entitlement.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Known;
use super::status_line::is_unsettled;
use crate::base::clock::Moment;
use crate::catalog::Catalog;
use crate::projection::{Kind, Purchase};

/// An entitlement, the purchase that decides about it, and the others that unlock it.
#[derive(Debug, Clone)]
pub(super) struct Deciding<'a> {
    pub entitlement: String,
    pub purchase: &'a Purchase,
    pub others: Vec<&'a Purchase>,
}

/// Decides for each entitlement that a purchase unlocks: a purchase that gives access, before one that may do so again,
/// before one that is over. Among the first, what never ends is before what renews, and that before what ends (§2.3).
pub(super) fn deciding<'a>(catalog: &Catalog, purchases: &'a [Purchase], now: Moment) -> Vec<Deciding<'a>> {
    let mut unlocking: BTreeMap<String, Vec<&Purchase>> = BTreeMap::new();
    for purchase in purchases {
        for entitlement in catalog.unlocked_by(purchase) {
            unlocking.entry(entitlement).or_default().push(purchase);
        }
    }
    let decide = |(entitlement, mut purchases): (String, Vec<&'a Purchase>)| {
        purchases.sort_by_key(|purchase| (rank(purchase, now), purchase.key.clone()));
        let others = purchases.split_off(1);
        Some(Deciding { entitlement, purchase: purchases.pop()?, others })
    };
    unlocking.into_iter().filter_map(decide).collect()
}

/// Sorts the purchases of an entitlement, the deciding one first.
fn rank(purchase: &Purchase, now: Moment) -> (u8, Reverse<Moment>) {
    let is_active = purchase.is_active(now);
    let class = match is_active {
        true if purchase.is_lifetime(now) => 0,
        true if purchase.will_renew() && purchase.pause_asked_at.is_none() => 1,
        true => 2,
        false if is_unsettled(purchase, now) => 3,
        false => 4,
    };
    (class, Reverse(purchase.access_ends_at()))
}

impl Deciding<'_> {
    /// When the access that all purchases give together ends.
    pub fn last_end(&self, now: Moment) -> Moment {
        let all = std::iter::once(&self.purchase).chain(&self.others).filter(|purchase| purchase.is_active(now));
        all.map(|purchase| if purchase.is_lifetime(now) { Moment::NEVER } else { purchase.access_ends_at() })
            .max()
            .unwrap_or(Moment::NEVER)
    }
}

/// Sorts entitlements: those with access first, in the order of the purchases that decide. Those that a product unlocks come before
/// those of its add-ons.
pub(super) fn in_order_of_importance(one: &Deciding<'_>, known: &Known<'_>) -> (u8, Reverse<Moment>, usize, String) {
    let (class, end) = rank(one.purchase, known.now);
    let unlocked = known.catalog.unlocked_by(one.purchase);
    let place = unlocked.iter().position(|entitlement| *entitlement == one.entitlement).unwrap_or(unlocked.len());
    (class, end, place, known.catalog.entitlement_name(&one.entitlement).to_lowercase())
}

/// A subscription or a temporary access that runs and unlocks nothing.
pub(super) fn unattached<'a>(catalog: &Catalog, purchases: &'a [Purchase], now: Moment) -> Option<&'a Purchase> {
    let runs = |purchase: &&Purchase| purchase.kind != Kind::OneTime && purchase.is_active(now);
    purchases.iter().filter(runs).find(|purchase| catalog.unlocked_by(purchase).is_empty())
}

/// Of how many entitlements the causes are looked up. Further ones are explained without.
const LOOKED_UP: usize = 12;

/// The purchases about which [`Evidence`](crate::operations::evidence::Evidence) is needed.
pub fn concerned<'a>(catalog: &Catalog, purchases: &'a [Purchase], now: Moment) -> Vec<&'a Purchase> {
    let deciding = deciding(catalog, purchases, now).into_iter().map(|one| one.purchase).take(LOOKED_UP);
    deciding.chain(unattached(catalog, purchases, now)).collect()
}
