//! App User IDs (§9.1): every id of this customer, the original first, the others in the order they became known.

mod card;
mod joined;
mod queries;
mod shared;

pub use card::Card;
