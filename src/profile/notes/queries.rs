//! The notes of a customer.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::Conn;
use crate::schema::notes;
use crate::state::CustomerId;

/// A note as it was written.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = notes)]
pub struct Note {
    pub body: String,
    pub author: String,
    pub author_email: String,
    pub created_at: Moment,
    pub edited_by: Option<String>,
    pub edited_at: Option<Moment>,
}

/// Newest first. A merge may leave a customer with more than one may add.
pub fn of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Note>> {
    notes::table
        .filter(notes::customer_id.eq(customer))
        .order((notes::created_at.desc(), notes::id.desc()))
        .select(Note::as_select())
        .load(conn)
}
