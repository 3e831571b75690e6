//! The card: each note rendered anew, with who wrote it and when.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::queries::{self, Note};
use crate::db::Conn;
use crate::page::markdown::{self, CleanHtml};
use crate::page::sentence::{Sentence, Stamp};
use crate::profile::visit::Visit;

/// How many notes a customer may have (§3).
const MOST: usize = 10;

#[derive(Debug, Template)]
#[template(path = "profile/notes.html")]
pub struct Card {
    notes: Vec<Shown>,
}

#[derive(Debug)]
struct Shown {
    body: CleanHtml,
    author: String,
    author_email: String,
    added_at: Stamp,
    /// `edited by Sol Mbeki on …`
    edited: Option<Sentence>,
}

impl HtmlSafe for Card {}

impl Card {
    /// One query.
    pub fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Card> {
        let notes = queries::of(conn, visit.customer.id)?;
        Ok(Card { notes: notes.into_iter().map(Shown::from).collect() })
    }

    fn count(&self) -> String {
        format!("{} of {MOST}", self.notes.len())
    }
}

impl From<Note> for Shown {
    fn from(note: Note) -> Shown {
        let edited = note.edited_at.map(|at| match &note.edited_by {
            Some(by) => Sentence::of("edited by ").name(by).words(" on ").time(Stamp::full(at)),
            None => Sentence::of("edited on ").time(Stamp::full(at)),
        });
        Shown {
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
    use crate::clock::Moment;

    #[test]
    fn a_note_is_rendered_with_its_author_and_its_marks() {
        let note = Note {
            body: "Charged **twice** <script>".into(),
            author: "Sol <Mbeki>".into(),
            author_email: "sol@sundial.example".into(),
            created_at: Moment(1_793_698_860_000),
            edited_by: Some("Ada Okoye".into()),
            edited_at: Some(Moment(1_793_699_040_000)),
        };
        let html = Card { notes: vec![note.into()] }.to_string();
        assert!(html.contains("Charged <strong>twice</strong> &lt;script&gt;"), "{html}");
        assert!(html.contains("Sol &#60;Mbeki&#62;"), "{html}");
        assert!(html.contains("edited by <bdi>Ada Okoye</bdi> on <time"), "{html}");
        assert!(html.contains("1 of 10"), "{html}");
    }

    #[test]
    fn without_notes_the_card_says_what_will_stand_here() {
        assert!(Card { notes: Vec::new() }.to_string().contains("No notes yet."));
    }
}
