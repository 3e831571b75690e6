//! The mark of a store: see [`crate::pages::store_badge`], which lists and finds share with the cards.

pub use crate::pages::store_badge::StoreBadge;
