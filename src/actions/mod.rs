//! Actions: what every form has in common.
//!
//! A handler takes an [`ActionForm`], names the dialog of the form and the [`Page`] that it stands on, and does its work
//! in one transaction. The work returns [`Done`], which holds the entry for the audit log, so a change without a trace
//! does not compile. A form that is sent twice works once and gets the same answer both times. Refused input opens the
//! same dialog again, with what was typed.

pub mod disclosure;
mod done;
mod field;
mod form;
mod opened;
mod page;
mod reach;
mod scope;
pub mod submissions;

pub use disclosure::disclose;
pub use done::{Done, ShownOnce, UNDO_MINUTES};
pub use form::{AccountForm, ActionContext, ActionForm};
pub use opened::{Opened, fresh_key};
pub use page::{Page, Renderer, View, render, show};
pub use reach::Reach;
pub use scope::{AccountDone, FormScope, InProject, OwnAccount, Scope, act};
pub use submissions::{flash, forget as forget_submissions, take_undo};
