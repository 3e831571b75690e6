//! Grants (§7.2): access that the team gives without a store. They never touch billing, and they do not stack: time runs
//! beside a subscription, not after it. All they do is told by events of our own.

mod acts;
mod length;
pub mod queries;

pub use acts::{Given, Held, Holder, Refusal, Removed};
pub use length::{CUSTOM, Length, NoLength, Preset, UNTIL, end_of_day};
pub use queries::End;
