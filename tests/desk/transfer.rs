//! Moving purchases to another customer: who may, who can receive them, the preview, and what stays.

use actix_web::http::StatusCode;
use serde_json::json;

use crate::support::audit_log::audit_lines;
use crate::support::cast::{LENA, SOL, TEAM, VERA};
use crate::support::catalogs::desk_with_two_buyers;
use crate::support::customers::{count_events, grants_of, history_of, purchases_of, store_purchases_of};
use crate::support::events::{deliver, purchase};
use crate::support::operations::block;
use crate::support::pages::seen_version;
use crate::support::{Answer, Desk};

const MARA: &str = "/projects/sundial/customers/mara";

async fn transfer(desk: &Desk, from: &str, to: &str) -> Answer {
    desk.post_form(&SOL, &format!("/projects/sundial/customers/{from}/transfer"), &[("to", to)]).await
}

#[actix_web::test]
async fn purchases_move_to_the_other_customer_and_both_pages_say_so() {
    let desk = desk_with_two_buyers().await;
    let answer = transfer(&desk, "lena", " mara ").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, format!("{MARA}#entitlements")));
    let page = desk.get(&SOL, answer.header("location")).await.body;
    assert!(page.contains("<p>3 purchases moved here from lena.</p>") && !page.contains(">Undo</button>"), "the flash");
    assert!(page.contains("Purchases transferred from another customer") && page.contains("Purchases came from "));
    assert!(page.contains(&format!("href=\"{LENA}\"")), "a link to the other customer");
    let left = desk.get(&SOL, LENA).await.body;
    assert!(left.contains("Purchases transferred to another customer") && left.contains("Purchases moved to "));
    assert!(left.contains(&format!("href=\"{MARA}\"")), "a link to the other customer");
    assert!(left.contains("Granted entitlement"), "the grant stays");
    assert_eq!(
        (
            store_purchases_of(&desk, "lena").len(),
            store_purchases_of(&desk, "mara").len(),
            grants_of(&desk, "lena").len()
        ),
        (0, 4, 1)
    );
    assert_eq!(audit_lines(&desk), ["purchases_transferred: - | 3 purchases | moved to mara | -"]);
}

#[actix_web::test]
async fn the_page_shows_both_customers_before_and_after() {
    let desk = desk_with_two_buyers().await;
    let page = desk.get(&SOL, &format!("{LENA}/transfer?to=mara")).await;
    assert_eq!(page.status, StatusCode::OK);
    let (from, to) = page.body.split_once(">To <").expect("two sides");
    let (now, then) = from.split_once(">Afterwards<").expect("both states");
    assert!(now.contains("pro_monthly") && now.contains("archive") && !then.contains("pro_monthly"), "{from}");
    assert!(then.contains("Granted entitlement"), "the grant stays");
    let (now, then) = to.split_once(">Afterwards<").expect("both states");
    assert!(!now.contains("archive") && then.contains("archive"), "{to}");
    assert!(to.contains("Move 3 purchases, 1 of them a test to mara</button>"), "the button says it");
    assert_eq!(count_events(&desk), 5, "nothing was done");
}

#[actix_web::test]
async fn the_receiving_customer_is_found_by_any_id_or_address() {
    let desk = desk_with_two_buyers().await;
    let named = |id: &str, email: &str| {
        let value = |value: &str| json!({ "value": value, "updated_at_ms": 1_790_000_000_000_i64 });
        let attributes = json!({ "$email": value(email), "$displayName": value("Zoë <i>") });
        let aliases = json!([id, format!("{id}-ipad")]);
        purchase(id, 1, json!({ "transaction_id": id, "subscriber_attributes": attributes, "aliases": aliases }))
    };
    deliver(&desk, desk.project, &[named("zoe", "zoe@a.example"), named("zora", "zora@a.example")]);
    let page = |to: &str| {
        let path = format!("{LENA}/transfer?to={to}");
        let desk = &desk;
        async move { desk.get(&SOL, &path).await.body }
    };
    assert!(page("zoe-ipad").await.contains("To <a href=\"/projects/sundial/customers/zoe-ipad\">"), "by an alias");
    let one = page("zoe%40a.example").await;
    assert!(
        one.contains(&format!("{LENA}/transfer?to=zoe\"")) && one.contains("Zoë &#60;i&#62;"),
        "by an address: {one}"
    );
    let some = page("zo").await;
    assert!(some.contains("?to=zoe\"") && some.contains("?to=zora\""), "by a beginning");
    assert!(page("nobody").await.contains("No customer was found."));
    assert!(page("lena").await.contains("This is the same customer."));
    let empty = page("").await;
    assert!(empty.contains("Receiving customer</label>") && !empty.contains("aria-invalid"));
}

#[actix_web::test]
async fn everybody_but_viewers_may_transfer() {
    for person in &TEAM {
        let desk = desk_with_two_buyers().await;
        let may = person.id != VERA.id;
        let profile = desk.get(person, LENA).await.body;
        assert_eq!(profile.contains("Transfer purchases"), may, "{}", person.name);
        let page = desk.get(person, &format!("{LENA}/transfer")).await;
        assert_eq!(page.status, if may { StatusCode::OK } else { StatusCode::FORBIDDEN }, "{}", person.name);
        let answer = desk.post_form(person, &format!("{LENA}/transfer"), &[("to", "mara")]).await;
        let wanted = if may { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status, wanted, "{}", person.name);
        assert_eq!(store_purchases_of(&desk, "lena").is_empty(), may, "{}", person.name);
    }
}

