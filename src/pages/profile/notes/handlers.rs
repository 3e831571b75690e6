//! Adding, editing and deleting notes.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::Bytes;
use serde::Deserialize;

use super::model::{Note, NoteBody};
use super::{Undo, queries};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::pages::profile::acting::{Outcome, on_customer};
use crate::pages::profile::subject::Subject;
use crate::pages::profile::undo;
use crate::web::markdown;
use crate::wording::text::count;

/// The fields of the form.
#[derive(Deserialize)]
pub struct Draft {
    body: String,
    /// The version of the note that the dialog showed.
    seen: Option<i64>,
}

#[derive(Deserialize)]
pub struct Seen {
    seen: Option<i64>,
}

pub async fn add(form: ActionForm<Draft>) -> Outcome {
    on_customer(form, "note-add", |action, subject, draft| {
        let body = NoteBody::parse(&draft.body, subject.project.note_length)?;
        must_have_room(action, subject)?;
        let note = Note::new(subject.customer.id, action.ctx.next_id(), body, &action.who.person, action.ctx.now);
        queries::insert(action.conn, &note)?;
        let trace = Trace::new(Action::NoteCreated).after(&note.body);
        let undo = undo::Undo::Note(Box::new(Undo::Added(note)));
        Ok(Done::new(trace, "Note added.", subject.at("notes")).with_undo(&undo))
    })
    .await
}

pub async fn edit(form: ActionForm<Draft>) -> Outcome {
    let dialog = format!("note-edit.{}", form.parameter("n")?);
    on_customer(form, &dialog, |action, subject, draft| {
        let note = note_of(action, subject)?;
        let body = NoteBody::parse(&draft.body, subject.project.note_length)?;
        note.must_be(draft.seen)?;
        let edited = note.edited(body, &action.who.person, action.ctx.now);
        queries::update(action.conn, &edited)?;
        let trace = Trace::new(Action::NoteUpdated).before(&note.body).after(&edited.body);
        let undo = undo::Undo::Note(Box::new(Undo::Edited { before: note, after: edited }));
        Ok(Done::new(trace, "Note changed.", subject.at("notes")).with_undo(&undo))
    })
    .await
}

pub async fn delete(form: ActionForm<Seen>) -> Outcome {
    let dialog = format!("note-delete.{}", form.parameter("n")?);
    on_customer(form, &dialog, |action, subject, draft| {
        let note = note_of(action, subject)?;
        note.must_be(draft.seen)?;
        queries::delete(action.conn, &note)?;
        let trace = Trace::new(Action::NoteDeleted).before(&note.body);
        let undo = undo::Undo::Note(Box::new(Undo::Deleted(note)));
        Ok(Done::new(trace, "Note deleted.", subject.at("notes")).with_undo(&undo))
    })
    .await
}

/// `POST C/notes/preview`: the note as the card would show it.
pub async fn preview(form: ActionForm<Draft>) -> Outcome {
    let html = form.read(|_, _, draft| Ok(Bytes::from(markdown::render(&draft.body).to_string()))).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}

/// # Errors
/// A refusal when the customer already has as many notes as the project allows (§3).
pub fn must_have_room(action: &mut ActionContext<'_>, subject: &Subject) -> Result<(), Error> {
    let most = subject.project.note_count;
    if queries::count(action.conn, subject.customer.id)? < most {
        return Ok(());
    }
    Err(Refusal::new("", format!("A customer has at most {}. Delete one first.", count(most, "note", "notes"))).into())
}

fn note_of(action: &mut ActionContext<'_>, subject: &Subject) -> Result<Note, Error> {
    let id = action.request.parameter("n")?.parse().map_err(|_| Error::NotFound)?;
    Ok(queries::find(action.conn, subject.customer.id, id)?)
}
