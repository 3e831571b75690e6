//! The card: each note, rendered on every view, with its author and time.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::model::Note;
use super::queries;
use crate::base::Permission::WriteNotes;
use crate::base::ids::NoteId;
use crate::db::Conn;
use crate::pages::profile::visit::Visit;
use crate::web::filters;
use crate::web::markdown::{self, CleanHtml};
use crate::wording::sentence::{Sentence, Stamp};

#[derive(Debug, Template)]
#[template(path = "profile/notes.html")]
pub struct Card {
    notes: Vec<Shown>,
    /// The maximum number of notes per customer.
    most: i64,
    /// The dialog for a new note; `None` without the permission.
    add: Option<String>,
    is_past: bool,
}

#[derive(Debug)]
struct Shown {
    id: NoteId,
    body: CleanHtml,
    author: String,
    author_email: String,
    added_at: Stamp,
    /// `edited by Sol Mbeki on …`
    edited: Option<Sentence>,
    /// The dialogs that edit and delete the note; `None` without the permission.
    actions: Option<(String, String)>,
}

impl HtmlSafe for Card {}

impl Card {
    /// One query.
    pub fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Card> {
        let notes = queries::load(conn, visit.customer.id, visit.until())?;
        Ok(Card::new(visit, notes))
    }

    fn new(visit: &Visit, notes: Vec<Note>) -> Card {
        Card {
            notes: notes.into_iter().map(|note| Shown::new(visit, note)).collect(),
            most: visit.project.note_count,
            add: visit.may(WriteNotes).then(|| visit.dialog("note-add")),
            is_past: visit.as_of.is_some(),
        }
    }

    fn count(&self) -> String {
        format!("{} of {}", self.notes.len(), self.most)
    }

    fn is_full(&self) -> bool {
        i64::try_from(self.notes.len()).unwrap_or(i64::MAX) >= self.most
    }
}

impl Shown {
    fn new(visit: &Visit, note: Note) -> Shown {
        let dialog = |verb: &str| visit.dialog(&format!("note-{verb}.{}", note.id));
        let edited = note.edited_at.map(|at| match &note.edited_by {
            Some(by) => Sentence::new("edited by ").name(by).words(" on ").time(Stamp::full(at)),
            None => Sentence::new("edited on ").time(Stamp::full(at)),
        });
        Shown {
            id: note.id,
            actions: visit.may(WriteNotes).then(|| (dialog("edit"), dialog("delete"))),
            body: markdown::render(&note.body),
            author: note.author,
            author_email: note.author_email,
            added_at: Stamp::full(note.created_at),
            edited,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Role;
    use crate::base::clock::Moment;
    use crate::base::ids::CustomerId;
    use crate::pages::profile::testing;

    #[test]
    fn a_note_is_rendered_with_its_author_and_its_marks() {
        let note = Note {
            customer_id: CustomerId(7),
            id: NoteId(3),
            author_id: None,
            edited_by_id: None,
            body: "Charged **twice** <script>".into(),
            author: "Sol <Mbeki>".into(),
            author_email: "sol@sundial.example".into(),
            created_at: Moment(1_793_698_860_000),
            edited_by: Some("Ada Okoye".into()),
            edited_at: Some(Moment(1_793_699_040_000)),
        };
        let html = Card::new(&testing::lena(), vec![note]).to_string();
        assert!(html.contains("Charged <strong>twice</strong> &lt;script&gt;"), "{html}");
        assert!(html.contains("Sol &#60;Mbeki&#62;"), "{html}");
        assert!(html.contains("edited by <bdi>Ada Okoye</bdi> on <time"), "{html}");
        assert!(html.contains("1 of 10"), "{html}");
    }

    #[test]
    fn an_empty_card_offers_to_add_a_note_to_those_who_may() {
        let mut visit = testing::lena();
        assert!(Card::new(&visit, Vec::new()).to_string().contains("dialog=note-add"));
        visit.role = Role::Viewer;
        let html = Card::new(&visit, Vec::new()).to_string();
        assert!(html.contains("No notes yet.") && !html.contains("dialog="), "{html}");
    }
}
