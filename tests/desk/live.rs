//! The stream of an open profile: it announces new events within two seconds, whichever process stored them, and only
//! to those who may see the customer.

use std::pin::Pin;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::Service;
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, init_service};
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::sessions;
use dossier::server::app::app;
use serde_json::json;

use crate::support::Desk;
use crate::support::cast::{SOL, VERA};
use crate::support::events::{deliver, event_on_day};
use crate::support::operations::erase_customer;

const LIVE: &str = "/projects/sundial/customers/lena/live";

async fn desk() -> Desk {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &[event_on_day(1_090, "INITIAL_PURCHASE", json!({ "id": "first" }))]);
    desk
}

fn renew(desk: &Desk, id: &str, environment: &str) {
    deliver(desk, desk.project, &[event_on_day(1_095, "RENEWAL", json!({ "id": id, "environment": environment }))]);
}

/// A stream of server-sent events that a test reads.
struct Listening {
    status: StatusCode,
    body: BoxBody,
    encoding: String,
}

async fn listen(desk: &Desk, cookie: &str, path: &str) -> Listening {
    let service = init_service(app(&desk.application)).await;
    let request =
        TestRequest::get().uri(path).insert_header(("cookie", cookie)).insert_header(("accept-encoding", "gzip, br"));
    let response = match service.call(request.to_request()).await {
        Ok(response) => response.into_parts().1,
        Err(error) => error.as_response_error().error_response(),
    };
    let encoding = response.headers().get("content-encoding").and_then(|value| value.to_str().ok()).unwrap_or_default();
    Listening { status: response.status(), encoding: encoding.to_owned(), body: response.into_body() }
}

impl Listening {
    /// The next piece; `None` at the end. It must come within two seconds.
    async fn next(&mut self) -> Option<String> {
        let next = std::future::poll_fn(|context| Pin::new(&mut self.body).poll_next(context));
        let next = tokio::time::timeout(Duration::from_secs(2), next).await.expect("something within two seconds");
        next.map(|piece| String::from_utf8(piece.unwrap_or_default().to_vec()).expect("text"))
    }

    async fn is_quiet(&mut self) -> bool {
        let next = std::future::poll_fn(|context| Pin::new(&mut self.body).poll_next(context));
        tokio::time::timeout(Duration::from_millis(2_200), next).await.is_err()
    }
}

#[actix_web::test]
async fn a_new_event_is_counted_in_the_view_it_belongs_to() {
    let desk = desk().await;
    let cookie = desk.cookie(&VERA);
    let mut real = listen(&desk, &cookie, &format!("{LIVE}?since=1")).await;
    let mut test = listen(&desk, &cookie, &format!("{LIVE}?since=1&sandbox=1")).await;
    assert_eq!((real.status, real.encoding.as_str()), (StatusCode::OK, "identity"), "no compression delays it");
    assert_eq!(real.next().await.as_deref(), Some("retry: 5000\n\n"));
    assert!(test.next().await.is_some());
    renew(&desk, "r1", "PRODUCTION");
    assert_eq!(real.next().await.as_deref(), Some("event: news\ndata: 1\n\n"));
    renew(&desk, "r2", "SANDBOX");
    renew(&desk, "r3", "SANDBOX");
    let shown = test.next().await.expect("news");
    let shown = if shown.contains("data: 1\n") { test.next().await.expect("more news") } else { shown };
    assert_eq!(shown, "event: news\ndata: 2\n\n");
    let again = real.next().await;
    assert_eq!(again.as_deref(), Some("event: news\ndata: 1\n\n"), "still one in this view");
}

