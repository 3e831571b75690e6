//! What an explanation is made of. Everything is passed in.

use super::Case;
use crate::base::clock::Moment;
use crate::catalog::Catalog;
use crate::customers::SandboxAccess;
use crate::events::{Environment, Summary};
use crate::operations::evidence::{Act, Evidence};
use crate::projection::{Cause, Purchase};
use crate::stores::{Connected, Target};

/// What is known of a customer at a moment, in one environment.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub now: Moment,
    pub environment: Environment,
    pub catalog: &'a Catalog,
    /// The purchases of the environment.
    pub purchases: &'a [Purchase],
    pub evidence: &'a Evidence,
    /// The setting that keeps the sandbox purchases from unlocking (§17).
    pub locked: Option<SandboxAccess>,
    pub connected: Option<Connected>,
    /// Whether there are purchases in the other environment.
    pub has_others: bool,
}

impl<'a> Known<'a> {
    /// The event that had this effect on the purchase.
    pub(super) fn event(&self, purchase: &Purchase, cause: Cause) -> Option<&'a Summary> {
        self.evidence.events.get(&purchase.causes.get(cause)?)
    }

    /// Who did what an event reports, if the audit log has it.
    pub(super) fn act(&self, event: &Summary) -> Option<&'a Act> {
        self.act_at(event.event_at)
    }

    pub(super) fn act_at(&self, at: Moment) -> Option<&'a Act> {
        self.evidence.acts.iter().find(|act| act.at == at)
    }

    /// The case of a purchase. A refund that was reversed since says nothing any more.
    pub(super) fn case_of(&self, purchase: &Purchase) -> Case {
        let own = Case::of(purchase, self.now);
        let is_kept = purchase.refunded_at.is_none() && purchase.access_kept_at.is_some();
        let reversed_at = self.event(purchase, Cause::RefundReversed).map(|event| event.event_at);
        if own == Case::RefundedWithAccess && is_kept && reversed_at > purchase.access_kept_at {
            let mut settled = purchase.without_picture();
            settled.access_kept_at = None;
            return Case::of(&settled, self.now);
        }
        own
    }

    /// The purchase that took the place of another one, and its product; each if it is known.
    pub(super) fn successor(&self, purchase: &Purchase) -> (Option<&'a Purchase>, Option<String>) {
        let named = |cause: Cause| {
            let event = self.event(purchase, cause)?;
            event.new_product_id.clone().or_else(|| event.product_id.clone()).filter(|id| *id != purchase.product_id)
        };
        let product = named(Cause::Replaced).or_else(|| named(Cause::ProductChange));
        let is_it = |one: &&Purchase| {
            one.key != purchase.key && one.store == purchase.store && Some(&one.product_id) == product.as_ref()
        };
        (self.purchases.iter().find(is_it), product)
    }

    pub(super) fn is_sandbox(&self) -> bool {
        self.environment == Environment::Sandbox
    }

    pub(super) fn target<'p>(&self, purchase: &'p Purchase) -> Target<'p> {
        Target { purchase, now: self.now, connected: self.connected }
    }
}
