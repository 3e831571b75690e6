//! What every other module may use: time, ids, money, bytes, configuration, errors and roles.

pub mod allowlist;
pub mod app_user_id;
pub mod bytes;
pub mod clock;
pub mod config;
pub mod countries;
pub mod error;
pub mod ids;
pub mod master_key;
pub mod money;
pub mod monotonic;
pub mod roles;

pub use app_user_id::{AppUserId, Forbidden, lookup_key};
pub use bytes::{hex, random_bytes};
pub use roles::{Permission, Role};
