//! Customer history (§4): what happened, newest first, in words; above it a picture of what ran when.
//!
//! `category` decides what an event is called, `wording`, `facts` and `amount` say the rest, `rows` puts a row together;
//! `lanes`, `axis` and `picture` draw. `team` tells what the team did.

mod amount;
mod axis;
mod card;
mod category;
mod facts;
mod lanes;
mod links;
mod marker;
mod model;
mod picture;
mod queries;
mod rows;
pub mod team;
#[cfg(test)]
mod tests;
mod wording;
mod words;

// What the page of one event says in the same words.
pub use amount::{Amount, in_event as amount};
pub use card::Card;
pub use category::Category;
pub use links::to_row;
pub use model::{Cursor, Malformed, Order, Query, Shown, Side};
pub use rows::differ;
pub use wording::{Line, Subject, lines};
pub use words::grouped;
