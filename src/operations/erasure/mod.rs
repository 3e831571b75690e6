//! Erasing customers (§12.1) and blocking them (§12.2): nothing of them stays but keyed hashes of their ids, by which
//! late events are known.
//!
//! `erase` takes everything away in one transaction. What others have received from the customer follows from the
//! customer's events; `retained` leaves them exactly those events, in nobody's name. `gate` stands where events come in.
//! `cleanup` clears the database's own leftovers away afterwards.

pub mod blocking;
pub mod cleanup;
mod erase;
mod mentions;
mod names;
mod queries;

pub use erase::{Erased, erase};
pub use mentions::rejected_naming;
pub use queries::request_cleanup;
