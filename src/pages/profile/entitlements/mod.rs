//! Entitlements (§7): what this customer can use, through which purchase, and until when; and the grants, by which
//! the team gives access without a store.

mod access_change;
mod card;
mod grants;
mod menu;
mod model;
mod moved;

pub use card::Card;
pub use grants::{Undo, dialog, routes, undo};
pub use model::{Group, Grouped, Source};
pub use moved::Moved;
#[cfg(test)]
pub use moved::example as moved_example;
