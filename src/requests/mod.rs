//! Requests: what somebody asked for that is not done at once, because a store has to do it or a colleague has to agree. A
//! request is stored before anything leaves the program, and its state says how far it is. (What a browser sends is a request
//! too; that kind is in `web`.)

mod customer_echo;
pub mod echo;
pub mod held;
pub mod queries;
mod request;
mod state;
mod step;

pub use request::{Asker, NewRequest, Request};
pub use state::State;
pub use step::Step;

use crate::stores::OrderKind;

crate::db::columns::text_enum! {
    State: name, State::parse;
    OrderKind: name, OrderKind::parse;
}
