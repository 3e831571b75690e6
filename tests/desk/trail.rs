//! Whose purchase, since when, and why: the trail of owners, the payments in both histories, and the search.

use dossier::base::error::Error;
use dossier::cli::demo_data;
use dossier::events::Delivery;
use dossier::ingest;
use serde_json::json;

use crate::support::cast::{ADA, SOL, VERA};
use crate::support::catalogs::apply_catalog;
use crate::support::events::{TODAY, deliver, event_on_day, purchase, transfer_event, with_ids};
use crate::support::pages::{card_of, text_of};
use crate::support::{Desk, NOW};

const ZOFIA: &str = "/projects/sundial/customers/zofia.nowak";
const JAKUB: &str = "/projects/sundial/customers/jakub.nowak";

/// A desk with these customers of the demo.
async fn desk_with(ids: &[&str]) -> Desk {
    let desk = Desk::open().await;
    apply_catalog(&desk, &demo_data::catalog());
    let all = demo_data::customers(NOW.millis());
    let own = all.iter().filter(|one| ids.contains(&one.app_user_id.as_str()));
    let deliveries: Vec<Delivery> = own.flat_map(|one| one.deliveries().expect("webhooks")).collect();
    let ctx = desk.ctx();
    let taken =
        desk.db.write_here(|conn| Ok::<_, Error>(ingest::take(conn, &ctx, &deliveries.iter().collect::<Vec<_>>())?));
    taken.expect("the deliveries are stored");
    desk
}

/// The amounts in US dollars of the rows of money, in cents, and those of rows that say where they count.
fn dollars(html: &str) -> (i64, i64) {
    let (mut here, mut elsewhere) = (0, 0);
    for row in card_of(html, "history").split("<li class=\"event ").skip(1) {
        let text = text_of(row);
        let Some((_, amount)) = row.split_once("event__amount") else { continue };
        let amount = text_of(&format!("<p {}", amount.split("</p>").next().unwrap_or_default()));
        let sign = if amount.contains('\u{2212}') { -1 } else { 1 };
        let (_, usd) = amount.rsplit_once("USD ").unwrap_or(("", "0"));
        let cents: f64 = usd.replace(',', "").trim().parse::<f64>().expect(usd) * 100.0;
        let cents = sign * cents.round() as i64;
        if text.contains("moved: counts for") { elsewhere += cents } else { here += cents }
    }
    (here, elsewhere)
}

fn total(html: &str) -> i64 {
    let spent = html.split_once("<dt>Total spent</dt>").map_or("", |(_, rest)| rest);
    let text = text_of(spent.split_once("</strong>").map_or("", |(spent, _)| spent));
    let amount: f64 = text.trim().trim_start_matches("USD ").replace(',', "").parse().expect(&text);
    (amount * 100.0).round() as i64
}

#[actix_web::test]
async fn the_totals_of_both_sides_of_a_transfer_add_up() {
    let desk = desk_with(&["zofia.nowak", "jakub.nowak"]).await;
    let (zofia, jakub) = (desk.page(&VERA, ZOFIA).await, desk.page(&VERA, JAKUB).await);
    let (here, elsewhere) = dollars(&zofia);
    assert!(here > 0 && elsewhere == 0, "{here} {elsewhere}");
    assert_eq!(here, total(&zofia));
    let history = text_of(card_of(&zofia, "history"));
    assert!(history.contains("while it belonged to jakub.nowak"), "{history}");
    let moved = history.contains("Pro monthly (") && history.contains("cause unknown");
    assert!(moved, "{history}");
    let (here, elsewhere) = dollars(&jakub);
    assert_eq!((here, total(&jakub)), (0, 0));
    assert!(elsewhere > 0, "the payments stand in his history");
    let history = text_of(card_of(&jakub, "history"));
    assert!(history.contains("moved: counts for zofia.nowak now") && history.contains("Pro monthly ("), "{history}");
    let owners = text_of(card_of(&zofia, "entitlements"));
    assert!(owners.contains("Who had it, since when jakub.nowak , "), "{owners}");
    assert!(owners.contains("; cause unknown This customer, since"), "{owners}");
}

