//! Which events brought a purchase into its state: what an explanation points to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::ids::EventId;

/// What an event did to a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It began the current period.
    Period,
    /// It switched renewal off.
    RenewalOff,
    /// It switched renewal on again.
    RenewalOn,
    BillingIssue,
    Refund,
    /// It gave money back and left access as it was.
    KeptRefund,
    RefundReversed,
    /// It ended access.
    End,
    /// It moved the end.
    Extension,
    Pause,
    /// It asked for another product.
    ProductChange,
    /// Another purchase took its place.
    Replaced,
    /// It moved the purchase to the customer who has it.
    Transfer,
}

/// The row of the newest event for each cause. What a new period has overtaken is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Causes(BTreeMap<Cause, EventId>);

impl Causes {
    pub fn get(&self, cause: Cause) -> Option<EventId> {
        self.0.get(&cause).copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (Cause, EventId)> {
        self.0.iter().map(|(cause, by)| (*cause, *by))
    }

    pub(super) fn set(&mut self, cause: Cause, by: EventId) {
        self.0.insert(cause, by);
    }

    pub(super) fn remove(&mut self, causes: &[Cause]) {
        self.0.retain(|cause, _| !causes.contains(cause));
    }

    /// A new period: what happened in the last one says nothing any more.
    pub(super) fn begin_period(&mut self, by: EventId) {
        self.0.retain(|cause, _| *cause == Cause::Transfer);
        self.set(Cause::Period, by);
    }
}
