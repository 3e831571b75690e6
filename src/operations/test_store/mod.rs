//! The Test Store: purchases without a store and without money, to try out an app. The app generates a token that buys
//! a product of the catalog; a subscription then renews on a fast schedule and expires (§17). Dossier's own events in
//! the sandbox record all of it, so the profile, the history and the clients need no rules for it.

mod buy;
mod elsewhere;
pub mod queries;
mod renew;
mod schedule;
mod token;

pub use buy::{Bought, Order, Refusal, buy};
pub use queries::PendingRenewal;
pub use renew::advance;
pub use schedule::RENEWALS;
pub use token::Token;
