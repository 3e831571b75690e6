//! Test customers: each person marks their own. They come first in that person's search and have a list.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::test_customers;
use serde_json::json;

use crate::support::audit_log::audit_lines;
use crate::support::cast::{ADA, SOL, TEAM, VERA};
use crate::support::events::deliver_together;
use crate::support::{Answer, Desk};

const CUSTOMERS: &str = "/projects/sundial/customers";

/// Twelve customers whose ids begin alike.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    let customer = |number: i64| {
        let event = json!({ "id": format!("e{number}"), "type": "TRIAL_STARTED", "app_user_id": format!("tester-{number:02}"),
            "event_timestamp_ms": 1_790_000_000_000_i64 + number });
        json!({ "event": event }).to_string()
    };
    deliver_together(&desk, desk.project, &(1..=12).map(customer).collect::<Vec<_>>());
    desk
}

async fn star(desk: &Desk, id: &str) -> Answer {
    desk.post_form(&SOL, &format!("{CUSTOMERS}/{id}/star"), &[]).await
}

fn marks(desk: &Desk) -> Vec<i64> {
    let people = test_customers::table.order(test_customers::person_id).select(test_customers::person_id);
    desk.db.read_here(|conn| Ok::<_, Error>(people.load(conn)?)).expect("marks")
}

/// The ids in a piece of HTML, in their order.
fn ids(html: &str) -> Vec<String> {
    let starts = html.match_indices("href=\"/projects/sundial/customers/tester-");
    starts.filter_map(|(at, _)| html.get(at + 34..at + 43)).map(str::to_owned).collect()
}

async fn suggested(desk: &Desk, q: &str) -> Answer {
    desk.get(&SOL, &format!("{CUSTOMERS}?suggest=1&q={q}")).await
}

#[actix_web::test]
async fn a_customer_is_marked_shown_as_marked_and_unmarked() {
    let desk = desk().await;
    let page = desk.get(&SOL, &format!("{CUSTOMERS}/tester-01")).await.body;
    assert!(page.contains("aria-pressed=\"false\"") && page.contains("Mark as test</button>"));
    let answer = star(&desk, "tester-01").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, format!("{CUSTOMERS}/tester-01#top")));
    let page = desk.get(&SOL, answer.header("location")).await.body;
    assert!(page.contains("aria-pressed=\"true\"") && page.contains("My test customer</button>"));
    assert!(page.contains("<p>This is now one of your test customers"), "the flash");
    let others = desk.get(&ADA, &format!("{CUSTOMERS}/tester-01")).await.body;
    assert!(others.contains("aria-pressed=\"false\""), "a mark belongs to one person");
    let answer = desk.post_form(&SOL, &format!("{CUSTOMERS}/tester-01/unstar"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(marks(&desk).is_empty());
    assert_eq!(audit_lines(&desk), ["test_customer_marked: - | - | - | -", "test_customer_unmarked: - | - | - | -"]);
}

#[actix_web::test]
async fn everybody_may_mark() {
    let desk = desk().await;
    for person in &TEAM {
        let answer = desk.post_form(person, &format!("{CUSTOMERS}/tester-01/star"), &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", person.name);
    }
    assert_eq!(marks(&desk), [1, 2, 3, 4]);
}

#[actix_web::test]
async fn an_unknown_customer_is_404_and_a_second_mark_is_refused() {
    let desk = desk().await;
    for path in ["nobody/star", "nobody/unstar"] {
        assert_eq!(desk.post_form(&SOL, &format!("{CUSTOMERS}/{path}"), &[]).await.status, StatusCode::NOT_FOUND);
    }
    star(&desk, "tester-01").await;
    let again = star(&desk, "tester-01").await;
    assert!(
        again.status == StatusCode::UNPROCESSABLE_ENTITY && again.body.contains("already one of your test customers")
    );
    let other = desk.post_form(&SOL, &format!("{CUSTOMERS}/tester-02/unstar"), &[]).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(audit_lines(&desk).len(), 1);
}

#[actix_web::test]
async fn fifty_clicks_mark_once() {
    let desk = desk().await;
    let path = format!("{CUSTOMERS}/tester-01/star");
    let answers = desk.post_form_at_once(&SOL, &path, &[], 50).await;
    let done = answers.iter().filter(|answer| answer.status == StatusCode::SEE_OTHER).count();
    assert_eq!((done, audit_lines(&desk).len(), marks(&desk).len()), (1, 1, 1));
    desk.post_form(&SOL, &format!("{CUSTOMERS}/tester-01/unstar"), &[]).await;
    let answers = desk.post_form_at_once(&SOL, &path, &[("once", "k1")], 50).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::SEE_OTHER), "a double click is one click");
    assert_eq!((audit_lines(&desk).len(), marks(&desk).len()), (3, 1));
}

