//! The catalog of a project that is connected to RevenueCat: comparing it with the one there (`comparer.rs`), taking over what
//! differs, once (`take.rs`) or again and again (`follow.rs`). What exists only here is never deleted.

mod comparer;
mod comparison;
mod follow;
mod take;

pub use comparer::Comparer;
pub use comparison::{Comparison, ask, found, keep_in_step, status};
pub use take::{Taken, take};
