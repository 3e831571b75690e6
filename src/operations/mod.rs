//! What can be done to a customer, without HTTP. Each action has a request (a parsed type), a plan (what would follow)
//! and an execution, which returns the trace for the audit log.

pub mod attributes;
pub mod catalog;
pub mod comparison;
pub mod copies;
pub mod currencies;
pub mod erasure;
pub mod evidence;
pub mod grants;
pub mod only_here;
pub mod overrides;
pub mod requests;
pub mod test_accounts;
pub mod test_store;
pub mod trail;
pub mod transfer;

pub use attributes::trace;
