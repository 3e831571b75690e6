//! Grants (§7.2): access that the team gives without a store. They never touch billing, and they do not stack: their
//! time runs beside a subscription, not after it. Dossier's own events record them: `plan` makes the events, `execute`
//! appends them.

mod execute;
mod length;
mod plan;
pub mod queries;

pub use execute::{carry_out, record_end};
pub use length::{CUSTOM, InvalidLength, Length, Preset, UNTIL, end_of_day};
pub use plan::{
    Given, Held, Plan, Refusal, Removed, plan_again, plan_as_asked, plan_grant, plan_removal, plan_removal_of_all,
    plan_removal_of_one, running,
};
pub use queries::End;
