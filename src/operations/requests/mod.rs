//! Money actions and whatever else is asked of a store (§7.4): asking for it, the second person who agrees, sending it, and
//! what follows from what the store did.
//!
//! `check` says what can be asked for, `ask` stores a request; `decide` is what people do with it afterwards; `worker` sends it
//! and settles what is not known; `effects` writes the events. Nothing is sent twice: see [`crate::requests::State`].

mod approval;
mod ask;
mod check;
mod customer;
mod customer_effects;
mod decide;
mod disconnect;
mod effects;
mod held;
mod payment;
mod preview;
mod refusal;
mod subject;
mod worker;

pub use approval::{Rule, for_whom as approval_needed, rules, set_rule};
pub use ask::{Ask, Asked, Extent, Wish};
pub use check::check;
pub use customer::CustomerAsk;
pub use customer_effects::DELETED_THERE;
pub use decide::{Decided, Problem, Settlement, again as stored_ask, approve, refuse, settle, withdraw};
pub use disconnect::{CARRIED_OUT_HERE, Open, Unsent, open, part};
pub use payment::Payment;
pub use preview::events as previewed;
pub use refusal::{Refusal, RefusalKind};
pub use subject::{Holder, find_by_event, find_by_transaction, find_purchase};
pub use worker::{BESIDE, NOT_TO_WAIT, Worker};

/// How many days a request waits for a second person.
pub const WAITING_DAYS: i64 = 7;
