//! Writing notes: who may, which text is accepted, and what holds when several people write at once.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::notes;

use crate::support::acting::undo;
use crate::support::audit_log::{Entry, audit_entries};
use crate::support::cast::{ADA, DEV, LENA, SOL, TEAM, VERA};
use crate::support::desks::add_lena;
use crate::support::lengths::{LETTERS, around, text};
use crate::support::{Answer, Desk};

async fn desk_with_lena() -> Desk {
    let desk = Desk::open().await;
    add_lena(&desk);
    desk
}

fn stored(desk: &Desk) -> Vec<(i64, String)> {
    let read =
        |conn: &mut _| Ok::<_, Error>(notes::table.order(notes::id).select((notes::id, notes::body)).load(conn)?);
    desk.db.read_here(read).expect("notes")
}

/// Each action, with the role and the id of whoever did it.
fn actions_with_actors(desk: &Desk) -> Vec<String> {
    let line = |entry: Entry| format!("{} by {} {}", entry.action, entry.role, entry.actor_id.unwrap_or_default());
    audit_entries(desk).into_iter().map(line).collect()
}

async fn add(desk: &Desk, body: &str) -> Answer {
    desk.post_form(&SOL, &format!("{LENA}/notes"), &[("body", body)]).await
}

#[actix_web::test]
async fn a_note_is_added_shown_and_logged() {
    let desk = desk_with_lena().await;
    let answer = add(&desk, "Charged **twice**\r\nrefund agreed").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, format!("{LENA}#notes")));
    let page = desk.get(&SOL, answer.header("location")).await.body;
    assert!(page.contains("Charged <strong>twice</strong><br>") && page.contains("1 of 10"), "the note");
    assert!(page.contains("<p>Note added.</p>") && page.contains(">Undo</button>"), "the flash");
    assert_eq!(actions_with_actors(&desk), ["note_created by support 2"]);
    let other = desk.get(&DEV, answer.header("location")).await.body;
    assert!(!other.contains("Note added."), "only the person who did it gets the flash");
}

#[actix_web::test]
async fn everybody_but_viewers_may_write_notes() {
    let desk = desk_with_lena().await;
    for person in &TEAM {
        let answer = desk.post_form(person, &format!("{LENA}/notes"), &[("body", "x")]).await;
        let may = person.id != VERA.id;
        assert_eq!(answer.status, if may { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN }, "{}", person.name);
        let page = desk.get(person, LENA).await.body;
        assert_eq!(page.contains("dialog=note-add"), may, "{}", person.name);
    }
    assert_eq!(stored(&desk).len(), 3);
    let dialog = desk.get(&VERA, &format!("{LENA}?dialog=note-add")).await;
    assert!(dialog.status == StatusCode::OK && !dialog.body.contains("<dialog"), "a viewer gets no dialog");
}

#[actix_web::test]
async fn an_unknown_customer_or_note_is_404() {
    let desk = desk_with_lena().await;
    let nobody = "/projects/sundial/customers/nobody";
    for path in ["notes", "notes/1", "notes/1/delete", "undo"] {
        for customer in [nobody, LENA] {
            if (path, customer) == ("notes", LENA) {
                continue;
            }
            let fields = [("body", "x"), ("submission", "1")];
            let answer = desk.post_form(&SOL, &format!("{customer}/{path}"), &fields).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{customer}/{path}");
        }
    }
    assert!(actions_with_actors(&desk).is_empty());
}

