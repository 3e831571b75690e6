//! Customers: any of their ids finds them, lists show them, and their standing follows from their events.

pub mod app_user_id;
pub mod identity;
pub mod merge;
pub mod standing;
pub mod terms;

pub use app_user_id::{AppUserId, Forbidden, lookup_key};
pub use identity::Census;
