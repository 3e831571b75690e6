//! Customers proven to be tests (never a production purchase, never a grant, nothing spent), and deleting many of them:
//! chosen at once, deleted in small steps by whichever process comes first, until all are.

pub mod jobs;
mod model;
pub mod queries;
mod work;

pub use jobs::Job;
pub use model::{Bought, Pattern, Wanted};
pub use work::work;

/// How many one job may delete.
pub const MOST: usize = 10_000;
