//! What an explanation is made of. Everything is passed in.

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
        self.evidence.acts.iter().find(|act| act.at == event.event_at)
    }

    pub(super) fn is_sandbox(&self) -> bool {
        self.environment == Environment::Sandbox
    }

    pub(super) fn target<'p>(&self, purchase: &'p Purchase) -> Target<'p> {
        Target { purchase, now: self.now, connected: self.connected }
    }
}
