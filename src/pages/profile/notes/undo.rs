//! Undoing an action on a note, unless somebody has changed the note since.

use serde::{Deserialize, Serialize};

use super::handlers::must_have_room;
use super::model::Note;
use super::queries;
use crate::actions::{ActionContext, Done};
use crate::audit::{Action, Trace};
use crate::base::Permission::WriteNotes;
use crate::base::error::{Error, Refusal};
use crate::pages::profile::subject::Subject;

/// What [`undo`] needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Undo {
    Added(Note),
    Edited { before: Note, after: Note },
    Deleted(Note),
}

pub fn undo(action: &mut ActionContext<'_>, subject: &Subject, undo: Undo) -> Result<Done, Error> {
    action.permit(WriteNotes)?;
    // If the customer was merged since, the note belongs to the remaining customer.
    let here = |note: Note| Note { customer_id: subject.customer.id, ..note };
    let (trace, message) = match undo {
        Undo::Added(note) => {
            must_be_untouched(action, subject, &note)?;
            let note = here(note);
            queries::delete(action.conn, &note)?;
            (Trace::new(Action::NoteDeleted).before(note.body), "The note is gone again.")
        }
        Undo::Edited { before, after } => {
            must_be_untouched(action, subject, &after)?;
            let before = here(before);
            queries::update(action.conn, &before)?;
            (Trace::new(Action::NoteUpdated).before(after.body).after(before.body), "The note reads as before.")
        }
        Undo::Deleted(note) => {
            must_have_room(action, subject)?;
            let note = here(note);
            queries::insert(action.conn, &note)?;
            (Trace::new(Action::NoteCreated).after(note.body), "The note is back.")
        }
    };
    Ok(Done::new(trace.because(Some("undone".into())), message, subject.at("notes")))
}

fn must_be_untouched(action: &mut ActionContext<'_>, subject: &Subject, note: &Note) -> Result<(), Error> {
    let gone = || Refusal::new("", "Somebody deleted the note meanwhile. There is nothing to undo.");
    let found = queries::find(action.conn, subject.customer.id, note.id);
    let now = diesel::OptionalExtension::optional(found)?.ok_or_else(gone)?;
    if now.body == note.body && now.version() == note.version() {
        return Ok(());
    }
    let by = now.last_writer();
    Err(Refusal::new("", format!("{by} changed the note meanwhile. It stays as it is.")).into())
}
