//! What the team did to this customer, told like the rest of the history, out of the audit log. Kept apart: who looks for
//! what happened to the customer is not told of every note.

mod queries;
mod rows;

use super::rows::Row;
use crate::pages::profile::visit::Visit;

pub use queries::{Page, page};

pub(super) fn rows(page: &Page, visit: &Visit) -> Vec<Row> {
    page.lines.iter().map(|line| rows::row(line, visit)).collect()
}
