//! The mark of a store: see [`crate::customers::store_badge`], which lists and finds share with the cards.

pub use crate::customers::store_badge::StoreBadge;
