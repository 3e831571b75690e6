//! The parts of what is held, one file each. A part is a field of the export file and a table on the page; the list of
//! them all is in `model`.

pub mod app_user_ids;
pub mod attributes;
pub mod balances;
pub mod details;
pub mod experiments;
pub mod explanations;
pub mod notes;
pub mod offering_override;
pub mod passed_on;
pub mod purchases;
pub mod rejected;
pub mod store_requests;
pub mod team_actions;

use diesel::QueryResult;
use serde::Serialize;
use serde_json::value::RawValue;

use super::model::Time;
use crate::base::money::{Micros, Money};
use crate::db::Conn;
use crate::pages::profile::visit::Visit;
use crate::wording::text::capitalised;

/// One part of what is held on a customer.
pub trait Section {
    /// What the file has in this field.
    type Field: Serialize;

    /// The title of the table.
    const TITLE: &'static str;
    /// The heads of its columns.
    const HEADS: &'static [&'static str];

    /// At most one query, whatever the amount.
    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Self::Field>;

    /// The cells of the table, a row for each entry.
    fn rows(field: &Self::Field) -> Vec<Vec<String>>;
}

/// Stands for the author's name, which is personal data of the team member.
const TEAM: &str = "team member";

fn shown(time: Option<Time>) -> String {
    time.map(Time::shown).unwrap_or_default()
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

/// `INITIAL_PURCHASE` becomes `Initial purchase`.
pub fn words(name: &str) -> String {
    capitalised(&name.to_lowercase().replace('_', " "))
}

fn dollars(amount: Micros) -> String {
    Money { amount, currency: "USD".into() }.shown()
}

/// Text that is already JSON; `None` if it is not.
pub fn raw(text: String) -> Option<Box<RawValue>> {
    RawValue::from_string(text).ok()
}
