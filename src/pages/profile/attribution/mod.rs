//! Attribution (§11): what an ad network delivered, read from the attributes. The card is left out without any.

mod card;
mod model;

pub use card::Card;