#[actix_web::test]
async fn a_purchase_that_moved_twice_names_all_its_owners_and_who_moved_it() {
    let desk = Desk::open().await;
    deliver(
        &desk,
        desk.project,
        &[
            purchase("zofia", 20, json!({ "price": 9.99, "entitlement_ids": ["pro"] })),
            transfer_event(TODAY - 10, &["zofia"], &["mara"]),
        ],
    );
    let fields = [("to", "noor"), ("confirm", "noor")];
    deliver(&desk, desk.project, &[event_on_day(TODAY - 30, "SUBSCRIBER_ALIAS", with_ids("noor", &["noor"]))]);
    let moved = desk.post_form(&SOL, "/projects/sundial/customers/mara/transfer", &fields).await;
    assert_eq!(moved.status.as_u16(), 303, "{}", moved.body);
    let page = desk.page(&ADA, "/projects/sundial/customers/noor").await;
    let owners = text_of(card_of(&page, "entitlements"));
    assert!(owners.contains("zofia , 3 Nov to 13 Nov ; cause unknown"), "{owners}");
    assert!(owners.contains("mara , 13 Nov to 23 Nov ; moved by Sol Mbeki This customer, since 23 Nov"), "{owners}");
    let history = text_of(card_of(&page, "history"));
    assert!(history.contains("by Sol Mbeki") && history.contains("while it belonged to zofia"), "{history}");
    // In between, nothing is counted twice.
    let mara = text_of(card_of(&desk.page(&ADA, "/projects/sundial/customers/mara").await, "history"));
    assert!(!mara.contains("while it belonged"), "{mara}");
}

#[actix_web::test]
async fn a_search_by_order_finds_who_has_the_purchase_and_who_had_it() {
    let desk = Desk::open().await;
    let bought = json!({ "transaction_id": "GPA.1111-2222-3333-44444", "store": "PLAY_STORE",
        "original_transaction_id": "GPA.1111-2222-3333-44444", "price": 9.99 });
    deliver(&desk, desk.project, &[purchase("zofia", 20, bought)]);
    let search = "/projects/sundial/customers?q=GPA.1111-2222-3333-44444";
    let straight = desk.get(&VERA, search).await;
    assert_eq!((straight.status.as_u16(), straight.location().as_str()), (303, "/projects/sundial/customers/zofia#"));
    let moved = transfer_event(TODAY - 10, &["zofia"], &["mara"]).replace("APP_STORE", "PLAY_STORE");
    deliver(&desk, desk.project, &[moved]);
    let found = text_of(&desk.page(&VERA, search).await);
    assert!(found.contains("2 customers match"), "{found}");
    let (mara, zofia) =
        (found.find("Transaction is"), found.find("Had, until 13 Nov 2026, the purchase whose transaction is"));
    assert!(mara.is_some() && mara < zofia, "{found}");
}

#[actix_web::test]
async fn each_id_says_since_when_and_how_it_joined() {
    let desk = Desk::open().await;
    let bought = json!({ "id": "bought", "app_user_id": "mara", "original_app_user_id": "mara", "aliases": ["mara"] });
    let joined = with_ids("mara", &["mara", "$RCAnonymousID:1"]);
    deliver(&desk, desk.project, &[purchase("mara", 20, bought), event_on_day(TODAY - 5, "SUBSCRIBER_ALIAS", joined)]);
    let page = desk.page(&VERA, "/projects/sundial/customers/mara").await;
    let card = text_of(card_of(&page, "app-user-ids"));
    assert!(card.contains("since 3 Nov , first named by the event “initial purchase”"), "{card}");
    assert!(card.contains("since 18 Nov , joined by a log-in"), "{card}");
    assert!(page.contains("/customers/mara/events/bought\""), "the event is linked");
    let address = json!({ "app_user_id": "zofia@nowak.example", "original_app_user_id": "zofia@nowak.example",
        "aliases": ["zofia@nowak.example"] });
    deliver(&desk, desk.project, &[purchase("z", 3, address)]);
    let card = desk.page(&VERA, "/projects/sundial/customers/zofia%40nowak.example").await;
    let card = text_of(card_of(&card, "app-user-ids"));
    assert!(card.contains("An e-mail address is an App User ID. Check that the app logs in with an id"), "{card}");
}
