//! A note, and the rules for its text.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auth::Person;
use crate::base::clock::Moment;
use crate::base::error::{Problem, Refusal};
use crate::base::ids::{CustomerId, NoteId, PersonId};
use crate::db::schema::notes;

/// A note as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = notes)]
pub struct Note {
    pub customer_id: CustomerId,
    pub id: NoteId,
    pub body: String,
    pub author: String,
    pub author_email: String,
    pub author_id: Option<PersonId>,
    pub created_at: Moment,
    pub edited_by: Option<String>,
    pub edited_by_id: Option<PersonId>,
    pub edited_at: Option<Moment>,
}

impl Note {
    pub fn new(customer_id: CustomerId, id: NoteId, body: NoteBody, by: &Person, now: Moment) -> Note {
        Note {
            customer_id,
            id,
            body: body.0,
            author: by.name.clone(),
            author_email: by.email.clone(),
            author_id: Some(by.id),
            created_at: now,
            edited_by: None,
            edited_by_id: None,
            edited_at: None,
        }
    }

    /// The note with another text. It keeps its author and creation time.
    #[must_use]
    pub fn edited(&self, body: NoteBody, by: &Person, now: Moment) -> Note {
        let (edited_by, edited_by_id) = (Some(by.name.clone()), Some(by.id));
        Note { body: body.0, edited_by, edited_by_id, edited_at: Some(now), ..self.clone() }
    }

    /// Identifies the state of the note: the time it was last written, in milliseconds.
    pub fn version(&self) -> i64 {
        self.edited_at.unwrap_or(self.created_at).millis()
    }

    /// The name of the person who wrote it last.
    pub fn last_writer(&self) -> &str {
        self.edited_by.as_deref().unwrap_or(&self.author)
    }

    /// # Errors
    /// [`Refusal::stale`] when `seen` is another version than the present one.
    pub fn must_be(&self, seen: Option<i64>) -> Result<(), Refusal> {
        if seen.is_none_or(|seen| seen == self.version()) { Ok(()) } else { Err(Refusal::stale()) }
    }
}

/// The Markdown source of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteBody(pub String);

impl NoteBody {
    /// Replaces each line end by one `\n`, whatever the browser sent. Everything else is kept as typed.
    ///
    /// # Errors
    /// A [`Problem`] of the field `body`: only white space, more than `most` characters (Unicode scalar values), or
    /// NUL.
    pub fn parse(typed: &str, most: i64) -> Result<NoteBody, Problem> {
        let refused = |sentence: String| Problem { field: "body", sentence };
        let body = typed.replace("\r\n", "\n").replace('\r', "\n");
        let length = i64::try_from(body.chars().count()).unwrap_or(i64::MAX);
        if body.trim().is_empty() {
            return Err(refused("Write something first.".into()));
        }
        if body.contains('\0') {
            return Err(refused("The note holds a NUL character, which cannot be stored.".into()));
        }
        if length > most {
            return Err(refused(format!(
                "{length} characters are {} too many: a note has at most {most}.",
                length - most
            )));
        }
        Ok(NoteBody(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(typed: &str) -> Result<String, String> {
        NoteBody::parse(typed, 255).map(|body| body.0).map_err(|problem| problem.sentence)
    }

    #[test]
    fn characters_are_counted_after_line_ends_became_one() {
        for letter in ["a", "é", "語", "🧜", "e\u{301}"] {
            let unit = letter.chars().count();
            let most = letter.repeat(255 / unit);
            assert_eq!(parsed(&most), Ok(most.clone()), "{letter}");
            let many = letter.repeat(255 / unit + 1);
            assert!(parsed(&many).is_err(), "{letter}");
        }
        assert_eq!(parsed(&"\r\na".repeat(127)).map(|body| body.len()), Ok(254));
        assert_eq!(parsed(&"a\r\n".repeat(85)).map(|body| body.len()), Ok(170));
    }

    #[test]
    fn an_empty_note_and_nul_are_refused_in_words() {
        assert_eq!(parsed(" \r\n\t\u{A0}"), Err("Write something first.".into()));
        assert!(parsed("a\0b").is_err_and(|parsed| parsed.contains("NUL")));
        let long = "a".repeat(260);
        assert_eq!(parsed(&long), Err("260 characters are 5 too many: a note has at most 255.".into()));
    }

    #[test]
    fn another_state_of_a_note_than_the_one_seen_is_stale() {
        let sol = Person { id: PersonId(2), name: "Sol Mbeki".into(), email: "sol@sundial.example".into() };
        let note = Note::new(CustomerId(7), NoteId(1), NoteBody("a".into()), &sol, Moment(5));
        let edited = note.edited(NoteBody("b".into()), &sol, Moment(9));
        assert!(note.must_be(Some(5)).is_ok() && note.must_be(None).is_ok());
        assert_eq!(edited.must_be(Some(5)), Err(Refusal::stale()));
        assert_eq!((edited.created_at, edited.last_writer()), (Moment(5), "Sol Mbeki"));
    }
}
