//! Manage (§12.1): what deleting this customer would mean, in numbers. The control comes later, so none is shown.

mod card;
mod model;
mod queries;

pub use card::Card;
