//! Current offering (§8): what the app offers this customer, the project's default or the one the team set for them.
//! Choosing comes later.

mod card;
mod model;
mod queries;

pub use card::Card;
