//! Attribution (§11): what an ad network delivered, from the attributes. The card stands only where something was.

mod card;
mod model;

pub use card::Card;
