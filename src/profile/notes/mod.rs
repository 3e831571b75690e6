//! Notes (§3): what the team wrote about this customer, newest first. Adding comes later.

mod card;
mod queries;

pub use card::Card;