#[actix_web::test]
async fn refused_input_comes_back_in_its_dialog() {
    let desk = desk_with_lena().await;
    let long = "🧜<b>".repeat(64);
    for (body, reason) in [(long.as_str(), "1 too many"), (" \r\n", "Write something first."), ("a\0b", "NUL")] {
        let answer = add(&desk, body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("<dialog") && answer.body.contains(reason), "{reason}");
        assert!(answer.body.contains("aria-invalid=\"true\" aria-describedby=\"body-reason\""), "{reason}");
    }
    assert!(add(&desk, &long).await.body.contains("🧜&#60;b&#62;🧜"), "the text is kept");
    assert_eq!((stored(&desk).len(), actions_with_actors(&desk).len()), (0, 0));
    assert_eq!(add(&desk, &"é\r\n".repeat(127)).await.status, StatusCode::SEE_OTHER, "254 characters");
    let dialog = desk.get(&SOL, &format!("{LENA}?dialog=note-add")).await.body;
    assert!(
        dialog.contains("<dialog")
            && dialog.contains("0/255")
            && dialog.contains("<main id=\"main\" tabindex=\"-1\" inert>")
    );
}

#[actix_web::test]
async fn fifty_posts_at_once_make_ten_notes() {
    let desk = desk_with_lena().await;
    let path = format!("{LENA}/notes");
    let answers = desk.post_form_at_once(&SOL, &path, &[("body", "x")], 50).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(StatusCode::SEE_OTHER), count(StatusCode::UNPROCESSABLE_ENTITY)), (10, 40));
    assert_eq!((stored(&desk).len(), actions_with_actors(&desk).len()), (10, 10));
    let page = desk.get(&SOL, LENA).await.body;
    assert!(page.contains("10 of 10") && page.contains("Full: delete one"), "the card says why");
}

#[actix_web::test]
async fn a_form_works_once() {
    let desk = desk_with_lena().await;
    let path = format!("{LENA}/notes");
    let fields = [("body", "once"), ("once", "k1")];
    let answers = desk.post_form_at_once(&SOL, &path, &fields, 50).await;
    assert!(answers.iter().all(|answer| answer.header("location") == answers[0].header("location")));
    assert!(answers[0].submission().parse::<i64>().is_ok());
    assert_eq!((stored(&desk).len(), actions_with_actors(&desk).len()), (1, 1));
    let other = desk.post_form(&SOL, &path, &[("body", "other"), ("once", "k1")]).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(other.body.contains("sent this form before") && other.body.contains("other</textarea>"));
    assert_eq!(desk.post_form(&DEV, &path, &fields).await.status, StatusCode::SEE_OTHER, "a form key is personal");
}

