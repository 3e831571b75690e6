//! Entitlements (§7): what this customer can use, through which purchase, and until when; and the grants, by which
//! the team gives access without a store.

mod access_change;
mod card;
mod grants;
mod menu;
mod model;
mod moved;
mod owners;
mod purchases;

pub use access_change::AccessChange;
pub use card::Card;
pub use grants::dialog as grant_dialog;
pub use grants::{GIVE, REVOKE, Undo, undo};
pub use model::{Group, Grouped, Source};
pub use moved::Moved;
#[cfg(test)]
pub use moved::example as moved_example;
pub use purchases::{dialog as purchase_dialog, what_changes};

use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    grants::routes(routes);
    purchases::routes(routes);
}
