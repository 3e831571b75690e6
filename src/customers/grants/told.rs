//! What the log says of grants.

use super::{Length, Plan};
use crate::audit::{Action, Trace};
use crate::page::times;

/// What the grants that a plan takes back unlocked, each once.
pub fn entitlements(plan: &Plan) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for id in plan.removed.iter().flat_map(|one| &one.entitlements) {
        if !all.contains(id) {
            all.push(id.clone());
        }
    }
    all
}

/// The entry of what a plan gives.
pub fn given(entitlement: &str, length: Length, plan: &Plan) -> Trace {
    let ends_at = plan.given.first().map_or_else(String::new, |given| times::full(given.ends_at));
    let trace = Trace::new(Action::EntitlementGranted).about(entitlement);
    let trace = trace.after(format!("{}, to {ends_at}", length.said()));
    match plan.removed.first() {
        Some(first) => trace.before(format!("granted to {}", times::full(first.ends_at))),
        None => trace,
    }
}

/// The entry of what a plan takes back.
pub fn taken(plan: &Plan) -> Trace {
    let trace = Trace::new(Action::EntitlementRevoked).about(entitlements(plan).join(", "));
    match plan.removed.first() {
        Some(first) => trace.before(format!("granted to {}", times::full(first.ends_at))),
        None => trace,
    }
}
