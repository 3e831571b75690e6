//! The pages people see.

pub mod directory;
pub mod store_badge;
