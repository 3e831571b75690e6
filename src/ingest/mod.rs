//! Events in: screened, stored, given to the customers they speak of, folded. Webhooks, imports and events of our own all come in this way.

pub mod queries;
mod screening;
mod store;
mod writer;

pub use store::{Outcome, alive, append, expect, give_again, leave_stale, settle, store};
pub use writer::{Answer, Intake};
