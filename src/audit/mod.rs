//! The audit log (§14): who did what, and when. Every action appends one entry, in the transaction that makes the
//! change. Dossier never changes or removes an entry.
//!
//! The entries of a project form a chain: each entry holds the hash of the entry before it. An entry's details are in a
//! second table, and the entry holds only their salted hash. So details can be erased with a customer or a person, and
//! the chain stays valid. The entry of the erasure lists the positions whose details it took, so that nobody can blank others
//! unnoticed.

mod action;
mod context;
mod entry;
mod everywhere;
mod line;
mod positions;
pub mod queries;
pub mod reason;
pub mod refusals;
mod trace;
mod verify;

pub use action::{About, Action};
pub use context::Ctx;
pub use entry::Entry;
pub use everywhere::Everywhere;
pub use line::{Content, Line, Row, of_entry};
pub use positions::Positions;
pub use queries::append;
pub use trace::{Actor, ActorKind, Details, Origin, Trace};
pub use verify::{Broken, Verified, verify};

crate::db::columns::text_enum! {
    ActorKind: name, ActorKind::parse;
    Action: name, Action::parse;
}
