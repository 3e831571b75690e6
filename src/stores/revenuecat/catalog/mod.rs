//! The catalog of a connected project, read from RevenueCat: which lists are asked for (`read.rs`), and what of their things a
//! catalog here can hold (`model.rs`).

mod model;
mod read;

pub use model::{Found, Problem};
pub use read::read;
