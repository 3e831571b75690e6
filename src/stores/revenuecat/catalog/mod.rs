//! The catalog of a connected project, read from RevenueCat: which lists are asked for (`read.rs`), how they are read to their end
//! (`lists.rs`), and what of their things a catalog here can hold (`model.rs`).

mod lists;
mod model;
mod read;

pub use lists::{Failure, Pace};
pub use model::{Found, Problem};
pub use read::read;
