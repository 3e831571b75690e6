//! The lists of customers: who is in which list, in which order, and the file of a list.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::{customers, projects};
use serde_json::json;

use crate::support::cast::{ADA, TEAM, VERA};
use crate::support::events::{deliver_together, purchase};
use crate::support::pages::pager_link;
use crate::support::{Answer, DAY, Desk, NOW};

const LISTS: [&str; 5] = ["all", "active", "sandbox", "one-time", "expired"];

async fn page(desk: &Desk, query: &str) -> Answer {
    desk.get(&VERA, &format!("/projects/sundial/customers{query}")).await
}

/// The ids of the rows, top to bottom.
fn ids(answer: &Answer) -> Vec<String> {
    let rows = answer.body.split("class=\"row-link").skip(1);
    rows.filter_map(|row| row.split("/customers/").nth(1)?.split('"').next().map(str::to_owned)).collect()
}

/// The query of the address behind a link of the pager.
fn link(answer: &Answer, rel: &str) -> Option<String> {
    Some(pager_link(&answer.body, rel)?.replace("/projects/sundial/customers", ""))
}

#[actix_web::test]
async fn each_list_holds_only_its_own_customers() {
    let desk = Desk::open().await;
    let (forever, grant) = (json!(NOW.millis() + 400 * DAY), "PROMOTIONAL");
    deliver_together(
        &desk,
        desk.project,
        &[
            purchase("active", 1, json!({})),
            purchase("trial", 2, json!({ "period_type": "TRIAL", "price": 0 })),
            purchase("expired", 60, json!({})),
            purchase("sandbox", 3, json!({ "environment": "SANDBOX" })),
            purchase(
                "coins",
                4,
                json!({ "type": "NON_RENEWING_PURCHASE", "product_id": "coins", "expiration_at_ms": null }),
            ),
            purchase("granted", 5, json!({})),
            purchase(
                "granted",
                4,
                json!({
                    "type": "NON_RENEWING_PURCHASE", "store": grant, "period_type": grant, "product_id": "rc_promo_pro",
                    "transaction_id": "promo", "original_transaction_id": "promo", "expiration_at_ms": forever, "price": 0,
                }),
            ),
        ],
    );
    for (list, wanted) in [
        ("all", vec!["active", "trial", "sandbox", "granted", "coins", "expired"]),
        ("active", vec!["active", "trial"]),
        ("sandbox", vec!["sandbox"]),
        ("one-time", vec!["coins"]),
        ("expired", vec!["expired"]),
    ] {
        let (mut found, mut wanted) = (ids(&page(&desk, &format!("?list={list}")).await), wanted);
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{list}");
    }
    let all = page(&desk, "").await.body;
    for word in ["Sandbox only", "Free Trial", "Expired", "USD 9.99", "No app contact", "coins", "a day ago"] {
        assert!(all.contains(word), "{word}");
    }
    desk.clock.advance(40 * 86_400);
    assert!(ids(&page(&desk, "?list=active").await).is_empty());
    assert_eq!(ids(&page(&desk, "?list=expired").await).len(), 4);
}

#[actix_web::test]
async fn the_shown_id_is_an_identified_one_where_there_is_one() {
    let desk = Desk::open().await;
    let anonymous = "$RCAnonymousID:5f1c0d2e9a774c21b80a6f1f4f6a9921";
    deliver_together(
        &desk,
        desk.project,
        &[
            purchase(anonymous, 9, json!({})),
            purchase("second", 7, json!({ "original_app_user_id": anonymous, "aliases": [anonymous, "second"] })),
            purchase("first", 8, json!({ "original_app_user_id": anonymous, "aliases": [anonymous, "first"] })),
            purchase("$RCAnonymousID:0", 1, json!({})),
        ],
    );
    assert_eq!(ids(&page(&desk, "").await), ["%24RCAnonymousID%3A0", "first"]);
}

#[actix_web::test]
async fn rows_are_in_the_order_of_their_last_column() {
    let desk = Desk::open().await;
    let bodies = ["a", "b", "c"].map(|id| purchase(id, 5, json!({})));
    deliver_together(&desk, desk.project, &bodies);
    let seen = [("a", 3), ("b", 1)];
    let written = desk.db.write_here(|conn| {
        for (id, days) in seen {
            diesel::update(customers::table.filter(customers::original_app_user_id.eq(id)))
                .set(customers::last_seen_at.eq(NOW.millis() - days * DAY))
                .execute(conn)?;
        }
        Ok::<_, Error>(())
    });
    written.expect("contacts");
    deliver_together(&desk, desk.project, &["a", "b", "c"].map(|id| purchase(id, 2, json!({ "type": "RENEWAL" }))));
    assert_eq!(ids(&page(&desk, "").await), ["b", "c", "a"], "an event counts where the app never called");
}