#[actix_web::test]
async fn a_reader_that_reconnects_gets_at_once_what_it_missed() {
    let desk = desk().await;
    renew(&desk, "r1", "PRODUCTION");
    renew(&desk, "r2", "PRODUCTION");
    let mut back = listen(&desk, &desk.cookie(&VERA), &format!("{LIVE}?since=1")).await;
    assert!(back.next().await.is_some());
    assert_eq!(back.next().await.as_deref(), Some("event: news\ndata: 2\n\n"));
    for since in ["3", "99", "-5", "x", ""] {
        let answer = listen(&desk, &desk.cookie(&VERA), &format!("{LIVE}?since={since}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{since}");
    }
}

#[actix_web::test]
async fn the_page_has_the_address_of_the_stream() {
    let desk = desk().await;
    let page = desk.get(&VERA, "/projects/sundial/customers/lena?sandbox=1").await.body;
    assert!(
        page.contains(
            "data-live=\"/projects/sundial/customers/lena/live?since=1&#38;steps=0&#38;sandbox=1\" data-newest hidden"
        ),
        "{page}"
    );
    let older = desk.get(&VERA, "/projects/sundial/customers/lena?before=1.1.0.1").await.body;
    assert!(older.contains("/live?since=1&#38;steps=0\" hidden"));
}

#[actix_web::test]
async fn a_stream_needs_a_customer_and_a_session_and_ends_with_the_log_out() {
    let desk = desk().await;
    let nobody = listen(&desk, &desk.cookie(&VERA), "/projects/sundial/customers/nobody/live").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    assert_eq!(listen(&desk, "", LIVE).await.status, StatusCode::SEE_OTHER);
    let cookie = desk.cookie(&SOL);
    let mut left = listen(&desk, &cookie, LIVE).await;
    assert!(left.next().await.is_some());
    desk.post_with(&cookie, "/logout", &[]).await;
    renew(&desk, "r1", "PRODUCTION");
    assert_eq!(left.next().await.as_deref(), Some("event: gone\ndata:\n\n"), "no news after the log-out");
    assert_eq!(left.next().await, None);
}

#[actix_web::test]
async fn a_stream_ends_with_the_customer_and_with_the_server() {
    let desk = desk().await;
    let cookie = desk.cookie(&VERA);
    let mut of_erased = listen(&desk, &cookie, LIVE).await;
    assert!(of_erased.next().await.is_some());
    erase_customer(&desk, desk.project, "lena");
    assert_eq!(of_erased.next().await.as_deref(), Some("event: gone\ndata:\n\n"));
    deliver(
        &desk,
        desk.project,
        &[event_on_day(
            1_200,
            "INITIAL_PURCHASE",
            json!({ "id": "mara", "app_user_id": "mara", "original_app_user_id": "mara", "aliases": [] }),
        )],
    );
    let mut open = listen(&desk, &cookie, "/projects/sundial/customers/mara/live").await;
    assert!(open.next().await.is_some());
    desk.application.live.close();
    assert_eq!(open.next().await, None);
    assert_eq!(
        listen(&desk, &cookie, "/projects/sundial/customers/mara/live").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[actix_web::test]
async fn without_readers_the_database_gets_no_queries() {
    let desk = desk().await;
    let mut one = listen(&desk, &desk.cookie(&VERA), LIVE).await;
    assert!(one.next().await.is_some());
    assert!(one.is_quiet().await);
    assert_eq!(desk.application.live.listeners(), 1);
    drop(one);
    assert_eq!(desk.application.live.listeners(), 0);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let before = desk.db.statements();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(desk.db.statements(), before);
}

#[actix_web::test]
async fn an_open_stream_does_not_prolong_the_session() {
    let desk = desk().await;
    let cookie = desk.cookie(&VERA);
    let used = |desk: &Desk| {
        let all =
            |conn: &mut dossier::db::Conn| Ok::<Vec<i64>, Error>(sessions::table.select(sessions::used_at).load(conn)?);
        desk.db.read_here(all).expect("the sessions")
    };
    let before = used(&desk);
    desk.clock.advance(1_800);
    assert_eq!(listen(&desk, &cookie, LIVE).await.status, StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(used(&desk), before);
    desk.clock.advance(1_801);
    assert_eq!(listen(&desk, &cookie, LIVE).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn one_person_cannot_take_the_streams_of_all_and_the_newest_page_of_theirs_works() {
    let desk = desk().await;
    let vera = desk.cookie(&VERA);
    let mut of_sol = listen(&desk, &desk.cookie(&SOL), LIVE).await;
    let mut pages = Vec::new();
    for _ in 0..26 {
        pages.push(listen(&desk, &vera, &format!("{LIVE}?since=1")).await);
        assert_eq!(pages.last().map(|page| page.status), Some(StatusCode::OK));
    }
    assert_eq!(desk.application.live.listeners(), 25, "24 of Vera's, and Sol's");
    for oldest in &mut pages[..2] {
        assert!(oldest.next().await.is_some());
        assert_eq!(oldest.next().await.as_deref(), Some("event: gone\ndata:\n\n"), "its script closes it for good");
        assert_eq!(oldest.next().await, None);
    }
    let other_session = desk.cookie(&VERA);
    pages.push(listen(&desk, &other_session, LIVE).await);
    assert_eq!(desk.application.live.listeners(), 25, "another log-in is the same person");
    renew(&desk, "r1", "PRODUCTION");
    let newest = pages.iter_mut().rev().find(|page| page.status == StatusCode::OK).expect("a page");
    for still_open in [newest, &mut of_sol] {
        assert!(still_open.next().await.is_some());
        assert_eq!(still_open.next().await.as_deref(), Some("event: news\ndata: 1\n\n"));
    }
}
