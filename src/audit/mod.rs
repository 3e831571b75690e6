//! The audit log (§14): who did what, and when. Every action appends one entry in the transaction that changes something;
//! nothing in the program changes or removes an entry.
//!
//! Entries of a project form a chain: each carries the hash of the one before. What an entry says of a customer lies
//! beside it under a salted hash and goes when the customer is erased, so that the chain stays whole.

mod action;
mod entry;
mod everywhere;
mod line;
pub mod queries;
mod trace;
mod verify;

pub use action::Action;
pub use entry::Entry;
pub use everywhere::Everywhere;
pub use line::{Content, Line, Row};
pub use queries::append;
pub use trace::{Actor, ActorKind, Details, Origin, Trace};
pub use verify::{Broken, Verified, verify};
