//! Erasing customers (§12.1) and blocking them (§12.2). Only keyed hashes of their ids remain, so that `customers` can
//! recognise late events and keep them out.
//!
//! `erase` deletes everything in one transaction. Purchases that other customers received from the erased one follow
//! from its events; `customers::retained` leaves them exactly those events, redacted. Afterwards `cleanup` clears the
//! database's own leftovers.

pub mod blocking;
pub mod cleanup;
mod erase;
mod mentions;
mod names;
mod queries;

pub use erase::{Erased, erase, must_be_settled};
pub use mentions::{Naming, rejected_naming};
pub use queries::request_cleanup;