#[actix_web::test]
async fn an_unknown_customer_is_404() {
    let desk = desk_with_two_buyers().await;
    assert_eq!(transfer(&desk, "nobody", "mara").await.status, StatusCode::NOT_FOUND);
    assert_eq!(desk.get(&SOL, "/projects/sundial/customers/nobody/transfer").await.status, StatusCode::NOT_FOUND);
    let other = desk.post_form(&SOL, "/projects/moonrise/customers/lena/transfer", &[("to", "mara")]).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn an_impossible_receiving_customer_is_refused_and_the_text_is_kept() {
    let desk = desk_with_two_buyers().await;
    let before = count_events(&desk);
    for (to, reason) in [
        ("no<body", "No customer has this App User ID."),
        ("lena", "This is the same customer."),
        ("", "No customer has"),
    ] {
        let answer = transfer(&desk, "lena", to).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{to}");
        assert!(answer.body.contains(reason) && answer.body.contains("aria-describedby=\"to-reason\""), "{reason}");
    }
    block(&desk, desk.project, "zed").expect("it is blocked");
    assert!(transfer(&desk, "lena", "zed").await.body.contains("This App User ID is blocked."));
    let page = desk.get(&SOL, &format!("{LENA}/transfer?to=zed")).await.body;
    assert!(page.contains("This App User ID is blocked."), "before the form is sent");
    assert!(transfer(&desk, "lena", "no<body").await.body.contains("value=\"no&#60;body\""), "the text is kept");
    assert_eq!(
        (count_events(&desk), audit_lines(&desk).len(), store_purchases_of(&desk, "lena").len()),
        (before, 0, 3)
    );
}

#[actix_web::test]
async fn without_purchases_there_is_nothing_to_transfer() {
    let desk = desk_with_two_buyers().await;
    let path = |id: &str| format!("/projects/sundial/customers/{id}");
    deliver(&desk, desk.project, &[purchase("zoe", 1, json!({ "type": "TRIAL_STARTED" }))]);
    assert!(!desk.get(&SOL, &path("zoe")).await.body.contains("Transfer purchases"), "no control");
    transfer(&desk, "lena", "mara").await;
    assert!(!desk.get(&SOL, LENA).await.body.contains("Transfer purchases"), "a grant does not move");
    for id in ["zoe", "lena"] {
        let page = desk.get(&SOL, &format!("{}/transfer", path(id))).await.body;
        assert!(page.contains("There are no purchases here to move."), "{id}");
        let answer = transfer(&desk, id, "mara").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{id}");
    }
}

#[actix_web::test]
async fn changes_since_the_page_was_opened_are_shown_before_the_transfer() {
    let desk = desk_with_two_buyers().await;
    let page = desk.get(&SOL, &format!("{LENA}/transfer?to=mara")).await.body;
    let seen = seen_version(&page);
    let late = json!({ "type": "CANCELLATION", "cancel_reason": "UNSUBSCRIBE", "expiration_at_ms": null });
    deliver(&desk, desk.project, &[purchase("lena", 0, late)]);
    let path = format!("{LENA}/transfer");
    let stale = desk.post_form(&SOL, &path, &[("to", "mara"), ("seen", seen)]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(
        stale.body.contains("The purchases changed meanwhile.") && stale.body.contains(">Afterwards<"),
        "both sides again"
    );
    assert_eq!(store_purchases_of(&desk, "lena").len(), 3);
    let seen = seen_version(&stale.body);
    let moved = desk.post_form(&SOL, &path, &[("to", "mara"), ("seen", seen)]).await;
    assert_eq!((moved.status, store_purchases_of(&desk, "mara").len()), (StatusCode::SEE_OTHER, 4));
}

#[actix_web::test]
async fn fifty_posts_at_once_move_the_purchases_once() {
    let desk = desk_with_two_buyers().await;
    let before = count_events(&desk);
    let path = format!("{LENA}/transfer");
    let answers = desk.post_form_at_once(&SOL, &path, &[("to", "mara"), ("once", "k1")], 50).await;
    assert!(answers.iter().all(|answer| answer.header("location") == answers[0].header("location")));
    assert_eq!(
        (count_events(&desk), audit_lines(&desk).len(), store_purchases_of(&desk, "mara").len()),
        (before + 1, 1, 4)
    );
    let answers = desk.post_form_at_once(&SOL, &format!("{MARA}/transfer"), &[("to", "lena")], 50).await;
    let done = answers.iter().filter(|answer| answer.status == StatusCode::SEE_OTHER).count();
    assert_eq!((done, count_events(&desk), audit_lines(&desk).len()), (1, before + 2, 2));
    assert_eq!((store_purchases_of(&desk, "lena").len(), store_purchases_of(&desk, "mara").len()), (4, 0));
    assert_eq!(history_of(&desk, "lena").iter().filter(|line| line.ends_with("TRANSFER")).count(), 2);
    assert!(purchases_of(&desk, "lena").len() == 5, "and the grant");
}

#[actix_web::test]
async fn the_sandbox_view_is_kept() {
    let desk = desk_with_two_buyers().await;
    let page = desk.get(&SOL, &format!("{LENA}/transfer?sandbox=1&to=mara")).await.body;
    assert!(page.contains("action=\"/projects/sundial/customers/lena/transfer?sandbox=1\""), "{page}");
    assert!(page.contains("name=\"sandbox\" value=\"1\"") && page.contains(">Sandbox</span>"), "{page}");
    let answer = desk.post_form(&SOL, &format!("{LENA}/transfer?sandbox=1"), &[("to", "mara")]).await;
    assert_eq!(answer.location(), format!("{MARA}?sandbox=1#entitlements"));
}
