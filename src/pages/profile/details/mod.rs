//! Customer details (§2): who this is, as rows of names and values. What is not known is left out.

mod card;
mod model;

pub use card::Card;
pub use model::{country_name, device, spent_in_usd};
