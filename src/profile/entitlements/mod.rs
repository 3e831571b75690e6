//! Entitlements (§7.1): what this customer can use, through which purchase, until when. Read only; granting comes later.

mod card;
mod model;

pub use card::Card;
pub use model::{Group, Grouped, Source};