#[actix_web::test]
async fn rows_show_what_was_tested_granted_or_sold_at_an_unknown_price() {
    let desk = Desk::open().await;
    let grant = json!({
        "type": "NON_RENEWING_PURCHASE", "store": "PROMOTIONAL", "product_id": "rc_promo_pro_monthly",
        "entitlement_ids": ["pro"], "price": 0,
    });
    let lifetime = json!({
        "type": "NON_RENEWING_PURCHASE", "product_id": "lifetime", "expiration_at_ms": null, "entitlement_ids": ["pro"],
    });
    let bodies = [
        purchase("sandy", 1, json!({ "environment": "SANDBOX" })),
        purchase("gifted", 2, grant),
        purchase("owner", 3, lifetime),
        purchase("unpriced", 4, json!({ "price": null })),
    ];
    deliver_together(&desk, desk.project, &bodies);
    let html = page(&desk, "").await.body;
    let rows: Vec<&str> = html.split("<tr role=\"row\">").skip(2).collect();
    let [sandy, gifted, owner, unpriced] = rows.as_slice() else { panic!("four rows: {html}") };
    assert!(sandy.contains("pro_monthly") && sandy.contains(">Sandbox</span>"), "{sandy}");
    assert!(sandy.contains("a day ago") && !sandy.contains("A day ago"), "{sandy}");
    assert!(gifted.contains("Granted pro") && !gifted.contains("rc_promo"), "{gifted}");
    assert!(owner.contains("Lifetime purchase") && !owner.contains("price unknown"), "{owner}");
    assert!(unpriced.contains("price unknown") && unpriced.contains("1 payment came without a price"), "{unpriced}");
}

#[actix_web::test]
async fn pages_go_down_and_up_without_a_gap() {
    let desk = Desk::open().await;
    let bodies: Vec<String> =
        (0..120).map(|number| purchase(&format!("c{number:03}"), number / 7, json!({}))).collect();
    deliver_together(&desk, desk.project, &bodies);
    let first = page(&desk, "?list=all").await;
    assert_eq!((ids(&first).len(), link(&first, "prev")), (50, None));
    let second = page(&desk, &link(&first, "next").expect("an older page")).await;
    let third = page(&desk, &link(&second, "next").expect("an older page")).await;
    assert_eq!((ids(&third).len(), link(&third, "next")), (20, None));
    let mut all = [ids(&first), ids(&second), ids(&third)].concat();
    let back = page(&desk, &link(&third, "prev").expect("a newer page")).await;
    assert_eq!(ids(&back), ids(&second));
    let top = page(&desk, &link(&back, "prev").expect("a newer page")).await;
    assert_eq!(ids(&top), ids(&first));
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 120);
}

#[actix_web::test]
async fn going_up_ends_on_a_full_first_page() {
    let desk = Desk::open().await;
    let bodies: Vec<String> = (0..60).map(|number| purchase(&format!("c{number:03}"), 5, json!({}))).collect();
    deliver_together(&desk, desk.project, &bodies);
    let second = page(&desk, &link(&page(&desk, "").await, "next").expect("an older page")).await;
    let newcomers: Vec<String> = (0..3).map(|number| purchase(&format!("n{number}"), 1, json!({}))).collect();
    deliver_together(&desk, desk.project, &newcomers);
    let up = page(&desk, &link(&second, "prev").expect("a newer page")).await;
    assert_eq!(ids(&up).len(), 50);
    let top = page(&desk, &link(&up, "prev").expect("a newer page")).await;
    assert_eq!((ids(&top).len(), link(&top, "prev")), (50, None));
}

