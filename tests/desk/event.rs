//! The page of one event.

use actix_web::http::StatusCode;
use dossier::wording::text::segment;

use crate::support::Answer;
use crate::support::cast::{LENA, SOL, TEAM, VERA};
use crate::support::desks::desk_with_a_long_history;
use crate::support::pages::events_on;

#[actix_web::test]
async fn the_page_of_an_event_shows_its_body_and_links_back_to_its_row() {
    let desk = desk_with_a_long_history().await;
    for person in TEAM {
        let answer = desk.get(&person, &format!("{LENA}/events/e70")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", person.name);
    }
    let html = desk.page(&VERA, &format!("{LENA}/events/e70")).await;
    assert!(html.contains("Renewed pro/monthly") && html.contains("RENEWAL"), "{html}");
    let price = "<span class=\"k\">&#34;price&#34;</span>: <span class=\"n\">";
    assert!(html.contains(price) && html.contains("&#34;&#60;/pre&#62;&#34;"), "{html}");
    let back = html.split("href=\"").find(|rest| rest.contains("?before=")).expect("a link back");
    let (address, rest) = back.split_once('#').expect("a fragment");
    let anchor = rest.split('"').next().unwrap_or_default();
    let history = desk.page(&VERA, address).await;
    assert!(history.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    assert_eq!(events_on(&history).first().map(String::as_str), Some("e70"));
}

#[actix_web::test]
async fn an_event_of_somebody_else_is_not_found() {
    let desk = desk_with_a_long_history().await;
    let id = segment("x/y?#");
    let status = |answer: Answer| answer.status;
    assert_eq!(status(desk.get(&SOL, &format!("/projects/sundial/customers/mara/events/{id}")).await), StatusCode::OK);
    for path in [
        format!("{LENA}/events/{id}"),
        format!("{LENA}/events/none"),
        "/projects/sundial/customers/nobody/events/e1".into(),
    ] {
        assert_eq!(status(desk.get(&SOL, &path).await), StatusCode::NOT_FOUND, "{path}");
    }
}
