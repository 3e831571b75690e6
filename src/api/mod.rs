//! The client API: what apps and servers send, and what they must get back. Its contract is the clients' own: the official SDKs and REST clients work with it unchanged.

pub mod authenticate;
pub mod body;
pub mod customers;
pub mod device;
pub mod errors;
pub mod last_seen;
pub mod rate_limit;
pub mod v1;
pub mod v2;

pub use authenticate::{Caller, Inside, Needs};
pub use last_seen::Sightings;
pub use rate_limit::Pace;
