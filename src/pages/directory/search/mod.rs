//! Finds a customer by whatever somebody pastes: an id, an order number, an address, or a whole mail with one (§13).
//! Cost grows with the logarithm of the number of customers: every query is a range of an index, and has a limit.

pub mod handlers;
pub mod model;
pub mod pasted;
pub mod queries;

pub use model::{Query, TooLong};
