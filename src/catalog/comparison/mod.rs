//! Comparing the catalog of a project with that of another side, and taking over what differs. What exists only here stays as it
//! is: nothing is ever deleted by it.

mod difference;
mod item;
mod read;
mod write;

pub use difference::{Change, Difference, Line, OnlyHere};
pub use item::{Item, Key, Kind};
pub use read::read;
pub use write::write;
