//! Overrides (§8): the offering the team chose for one customer in place of the project's default, perhaps until a day.

pub mod current;
mod model;
pub mod queries;
#[cfg(test)]
pub mod testing;

pub use current::Offering;
pub use model::{Cursor, End, Override, TEST_CUSTOMERS_ONLY, may_change};