#[actix_web::test]
async fn an_unknown_list_and_a_malformed_cursor_are_explained() {
    let desk = Desk::open().await;
    let cursor = "0".repeat(32);
    for query in
        ["list=whales", "list=Active", "after=x", "before=", "after=-1", &format!("after={cursor}&before={cursor}")]
    {
        let answer = page(&desk, &format!("?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.body.contains("list"), "{query}");
    }
    let unknown = page(&desk, "?list=nonsense").await.body;
    assert!(unknown.contains("There is no list “<bdi>nonsense</bdi>”"), "{unknown}");
    for list in LISTS {
        assert!(unknown.contains(&format!("href=\"/projects/sundial/customers?list={list}\"")), "{list}");
    }
    let beyond = page(&desk, &format!("?after={cursor}")).await;
    assert_eq!(beyond.status, StatusCode::OK);
    let file = desk.get(&ADA, "/projects/sundial/customers.csv?list=whales").await;
    assert_eq!(file.status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn an_empty_list_says_what_that_means() {
    let desk = Desk::open().await;
    let empty = page(&desk, "?list=expired").await.body;
    assert!(empty.contains("No webhooks yet") && empty.contains("http://desk.example/webhooks/revenuecat/sundial"));
    deliver_together(&desk, desk.project, &[purchase("lena", 1, json!({}))]);
    for (list, sentence) in
        LISTS.iter().zip(["", "", "Nobody has made a test purchase", "Nobody has bought", "has ended"])
    {
        assert!(page(&desk, &format!("?list={list}")).await.body.contains(sentence), "{list}");
    }
}

#[actix_web::test]
async fn a_page_of_a_list_asks_the_same_number_of_queries_whatever_it_shows() {
    let desk = Desk::open().await;
    deliver_together(&desk, desk.project, &[purchase("one", 1, json!({}))]);
    let asked = async |desk: &Desk| {
        let cookie = desk.cookie(&VERA);
        let before = desk.db.statements();
        let request = actix_web::test::TestRequest::get().uri("/projects/sundial/customers");
        assert_eq!(desk.call(request.insert_header(("cookie", cookie))).await.status, StatusCode::OK);
        desk.db.statements() - before
    };
    let small = asked(&desk).await;
    let bodies: Vec<String> = (0..60).map(|number| purchase(&format!("c{number}"), 1, json!({}))).collect();
    deliver_together(&desk, desk.project, &bodies);
    assert_eq!(asked(&desk).await, small);
}

#[actix_web::test]
async fn roles_that_may_export_can_download_a_list() {
    let desk = Desk::open().await;
    let formula = "=HYPERLINK(\"http://evil.example\")";
    let name = json!({ "$displayName": { "value": "@SUM(1)", "updated_at_ms": NOW.millis() } });
    deliver_together(
        &desk,
        desk.project,
        &[purchase(formula, 1, json!({ "subscriber_attributes": name })), purchase("over", 90, json!({}))],
    );
    let file = desk.get(&ADA, "/projects/sundial/customers.csv?list=active").await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"sundial-active-2026-11-23.csv\"");
    assert!(file.header("content-type").starts_with("text/csv; charset=utf-8"));
    assert_eq!(file.header("cache-control"), "no-store");
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("app_user_id,name,email,country,status,total_spent_usd,"));
    let wanted = "\"'=HYPERLINK(\"\"http://evil.example\"\")\",'@SUM(1),,,Active,9.99,pro_monthly,APP_STORE,2026-11-22T17:00:00Z,,";
    assert!(lines[1].starts_with(wanted), "{}", lines[1]);
    let exporting = async || {
        let mut may = Vec::new();
        for person in TEAM {
            let file = desk.get(&person, "/projects/sundial/customers.csv").await;
            let is_offered =
                desk.get(&person, "/projects/sundial/customers").await.body.contains("customers.csv?list=all");
            assert_eq!((file.status == StatusCode::OK, file.status != StatusCode::FORBIDDEN), (is_offered, is_offered));
            may.push(is_offered);
        }
        may
    };
    assert_eq!(exporting().await, [false, false, false, true], "admins alone");
    for (least, roles) in [("support", [false, true, true, true]), ("viewer", [true; 4])] {
        let allow = diesel::update(projects::table.find(desk.project)).set(projects::list_export_role.eq(least));
        desk.db.write_here(|conn| Ok::<_, Error>(allow.execute(conn)?)).expect("it is allowed");
        assert_eq!(exporting().await, roles, "{least}");
    }
}

#[actix_web::test]
async fn a_file_of_more_than_one_chunk_holds_everybody_once() {
    let desk = Desk::open().await;
    let bodies: Vec<String> =
        (0..2_300).map(|number| purchase(&format!("c{number:04}"), number % 9, json!({}))).collect();
    deliver_together(&desk, desk.project, &bodies);
    let file = desk.get(&ADA, "/projects/sundial/customers.csv").await;
    let mut ids: Vec<&str> = file.body.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(ids.len(), 2_300);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2_300);
}
