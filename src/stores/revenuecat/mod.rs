//! RevenueCat as the side where things are done: a project that is connected asks its API first, and shows as done only what it
//! said is done. Another Dossier speaks the same API and may stand in its place.

mod budget;
pub mod catalog;
mod check;
mod client;
mod connection;
mod customers;
mod findings;
mod found;
mod http;
mod lists;
mod purchases;
pub mod queue;
pub mod rules;
mod secrets;
mod session;
pub mod shown;

pub use budget::Urgency;
pub use check::{Checked, check};
pub use client::Client;
pub use connection::{Connection, Keys, queries};
pub use findings::{Finding, Findings, Verdict};
pub use http::{Access, Upstream};
pub use lists::{Failure, Pace};
pub use session::{NoReading, Service, Session};

/// Where RevenueCat's API is.
pub const BASE_URL: &str = "https://api.revenuecat.com";
