//! The client API that apps and servers call, in two versions. `CONTRACT.md` beside this file is the contract:
//! RevenueCat's official SDKs and REST clients work with it unchanged.

mod asking;
pub mod attribute_writer;
pub mod authenticate;
pub mod body;
pub mod customers;
pub mod device;
pub mod errors;
pub mod idempotency;
pub mod last_seen;
pub mod rate_limit;
pub mod store_actions;
pub mod v1;
pub mod v2;

use crate::web::Routes;

pub use attribute_writer::AttributeCalls;
pub use authenticate::{AuthorizedCall, Caller};
pub use last_seen::LastSeen;
pub use rate_limit::RateLimits;
pub use v1::log_ins::LogIns;

pub fn routes(routes: &mut Routes) {
    v1::routes(routes);
    v2::routes(routes);
}
