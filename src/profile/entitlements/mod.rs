//! Entitlements (§7.1): what this customer can use, through which purchase, until when. Read only; granting comes later.

mod card;
mod model;
mod moved;

pub use card::Card;
pub use model::{Group, Grouped, Source};
pub use moved::Moved;
#[cfg(test)]
pub use moved::example as moved_example;
