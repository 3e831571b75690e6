//! What the team did for a customer, as a topic of the history: apart from the events, and hidden from viewers.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use dossier::audit::{self, Action, Actor, Ctx, Trace};
use dossier::base::error::Error;
use dossier::customers::identity;

use crate::support::Desk;
use crate::support::cast::{ADA, DEV, LENA, SOL, TEAM, VERA};
use crate::support::events::{deliver, event_on_day, with_ids};
use crate::support::pages::{card_of, pager_link, text_of};

async fn desk_with_lena() -> Desk {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &[event_on_day(1, "RENEWAL", with_ids("lena", &["lena"]))]);
    desk
}

/// The words of the history card.
fn words(html: &str) -> String {
    text_of(card_of(html, "history"))
}

async fn team(desk: &Desk, query: &str) -> String {
    desk.page(&SOL, &format!("{LENA}?topic=team{query}")).await
}

fn append_entries(desk: &Desk, count: i64) {
    let appended = desk.db.write_here(|conn| {
        let lena = identity::find(conn, desk.project, "lena")?.ok_or(Error::NotFound)?;
        for number in 0..count {
            let trace = Trace::new(Action::NoteUpdated).about(format!("n{number}")).for_customer(lena, "lena");
            let ctx = Ctx { actor: Actor::person(DEV.id, "developer"), ..desk.ctx() };
            audit::append(conn, &ctx, trace)?;
        }
        Ok::<_, Error>(())
    });
    appended.expect("entries");
}

#[actix_web::test]
async fn what_the_team_did_reads_like_the_rest_of_the_history() {
    let desk = desk_with_lena().await;
    let added = desk.post_form(&SOL, &format!("{LENA}/notes"), &[("body", "Charged <i>twice</i>")]).await;
    desk.clock.advance(60);
    desk.post_form(&SOL, &format!("{LENA}/undo"), &[("submission", &added.submission())]).await;
    let html = team(&desk, "").await;
    let shown = words(&html);
    assert!(
        shown.contains("November 2026 Sol Mbeki deleted a note 23 Nov, 17:01 UTC support taken back with Undo"),
        "{shown}"
    );
    assert!(
        shown.contains("Sol Mbeki added a note 23 Nov, 17:00 UTC support Charged &#60;i&#62;twice&#60;/i&#62;"),
        "{shown}"
    );
    assert!(html.contains("<li class=\"event tone-accent\" id=\"act-2\">") && !shown.contains("Renewed"), "{shown}");
    let usual = words(&desk.get(&SOL, LENA).await.body);
    assert!(usual.contains("Renewed") && !usual.contains("Sol Mbeki"), "{usual}");
}

#[actix_web::test]
async fn viewers_see_neither_the_topic_nor_its_page() {
    let desk = desk_with_lena().await;
    for person in &TEAM {
        let may = person.id != VERA.id;
        assert_eq!(desk.get(person, LENA).await.body.contains("topic=team"), may, "{}", person.name);
        let status = desk.get(person, &format!("{LENA}?topic=team")).await.status;
        assert_eq!(status, if may { StatusCode::OK } else { StatusCode::FORBIDDEN }, "{}", person.name);
    }
    let nobody = desk.get(&SOL, "/projects/sundial/customers/nobody?topic=team").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    assert_eq!(desk.get(&SOL, &format!("{LENA}?topic=team&before=7")).await.status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn an_empty_team_history_says_so() {
    let desk = desk_with_lena().await;
    let shown = words(&team(&desk, "").await);
    assert!(shown.contains("The team has not done anything for this customer."), "{shown}");
    let beyond = words(&team(&desk, "&before=1.1.0.1").await);
    assert!(beyond.contains("There is nothing beyond this point."), "{beyond}");
}

#[actix_web::test]
async fn pages_lead_back_and_forth() {
    let desk = desk_with_lena().await;
    append_entries(&desk, 120);
    let numbers = |html: &str| {
        let marks = html.split("<bdi>n").skip(1).filter_map(|rest| rest.split('<').next()?.parse().ok());
        marks.collect::<Vec<i64>>()
    };
    let onward =
        |html: &str, rel: &str| pager_link(html, rel)?.strip_prefix(&format!("{LENA}?topic=team")).map(str::to_owned);
    let first = team(&desk, "").await;
    assert_eq!((numbers(&first), onward(&first, "prev")), ((70..120).rev().collect(), None));
    let second = team(&desk, &onward(&first, "next").expect("older")).await;
    let third = team(&desk, &onward(&second, "next").expect("older")).await;
    assert_eq!((numbers(&third), onward(&third, "next")), ((0..20).rev().collect(), None));
    let back = team(&desk, &onward(&third, "prev").expect("newer")).await;
    assert_eq!(numbers(&back), (20..70).rev().collect::<Vec<_>>());
    assert_eq!(numbers(&team(&desk, &onward(&back, "prev").expect("newer")).await), numbers(&first));
}

#[actix_web::test]
async fn the_number_of_queries_does_not_grow_with_the_log() {
    let desk = desk_with_lena().await;
    let asked = async |query: &str| {
        let request = TestRequest::get().uri(&format!("{LENA}{query}")).insert_header(("cookie", desk.cookie(&ADA)));
        let before = desk.db.statements();
        assert_eq!(desk.call(request).await.status, StatusCode::OK);
        desk.db.statements() - before
    };
    let (usual, of_team) = (asked("").await, asked("?topic=team").await);
    append_entries(&desk, 200);
    assert_eq!((asked("").await, asked("?topic=team").await), (usual, of_team));
    assert!(of_team < usual, "the events are not read for it");
}

#[actix_web::test]
async fn after_a_merge_the_survivor_has_both_histories() {
    let desk = desk_with_lena().await;
    deliver(&desk, desk.project, &[event_on_day(1, "RENEWAL", with_ids("mara", &["mara"]))]);
    for id in ["lena", "mara"] {
        let path = format!("/projects/sundial/customers/{id}/notes");
        desk.post_form(&SOL, &path, &[("body", &format!("about {id}"))]).await;
    }
    deliver(&desk, desk.project, &[event_on_day(2, "SUBSCRIBER_ALIAS", with_ids("lena", &["lena", "mara"]))]);
    let shown = words(&team(&desk, "").await);
    assert!(shown.contains("about lena") && shown.contains("about mara"), "{shown}");
}
