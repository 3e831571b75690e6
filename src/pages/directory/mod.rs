//! Customers of a project: lists, search, and the offerings chosen for single customers.

pub mod lists;
pub mod overrides;
pub mod overview;
pub mod search;
