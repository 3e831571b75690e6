//! Attributes (§10): keys and values the app, the team or events set. Set ones first, known keys by their labels.

mod card;
mod model;
mod reserved;

pub use card::Card;
