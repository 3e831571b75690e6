//! Virtual currencies (§15): balances added up from the events, which is an estimate. The sandbox switch selects
//! which. People with the permission change a balance, and give a first amount of a currency that the project has. For
//! them the card is there without a balance as well; others see it only with one.

mod card;
mod dialog;
mod draft;
mod handlers;
mod queries;
mod undo;

use crate::base::Permission::AdjustBalances;
use crate::web::Routes;

pub use card::Card;
pub use dialog::dialog;
pub use queries::balances_then;
pub use undo::{Undo, undo};

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/customers/{id}/currencies", |routes| {
        routes.post("/{code}", AdjustBalances, handlers::adjust);
        routes.post("/{code}/preview", AdjustBalances, handlers::preview);
    });
}
