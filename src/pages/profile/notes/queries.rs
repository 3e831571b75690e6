//! The notes of a customer.

use diesel::prelude::*;

use super::model::Note;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, NoteId};
use crate::db::Conn;
use crate::db::schema::notes;

/// All notes that were written until a moment, newest first. After a merge a customer may have more than the limit.
pub fn load(conn: &mut Conn, customer: CustomerId, until: Moment) -> QueryResult<Vec<Note>> {
    notes::table
        .filter(notes::customer_id.eq(customer).and(notes::created_at.le(until)))
        .order((notes::created_at.desc(), notes::id.desc()))
        .select(Note::as_select())
        .load(conn)
}

/// # Errors
/// [`diesel::NotFound`] when this customer has no such note.
pub fn find(conn: &mut Conn, customer: CustomerId, id: NoteId) -> QueryResult<Note> {
    notes::table.find((customer, id)).select(Note::as_select()).first(conn)
}

pub fn count(conn: &mut Conn, customer: CustomerId) -> QueryResult<i64> {
    notes::table.filter(notes::customer_id.eq(customer)).count().get_result(conn)
}

pub fn insert(conn: &mut Conn, note: &Note) -> QueryResult<()> {
    diesel::insert_into(notes::table).values(note).execute(conn)?;
    Ok(())
}

/// Stores the note's text, its editor and the time of the edit.
pub fn update(conn: &mut Conn, note: &Note) -> QueryResult<()> {
    diesel::update(notes::table.find((note.customer_id, note.id)))
        .set((
            notes::body.eq(&note.body),
            notes::edited_by.eq(&note.edited_by),
            notes::edited_by_id.eq(note.edited_by_id),
            notes::edited_at.eq(note.edited_at),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn delete(conn: &mut Conn, note: &Note) -> QueryResult<()> {
    diesel::delete(notes::table.find((note.customer_id, note.id))).execute(conn)?;
    Ok(())
}
