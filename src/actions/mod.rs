//! Actions: what every form has in common.
//!
//! A handler takes an [`Act`] (the form, its sender and their address), names the dialog of the form and does its work
//! in one transaction. The work returns [`Done`], which holds the entry for the audit log, so a change without a trace
//! does not compile. A form that is sent twice works once and gets the same answer both times. Refused input opens the
//! same dialog again, with what was typed.

pub mod account;
pub mod action;
pub mod disclosure;
mod done;
mod opened;
pub mod submissions;

pub use account::{Kept, Own, Owner};
pub use action::{Act, Doing};
pub use disclosure::disclose;
pub use done::{Done, ShownOnce, UNDO_MINUTES};
pub use opened::{Opened, fresh_key, page};
pub use submissions::{flash, forget as forget_submissions, take_undo};
