//! Events come in here, from webhooks, imports and Dossier itself. Each is screened, stored and put into the histories
//! of its customers; then the state of these customers is derived again.

pub mod exports;
mod incomplete;
pub mod queries;
pub mod rejected;
mod screening;
pub mod silence;
mod store;
mod writer;

pub use store::{
    Outcome, Taken, append, append_one, append_rows, introduce, mark_stale, reassign, take, take_found, take_many,
    take_read,
};
pub use writer::{Answer, Intake};
