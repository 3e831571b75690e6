//! The history of one customer: its pages in both orders and both directions, and the page of one event.

use actix_web::http::StatusCode;
use dossier::wording::text::segment;
use serde_json::{Value, json};

use crate::support::cast::{LENA, SOL, TEAM, VERA};
use crate::support::events::{deliver_together, purchase};
use crate::support::pages::pager_link;
use crate::support::{DAY, Desk, NOW};

/// 120 renewals, seven at each moment. The later an event was sent, the older its purchase, so the two orders differ.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    let renewal = |n: i64| {
        let at = NOW.millis() - (n / 7) * DAY;
        let extra = json!({
            "id": format!("e{n}"), "type": "RENEWAL", "purchased_at_ms": at, "event_timestamp_ms": NOW.millis() + n * 1000,
            "product_id": "pro/monthly", "transaction_id": format!("t{n}"), "price": 8.1400, "more": {"b": 1, "a": "</pre>"},
        });
        purchase("lena", 0, extra)
    };
    let bodies: Vec<String> = (0..120).map(renewal).collect();
    deliver_together(&desk, desk.project, &bodies);
    let sandbox = json!({ "id": "s", "environment": "SANDBOX", "transaction_id": "s" });
    let other = json!({ "id": "x/y?#", "type": "BILLING_ISSUE" });
    deliver_together(&desk, desk.project, &[purchase("lena", 1, sandbox), purchase("mara", 2, other)]);
    desk
}

/// The ids of the events a page shows, from its links.
fn shown(html: &str) -> Vec<String> {
    let link = format!("{LENA}/events/");
    let links = html.split(&link).skip(1);
    links.map(|rest| rest.split(['"', '?']).next().unwrap_or_default().to_owned()).collect()
}

async fn page(desk: &Desk, path: &str) -> String {
    let answer = desk.get(&VERA, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    answer.body
}

#[actix_web::test]
async fn every_row_is_shown_once_in_both_directions() {
    let desk = desk().await;
    for order in ["", "?order=event"] {
        let mut pages = vec![page(&desk, &format!("{LENA}{order}")).await];
        while let Some(older) = pager_link(&pages[pages.len() - 1], "next").filter(|_| pages.len() < 5) {
            pages.push(page(&desk, &older).await);
        }
        let seen: Vec<Vec<String>> = pages.iter().map(|html| shown(html)).collect();
        assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20], "{order}");
        let mut all = seen.concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 120, "{order}");
        let back = page(&desk, &pager_link(&pages[2], "prev").expect("a way back")).await;
        assert_eq!(shown(&back), seen[1], "{order}");
        let top = page(&desk, &pager_link(&back, "prev").expect("a way back")).await;
        assert_eq!((shown(&top), pager_link(&top, "prev")), (seen[0].clone(), None), "{order}");
    }
}

#[actix_web::test]
async fn the_newest_comes_first_in_either_order() {
    let desk = desk().await;
    let by_event = shown(&page(&desk, &format!("{LENA}?order=event")).await);
    assert_eq!(by_event.first().map(String::as_str), Some("e119"));
    let by_timeline = shown(&page(&desk, LENA).await);
    assert_eq!(by_timeline.first().map(String::as_str), Some("e6"));
}

#[actix_web::test]
async fn each_environment_and_topic_shows_only_its_own_events() {
    let desk = desk().await;
    assert_eq!(shown(&page(&desk, &format!("{LENA}?sandbox=1")).await), ["s"]);
    let trouble = page(&desk, &format!("{LENA}?topic=trouble")).await;
    assert!(shown(&trouble).is_empty() && trouble.contains("Nothing of this kind has happened"));
    for bad in ["before=x", "before=1.2.3", "topic=everything", "order=price", "before=1.2.3.4&after=1.2.3.4"] {
        assert_eq!(desk.get(&VERA, &format!("{LENA}?{bad}")).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[actix_web::test]
async fn the_page_of_an_event_shows_its_body_and_links_back_to_its_row() {
    let desk = desk().await;
    for person in TEAM {
        let answer = desk.get(&person, &format!("{LENA}/events/e70")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", person.name);
    }
    let html = page(&desk, &format!("{LENA}/events/e70")).await;
    assert!(html.contains("Renewed pro/monthly") && html.contains("RENEWAL"), "{html}");
    let price = "<span class=\"k\">&#34;price&#34;</span>: <span class=\"n\">";
    assert!(html.contains(price) && html.contains("&#34;&#60;/pre&#62;&#34;"), "{html}");
    let back = html.split("href=\"").find(|rest| rest.contains("?before=")).expect("a link back");
    let (address, rest) = back.split_once('#').expect("a fragment");
    let anchor = rest.split('"').next().unwrap_or_default();
    let history = page(&desk, address).await;
    assert!(history.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    assert_eq!(shown(&history).first().map(String::as_str), Some("e70"));
}

#[actix_web::test]
async fn an_event_of_somebody_else_is_not_found() {
    let desk = desk().await;
    let id = segment("x/y?#");
    let status = |answer: crate::support::Answer| answer.status;
    assert_eq!(status(desk.get(&SOL, &format!("/projects/sundial/customers/mara/events/{id}")).await), StatusCode::OK);
    for path in [
        format!("{LENA}/events/{id}"),
        format!("{LENA}/events/none"),
        "/projects/sundial/customers/nobody/events/e1".into(),
    ] {
        assert_eq!(status(desk.get(&SOL, &path).await), StatusCode::NOT_FOUND, "{path}");
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
    let old = page(&desk, "/projects/sundial/customers/old%2Fphone").await;
    assert!(old.contains("Purchases transferred to another customer"), "{old}");
    assert!(old.contains("href=\"/projects/sundial/customers/new%20phone\""), "{old}");
    let new = page(&desk, "/projects/sundial/customers/new%20phone").await;
    assert!(new.contains("Purchases transferred from another customer"), "{new}");
    assert!(new.contains("href=\"/projects/sundial/customers/old%2Fphone\""), "{new}");
}
