//! Customers: finds them by any of their ids, merges them, and stores the state that follows from their events.

pub mod as_of;
pub mod attributes;
pub mod contacts;
pub mod cursor;
pub mod facts;
pub mod id_hash;
pub mod identity;
pub mod locks;
pub mod merge;
pub mod overrides;
pub mod retained;
pub mod sandbox_access;
pub mod search_terms;
pub mod stars;
pub mod state;
pub mod stored_purchases;
pub mod subject;
pub mod tombstones;
mod transfer_behavior;

pub use as_of::{AsOf, Asked, Reading};
pub use cursor::Cursor;
pub use id_hash::IdHasher;
pub use identity::Seen;
pub use sandbox_access::SandboxAccess;
pub use tombstones::{Tombstones, Verdict};
pub use transfer_behavior::TransferBehavior;
