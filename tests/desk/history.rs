//! The history of one customer: its pages in both orders and both directions.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::support::cast::{LENA, VERA};
use crate::support::desks::desk_with_a_long_history;
use crate::support::events::{deliver_together, purchase};
use crate::support::pages::{events_on, pager_link};
use crate::support::{Desk, NOW};

#[actix_web::test]
async fn every_row_is_shown_once_in_both_directions() {
    let desk = desk_with_a_long_history().await;
    for order in ["", "?order=event"] {
        let mut pages = vec![desk.page(&VERA, &format!("{LENA}{order}")).await];
        while let Some(older) = pager_link(&pages[pages.len() - 1], "next").filter(|_| pages.len() < 5) {
            pages.push(desk.page(&VERA, &older).await);
        }
        let seen: Vec<Vec<String>> = pages.iter().map(|html| events_on(html)).collect();
        assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20], "{order}");
        let mut all = seen.concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 120, "{order}");
        let back = desk.page(&VERA, &pager_link(&pages[2], "prev").expect("a way back")).await;
        assert_eq!(events_on(&back), seen[1], "{order}");
        let top = desk.page(&VERA, &pager_link(&back, "prev").expect("a way back")).await;
        assert_eq!((events_on(&top), pager_link(&top, "prev")), (seen[0].clone(), None), "{order}");
    }
}

#[actix_web::test]
async fn the_newest_comes_first_in_either_order() {
    let desk = desk_with_a_long_history().await;
    let by_event = events_on(&desk.page(&VERA, &format!("{LENA}?order=event")).await);
    assert_eq!(by_event.first().map(String::as_str), Some("e119"));
    let by_timeline = events_on(&desk.page(&VERA, LENA).await);
    assert_eq!(by_timeline.first().map(String::as_str), Some("e6"));
}

#[actix_web::test]
async fn each_environment_and_topic_shows_only_its_own_events() {
    let desk = desk_with_a_long_history().await;
    assert_eq!(events_on(&desk.page(&VERA, &format!("{LENA}?sandbox=1")).await), ["s"]);
    let trouble = desk.page(&VERA, &format!("{LENA}?topic=trouble")).await;
    assert!(events_on(&trouble).is_empty() && trouble.contains("Nothing of this kind has happened"));
    for bad in ["before=x", "before=1.2.3", "topic=everything", "order=price", "before=1.2.3.4&after=1.2.3.4"] {
        assert_eq!(desk.get(&VERA, &format!("{LENA}?{bad}")).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[actix_web::test]
async fn a_transfer_is_shown_on_both_sides() {
    let desk = Desk::open().await;
    let moved: Value = json!({ "event": {
        "id": "t", "type": "TRANSFER", "event_timestamp_ms": NOW.millis(), "store": "APP_STORE",
        "transferred_from": ["$RCAnonymousID:1", "old/phone"], "transferred_to": ["new phone"],
    }});
    let bodies = [purchase("old/phone", 3, json!({})), purchase("new phone", 2, json!({})), moved.to_string()];
    deliver_together(&desk, desk.project, &bodies);
    let old = desk.page(&VERA, "/projects/sundial/customers/old%2Fphone").await;
    assert!(old.contains("Purchases transferred to another customer"), "{old}");
    assert!(old.contains("href=\"/projects/sundial/customers/new%20phone\""), "{old}");
    let new = desk.page(&VERA, "/projects/sundial/customers/new%20phone").await;
    assert!(new.contains("Purchases transferred from another customer"), "{new}");
    assert!(new.contains("href=\"/projects/sundial/customers/old%2Fphone\""), "{new}");
}
