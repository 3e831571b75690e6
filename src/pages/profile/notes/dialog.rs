//! The dialogs that add, edit and delete a note.

use askama::Template;
use diesel::OptionalExtension;

use super::model::Note;
use super::queries;
use crate::actions::Opened;
use crate::base::Permission::WriteNotes;
use crate::base::error::Error;
use crate::db::Conn;
use crate::pages::profile::visit::Visit;
use crate::web::markdown::{self, CleanHtml};
use crate::web::{Dialog, filters};

#[derive(Template)]
#[template(path = "profile/notes/write.html")]
struct Write {
    form: Opened,
    action: String,
    renders: String,
    most: i64,
    /// The note that is edited; `None` for a new one.
    note: Option<Note>,
}

#[derive(Template)]
#[template(path = "profile/notes/delete.html")]
struct Delete {
    form: Opened,
    action: String,
    note: Note,
    body: CleanHtml,
}

/// The dialog of this name; `None` when it does not exist, is not for this person, or the note does not exist.
pub fn dialog(conn: &mut Conn, visit: &Visit, form: Opened) -> Result<Option<Dialog>, Error> {
    if !visit.may(WriteNotes) {
        return Ok(None);
    }
    let note = match form.number() {
        Some(id) => queries::find(conn, visit.customer.id, id).optional()?,
        None => None,
    };
    match (form.name.as_str(), note) {
        ("note-add", None) => Ok(Some(Dialog::new(Write::new(visit, form, None)))),
        ("note-edit", Some(note)) => Ok(Some(Dialog::new(Write::new(visit, form, Some(note))))),
        ("note-delete", Some(note)) => Ok(Some(Dialog::new(Delete::new(visit, form, note)))),
        _ => Ok(None),
    }
}

impl Write {
    fn new(visit: &Visit, form: Opened, note: Option<Note>) -> Write {
        let path = note.as_ref().map_or_else(|| "notes".to_owned(), |note| format!("notes/{}", note.id));
        let (action, renders) = (visit.action(&path), visit.action("notes/preview"));
        Write { form, action, renders, most: visit.project.note_length, note }
    }

    fn text(&self) -> &str {
        self.form.value("body", self.note.as_ref().map_or("", |note| &note.body))
    }

    /// The number of characters as [`NoteBody::parse`](super::model::NoteBody::parse) counts: a line end is one.
    fn length(&self) -> usize {
        self.text().replace("\r\n", "\n").chars().count()
    }
}

impl Delete {
    fn new(visit: &Visit, form: Opened, note: Note) -> Delete {
        let action = visit.action(&format!("notes/{}/delete", note.id));
        Delete { form, action, body: markdown::render(&note.body), note }
    }
}
