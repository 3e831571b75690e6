//! Deliveries that came with the right secret and could not be used, or not in full. They are kept with the reason, for
//! developers to see, within limits: the newest ones, up to a size, and not for ever. They are found by the ids they hold.

mod queries;
pub mod words;

pub use queries::{Naming, keep, naming, prune, remove};

/// How many rejected deliveries of a project are kept.
pub const MOST: usize = 1_000;
/// How many bytes the kept bodies of a project have together.
pub const MOST_BYTES: i64 = 16 << 20;
/// For how many days they are kept.
pub const DAYS: i64 = 30;
