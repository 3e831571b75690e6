//! The Test Store: purchases without a store and without money, for whoever tries out an app. A token that the app makes
//! up buys a product of the catalog; a subscription then renews on a fast schedule and expires (§17). All of it is told by
//! events of our own, in the sandbox: the profile, the history and the clients need to know nothing of it.

mod buy;
mod elsewhere;
pub mod queries;
mod refund;
mod renew;
mod schedule;
mod token;

use crate::base::clock::Moment;
use crate::projection::CustomerId;

pub use buy::{Bought, Order, Refusal};
pub use queries::PendingRenewal;
pub use refund::{cancel, refund};
pub use renew::go_on;
pub use schedule::RENEWALS;
pub use token::Token;

/// Who buys, in which project, at which moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buyer {
    pub project: i64,
    pub customer: CustomerId,
    pub now: Moment,
}
