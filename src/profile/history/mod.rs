//! Customer history (§4): what happened, newest first, in words; above it a picture of what ran when.
//!
//! `category` decides what an event is called, `wording`, `facts` and `amount` say the rest, `rows` puts a row together.

mod amount;
mod axis;
mod card;
pub mod category;
mod facts;
mod lanes;
pub mod links;
mod model;
mod picture;
mod queries;
mod rows;
pub mod wording;
mod words;

pub use card::Card;
pub use model::{Cursor, Malformed, Order, Query, Side};
