//! Customers proven to be tests (never a production purchase, never a grant, nothing spent), and deleting many of them.
//! A person chooses them all at once; then any process deletes a few at a time until none is left.

pub mod jobs;
mod model;
pub mod queries;
mod work;

pub use jobs::Job;
pub use model::{Bought, Pattern, Wanted};
pub use work::work;

/// The most customers that one job may delete.
pub const MOST: usize = 10_000;
