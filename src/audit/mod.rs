//! The audit log (§14): who did what, and when. Every action appends one entry in the transaction that changes
//! something; nothing in the program changes or removes an entry.
//!
//! Entries of a project form a chain: each holds the hash of the one before. The details of an entry are in a table
//! beside it, and the entry holds their salted hash. When a customer is erased their details are deleted, and the chain
//! is still valid.

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