#[actix_web::test]
async fn a_note_is_edited_by_anybody_who_may_and_says_so() {
    let desk = desk_with_lena().await;
    add(&desk, "first").await;
    let (id, _) = stored(&desk).remove(0);
    desk.clock.advance(60);
    let dialog = desk.get(&ADA, &format!("{LENA}?dialog=note-edit.{id}")).await.body;
    assert!(dialog.contains("first</textarea>") && dialog.contains("name=\"seen\""));
    let answer = desk.post_form(&ADA, &format!("{LENA}/notes/{id}"), &[("body", "second")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let page = desk.get(&SOL, LENA).await.body;
    assert!(page.contains("<p>second</p>") && page.contains("edited by <bdi>Ada Okoye</bdi>"), "edited");
    assert!(page.contains(">Sol Mbeki</bdi>"), "the author stays");
    assert_eq!(actions_with_actors(&desk), ["note_created by support 2", "note_updated by admin 4"]);
}

#[actix_web::test]
async fn two_who_edit_at_once_see_both_versions() {
    let desk = desk_with_lena().await;
    add(&desk, "first").await;
    let (id, _) = stored(&desk).remove(0);
    let path = format!("{LENA}/notes/{id}");
    let seen = desk.clock.now().millis().to_string();
    desk.clock.advance(60);
    let first = desk.post_form(&ADA, &path, &[("body", "by Ada"), ("seen", &seen)]).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    let second = desk.post_form(&DEV, &path, &[("body", "by Dev"), ("seen", &seen)]).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(second.body.contains("by Ada</pre>") && second.body.contains("by Dev</textarea>"), "both versions");
    assert_eq!(stored(&desk), [(id, "by Ada".to_owned())]);
    let now = desk.clock.now().millis().to_string();
    let again = desk.post_form(&DEV, &path, &[("body", "by Dev"), ("seen", &now)]).await;
    assert_eq!((again.status, stored(&desk)), (StatusCode::SEE_OTHER, vec![(id, "by Dev".to_owned())]));
    let deleted = desk.post_form(&SOL, &format!("{path}/delete"), &[("seen", &seen)]).await;
    assert_eq!(deleted.status, StatusCode::CONFLICT, "a changed note is not deleted unseen");
}

#[actix_web::test]
async fn adding_editing_and_deleting_are_undone_and_logged() {
    let desk = desk_with_lena().await;
    let added = add(&desk, "first").await;
    assert_eq!(undo(&desk, &added).await.status, StatusCode::SEE_OTHER);
    assert!(stored(&desk).is_empty());
    add(&desk, "kept").await;
    let before = stored(&desk);
    let path = format!("{LENA}/notes/{}", before[0].0);
    desk.clock.advance(1);
    let edited = desk.post_form(&SOL, &path, &[("body", "changed")]).await;
    undo(&desk, &edited).await;
    assert_eq!(stored(&desk), before);
    let deleted = desk.post_form(&SOL, &format!("{path}/delete"), &[]).await;
    assert!(stored(&desk).is_empty());
    undo(&desk, &deleted).await;
    assert_eq!(stored(&desk), before);
    assert_eq!(actions_with_actors(&desk).len(), 7);
    let again = undo(&desk, &deleted).await;
    assert!(again.status == StatusCode::UNPROCESSABLE_ENTITY && again.body.contains("undone already"));
}

#[actix_web::test]
async fn undo_works_for_ten_minutes_for_the_same_person_and_overwrites_nothing() {
    let desk = desk_with_lena().await;
    let added = add(&desk, "first").await;
    let (id, _) = stored(&desk).remove(0);
    let fields = [("submission", added.submission())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let by_dev = desk.post_form(&DEV, &format!("{LENA}/undo"), &fields).await;
    assert_eq!(by_dev.status, StatusCode::NOT_FOUND);
    desk.clock.advance(60);
    desk.post_form(&DEV, &format!("{LENA}/notes/{id}"), &[("body", "by Dev")]).await;
    let refused = undo(&desk, &added).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("Dev Anand changed the note"));
    desk.clock.advance(600);
    let late = undo(&desk, &added).await;
    assert!(late.status == StatusCode::UNPROCESSABLE_ENTITY && late.body.contains("more than 10 minutes ago"));
    assert_eq!(stored(&desk), [(id, "by Dev".to_owned())]);
}

#[actix_web::test]
async fn the_preview_is_rendered_like_the_note() {
    let desk = desk_with_lena().await;
    let answer = desk.post_form(&SOL, &format!("{LENA}/notes/preview"), &[("body", "**a** <script>")]).await;
    assert_eq!((answer.status, answer.body.trim()), (StatusCode::OK, "<p><strong>a</strong> &lt;script&gt;</p>"));
    assert!(stored(&desk).is_empty() && actions_with_actors(&desk).is_empty());
}

#[actix_web::test]
async fn the_length_of_a_note_is_counted_in_characters_when_it_is_added_and_edited() {
    let desk = desk_with_lena().await;
    for letter in LETTERS {
        for length in around(255) {
            let (body, fits) = (text(letter, length), (1..=255).contains(&length));
            let added = add(&desk, &body).await;
            assert_eq!(added.status == StatusCode::SEE_OTHER, fits, "{length} of {letter}");
            add(&desk, "short").await;
            let (id, _) = stored(&desk).pop().expect("a note");
            let edited = desk.post_form(&SOL, &format!("{LENA}/notes/{id}"), &[("body", &body)]).await;
            assert_eq!(edited.status == StatusCode::SEE_OTHER, fits, "{length} of {letter}, edited");
            desk.db
                .write_here(|conn| Ok::<_, Error>(diesel::delete(notes::table).execute(conn)?))
                .expect("none is left");
        }
    }
}
