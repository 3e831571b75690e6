//! The notes, the oldest first, without their authors.

use diesel::prelude::*;
use serde::Serialize;

use super::{Section, TEAM, shown};
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::notes;
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Serialize)]
pub struct Note {
    /// The Markdown source.
    pub text: String,
    pub written_by: &'static str,
    pub created_at: Time,
    pub edited_at: Option<Time>,
}

impl Section for Note {
    type Field = Vec<Note>;

    const TITLE: &'static str = "Notes";
    const HEADS: &'static [&'static str] = &["Written", "Text", "Edited"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<Note>> {
        let rows: Vec<(String, Moment, Option<Moment>)> = notes::table
            .filter(notes::customer_id.eq(visit.customer.id).and(notes::created_at.le(visit.until())))
            .order(notes::id)
            .select((notes::body, notes::created_at, notes::edited_at))
            .load(conn)?;
        let one = |(text, created_at, edited_at): (String, Moment, Option<Moment>)| Note {
            text,
            written_by: TEAM,
            created_at: Time(created_at),
            edited_at: edited_at.map(Time),
        };
        Ok(rows.into_iter().map(one).collect())
    }

    fn rows(notes: &Vec<Note>) -> Vec<Vec<String>> {
        notes.iter().map(|note| vec![note.created_at.shown(), note.text.clone(), shown(note.edited_at)]).collect()
    }
}
