//! RevenueCat's exports (§16.4): files of transactions and of customers. A row becomes the events that a webhook would have
//! brought, marked as imported. What cannot be read is a [`Problem`] of one line; the lines around it are taken in.

mod cell;
mod columns;
mod customers;
mod file;
mod ids;
mod spool;
mod transactions;

pub use customers::Customers;
pub use file::{File, Kind, Record};
pub use spool::Spool;
pub use transactions::Transactions;

use crate::base::clock::Moment;
use crate::customers::contacts::LastContact;
use crate::events::Delivery;

/// What is wrong with a line, to be read after its number.
pub type Problem = String;

/// What a line of an export says.
#[derive(Debug, Default)]
pub struct Read {
    pub deliveries: Vec<Delivery>,
    pub last_contact: Option<LastContact>,
    /// What of the line was left out.
    pub remarks: Vec<Problem>,
}

/// Reads the lines of one file.
pub trait Rows: Send {
    /// The columns that are needed and not there.
    fn missing(&self) -> Vec<&'static str>;

    /// The id by which the rows of a customer belong together.
    fn customer<'a>(&self, record: &'a Record) -> &'a str;

    /// # Errors
    /// [`Problem`] when the line cannot be taken in.
    fn read(&mut self, record: &Record, now: Moment) -> Result<Read, Problem>;
}
