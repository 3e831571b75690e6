//! Grants (§7.2): access that the team gives without a store. They never touch billing, and they do not stack: their
//! time runs beside a subscription, not after it. Dossier's own events record them: `plan` makes the events, `execute`
//! appends them.

pub mod execute;
mod length;
mod plan;
pub mod queries;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};

pub use length::{CUSTOM, InvalidLength, Length, Preset, UNTIL, end_of_day};
pub use plan::{Given, Held, Plan, Refusal, Removed};
pub use queries::End;

/// The customer whose grants are planned or changed, and the current time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    pub project: ProjectId,
    pub customer: CustomerId,
    pub now: Moment,
}
