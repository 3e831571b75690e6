//! Customer history (§4): what happened, newest first, in words, with a picture of the purchases above.
//!
//! `category` decides what kind of row an event becomes; `wording`, `facts` and `amount` make its texts; `rows` builds
//! the row. `lanes`, `axis` and `picture` draw the picture. `team` shows the actions of the team.

mod amount;
mod axis;
mod card;
mod category;
mod facts;
mod lanes;
mod links;
mod marker;
mod menu;
mod model;
mod moved;
mod picture;
pub mod queries;
mod rows;
pub mod team;
#[cfg(test)]
mod tests;
mod wording;
mod words;

// The page of one event uses the same words.
pub use amount::{Amount, in_event as amount};
pub use card::Card;
pub use category::Category;
pub use links::to_row;
pub use model::{Cursor, Malformed, Order, Query, Shown};
pub use rows::differ;
pub use wording::{Line, Subject, lines};
pub use words::grouped;
