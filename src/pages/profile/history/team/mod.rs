//! The actions of the team on this customer, from the audit log, shown like the rest of the history. They are a
//! separate topic, so that the history of events does not mention every note.

mod adjusters;
mod queries;
mod rows;

use super::rows::Row;
use crate::pages::profile::visit::Visit;

pub use adjusters::add as add_adjusters;
pub use queries::{Page, page};

pub(super) fn rows(page: &Page, visit: &Visit) -> Vec<Row> {
    page.lines.iter().map(|line| rows::row(line, visit)).collect()
}
