//! Customers: any of their ids finds them, lists show them, and their standing follows from their events.

pub mod attributes;
pub mod erasure;
pub mod facts;
pub mod glance;
pub mod grants;
pub mod identity;
pub mod lists;
pub mod merge;
pub mod overrides;
pub mod search;
pub mod standing;
pub mod stars;
pub mod store_badge;
pub mod terms;
pub mod test_accounts;
pub mod test_store;
pub mod transfer;
pub mod transfer_behavior;
pub mod whom;

pub use identity::Census;
