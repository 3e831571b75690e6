//! The badge of a store, which the cards share with the lists and the search: see [`crate::pages::store_badge`].

pub use crate::pages::store_badge::StoreBadge;