#[actix_web::test]
async fn own_test_customers_come_first_in_the_search() {
    let desk = desk().await;
    for id in ["tester-01", "tester-11"] {
        star(&desk, id).await;
        desk.clock.advance(60);
    }
    let answer = suggested(&desk, "").await;
    assert_eq!((answer.status, ids(&answer.body)), (StatusCode::OK, vec!["tester-11".into(), "tester-01".into()]));
    assert!(answer.body.contains("aria-label=\"My test customers\""));
    let found = ids(&suggested(&desk, "tester").await.body);
    assert_eq!((found.len(), &found[..2]), (8, &["tester-11".to_owned(), "tester-01".to_owned()][..]));
    assert_eq!(found[2], "tester-07", "then the usual order");
    let others = ids(&suggested(&desk, "tester-02").await.body);
    assert_eq!(others, ["tester-02"], "only what matches");
    let ada = desk.get(&ADA, &format!("{CUSTOMERS}?suggest=1")).await;
    assert_eq!((ada.status, ada.body.as_str()), (StatusCode::OK, ""), "nothing without marks");
    let page = desk.get(&SOL, &format!("{CUSTOMERS}?q=tester")).await.body;
    assert_eq!(ids(&page)[0], "tester-12", "the page of results has the usual order");
}

#[actix_web::test]
async fn own_test_customers_have_a_list_and_a_file() {
    let desk = desk().await;
    let list = format!("{CUSTOMERS}?list=mine");
    let empty = desk.get(&ADA, &list).await;
    assert!(empty.status == StatusCode::OK && empty.body.contains("You have marked nobody."));
    for id in ["tester-03", "tester-07"] {
        desk.post_form(&ADA, &format!("{CUSTOMERS}/{id}/star"), &[]).await;
    }
    let page = desk.get(&ADA, &list).await.body;
    assert_eq!(ids(&page), ["tester-07", "tester-03"]);
    assert!(page.contains("list=mine\" aria-current=\"page\">My test customers</a>"));
    let file = desk.get(&ADA, "/projects/sundial/customers.csv?list=mine").await.body;
    assert_eq!(file.lines().count(), 3);
    assert!(desk.get(&SOL, &list).await.body.contains("You have marked nobody."));
}

#[actix_web::test]
async fn a_mark_moves_with_a_merge_and_is_deleted_with_the_customer() {
    let desk = desk().await;
    star(&desk, "tester-01").await;
    star(&desk, "tester-02").await;
    desk.post_form(&VERA, &format!("{CUSTOMERS}/tester-02/star"), &[]).await;
    let event = json!({ "id": "m", "type": "SUBSCRIBER_ALIAS", "app_user_id": "tester-01", "aliases": ["tester-02"],
        "event_timestamp_ms": 1_790_000_100_000_i64 });
    deliver_together(&desk, desk.project, &[json!({ "event": event }).to_string()]);
    assert_eq!(marks(&desk), [1, 2], "each has the survivor marked, once");
    let page = desk.get(&VERA, &format!("{CUSTOMERS}/tester-01")).await.body;
    assert!(page.contains("aria-pressed=\"true\""));
    let gone = desk.db.write_here(|conn| {
        diesel::delete(dossier::db::schema::customers::table).execute(conn)?;
        Ok::<_, Error>(())
    });
    gone.expect("they are deleted");
    assert!(marks(&desk).is_empty());
}
