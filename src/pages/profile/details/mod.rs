//! Customer details (§2): who the customer is, as rows of names and values. Unknown values are left out.

mod card;
mod model;

pub use card::Card;
pub use model::{country_name, device, spent_in_usd};
