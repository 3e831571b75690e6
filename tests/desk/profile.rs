//! The page of one customer: everything that is known is on the right card, whatever the values hold.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::{app_user_ids, notes, offering_overrides, offerings};
use dossier::stores::CustomerAct;
use dossier::wording::text::segment;
use serde_json::{Value, json};

use crate::support::cast::{SOL, TEAM, VERA};
use crate::support::catalogs::apply_catalog;
use crate::support::connected::connect_to;
use crate::support::events::{attributes_set_at, deliver_together, purchase};
use crate::support::operations::ask;
use crate::support::stand_in::StandIn;
use crate::support::{Answer, DAY, Desk, NOW};

async fn open(desk: &Desk, id: &str) -> Answer {
    desk.get(&VERA, &format!("/projects/sundial/customers/{}", segment(id))).await
}

async fn page(desk: &Desk, id: &str) -> String {
    desk.page(&VERA, &format!("/projects/sundial/customers/{}", segment(id))).await
}

/// The words of one card, or of the strip or the head, without markup.
fn words(html: &str, from: &str, to: &str) -> String {
    let part = html.split_once(from).map_or("", |(_, rest)| rest.split_once(to).map_or(rest, |(part, _)| part));
    let mut words = String::new();
    for (index, piece) in part.split('<').enumerate() {
        let (tag, text) = if index == 0 { ("", piece) } else { piece.split_once('>').unwrap_or((piece, "")) };
        let is_inline = ["time", "/time", "b>", "/b", "bdi"].iter().any(|name| tag.starts_with(name)) || tag == "b";
        words.push_str(if is_inline { "" } else { " " });
        words.push_str(text);
    }
    let words = words.split_once('>').map_or(words.as_str(), |(_, rest)| rest);
    words.split_whitespace().collect::<Vec<_>>().join(" ").replace("&#39;", "'").replace("&#38;", "&")
}

fn card(html: &str, id: &str) -> String {
    words(html, &format!("id=\"{id}\""), "</section>")
}

fn customer_of(conn: &mut dossier::db::Conn, id: &str) -> QueryResult<i64> {
    app_user_ids::table.filter(app_user_ids::app_user_id.eq(id)).select(app_user_ids::customer_id).first(conn)
}

/// Adds what no webhook brings: a catalog, notes, an override.
fn fill_cards(desk: &Desk, id: &str) {
    let sold = json!({
        "products": [{ "id": "pro_monthly", "store": "app_store", "display_name": "Pro monthly", "type": "subscription",
            "duration": "P1M", "price": null }],
        "entitlements": [{ "id": "pro", "display_name": "Pro access", "products": ["pro_monthly"] }],
        "offerings": [
            { "id": "standard", "display_name": "Standard", "default": true, "metadata": {}, "packages": [] },
            { "id": "winback", "display_name": "Win-back", "default": false, "metadata": {}, "packages": [] },
        ],
    });
    apply_catalog(desk, &sold);
    let filled = desk.db.write_here(|conn| {
        let customer = customer_of(conn, id)?;
        for number in 0..10_i64 {
            diesel::insert_into(notes::table)
                .values((
                    notes::customer_id.eq(customer),
                    notes::id.eq(number),
                    notes::body.eq(format!("note **{number}** <img src=x onerror=alert(1)>")),
                    notes::author.eq("Sol Mbeki"),
                    notes::author_email.eq(SOL.email),
                    notes::created_at.eq(NOW.millis() - number * DAY),
                ))
                .execute(conn)?;
        }
        diesel::insert_into(offering_overrides::table)
            .values((
                offering_overrides::customer_id.eq(customer),
                offering_overrides::project_id.eq(desk.project),
                offering_overrides::is_end_recorded.eq(false),
                offering_overrides::offering.eq("winback"),
                offering_overrides::set_by.eq("Dev Anand"),
                offering_overrides::set_at.eq(NOW.millis() - 3 * DAY),
                offering_overrides::until.eq(NOW.millis() + 7 * DAY),
                offering_overrides::reason.eq("a discount"),
            ))
            .execute(conn)?;
        Ok::<_, Error>(())
    });
    filled.expect("notes and an override");
}

fn lena() -> String {
    let known = attributes_set_at(
        NOW.millis() - DAY,
        json!({
            "$displayName": "Lena Okafor", "$email": "lena@okafor.example", "$mediaSource": "Apple Search Ads", "goal": "sleep",
        }),
    );
    let extra = json!({ "aliases": ["lena", "lena-ipad"], "subscriber_attributes": known, "country_code": "DE" });
    purchase("lena", 12, extra)
}

fn gems(amount: i64) -> String {
    let adjustments = json!([{ "amount": amount, "currency": { "code": "GEM", "name": "Gems" } }]);
    let extra = json!({ "type": "VIRTUAL_CURRENCY_TRANSACTION", "adjustments": adjustments, "price": null });
    purchase("lena", 2, extra)
}

#[actix_web::test]
async fn everything_known_is_on_its_card() {
    let desk = Desk::open().await;
    deliver_together(&desk, desk.project, &[lena(), gems(1_260)]);
    fill_cards(&desk, "lena");
    let html = page(&desk, "lena").await;
    assert!(html.contains("<title>Lena Okafor · Dossier</title>"));
    let strip = words(&html, "class=\"answer\"", "</dl>");
    assert!(
        strip.starts_with("Can use now Pro access, renews on 11 Dec 2026 Pro monthly, App Store, is paid until 11 Dec and renews then."),
        "{strip}"
    );
    assert!(strip.contains("Total spent USD 9.99 1 payment"), "{strip}");
    let details = card(&html, "details");
    for row in
        ["App User ID lena", "Project Sundial", "Country Germany as the newest event says", "Total Spent USD 9.99"]
    {
        assert!(details.contains(row), "{row}: {details}");
    }
    assert!(!details.contains("Last Opened"), "no webhook has it: {details}");
    assert!(
        card(&html, "notes")
            .starts_with("Notes 10 of 10 note 0 &lt;img src=x onerror=alert(1)&gt; Added by Sol Mbeki on")
    );
    assert_eq!(
        card(&html, "entitlements"),
        "Entitlements 1 active Pro access pro Active App Store Pro monthly pro_monthly Renews in 18 days \
         What can be done with Pro monthly Order number t-lena Copy the order number"
    );
    assert!(
        card(&html, "offering")
            .starts_with("Current offering Win-back winback Override Set by Dev Anand on 20 Nov, until 30 Nov")
    );
    assert!(card(&html, "currencies").starts_with("Virtual currencies estimate from events Gems GEM 1,260"));
    assert!(card(&html, "app-user-ids").starts_with("App User IDs 2"));
    let set = card(&html, "attributes");
    assert!(
        set.contains("Name Lena Okafor E-mail lena@okafor.example Media Source Apple Search Ads goal sleep"),
        "{set}"
    );
    assert_eq!(card(&html, "attribution"), "Attribution Network Apple Search Ads");
    let manage = card(&html, "manage");
    assert!(manage.contains("2 App User IDs and everything found by them"), "{manage}");
    assert!(manage.contains("10 notes and 4 attributes The offering override and 1 currency balance"), "{manage}");
    assert!(manage.contains("Pro monthly, App Store: not cancelled."), "{manage}");
}

#[actix_web::test]
async fn every_role_reads_the_page_and_the_only_forms_are_the_log_out_and_the_star() {
    let desk = Desk::open().await;
    deliver_together(&desk, desk.project, &[lena()]);
    for person in TEAM {
        let answer = desk.get(&person, "/projects/sundial/customers/lena").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", person.name);
        assert_eq!(answer.body.matches("method=\"post\"").count(), 2, "the log-out, the star");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[actix_web::test]
async fn a_customer_without_real_purchases_has_a_page_that_says_so() {
    let desk = Desk::open().await;
    deliver_together(&desk, desk.project, &[purchase("sandy", 3, json!({ "environment": "SANDBOX" }))]);
    let html = page(&desk, "sandy").await;
    let strip = words(&html, "class=\"answer\"", "</dl>");
    assert!(
        strip.contains("No access This customer has only test purchases. They show under “Sandbox data”."),
        "{strip}"
    );
    assert!(words(&html, "profile-head__name", "</ul>").contains("Sandbox only"));
    assert!(card(&html, "notes").contains("No notes yet."));
    assert!(card(&html, "offering").contains("dossier catalog apply --project sundial FILE"));
    assert!(!html.contains("id=\"currencies\"") && !html.contains("id=\"attribution\""));
    let sandbox = desk.get(&VERA, "/projects/sundial/customers/sandy?sandbox=1").await.body;
    assert!(sandbox.contains("Showing sandbox data."));
    assert!(card(&sandbox, "entitlements").contains("Sandbox"));
    assert!(words(&sandbox, "class=\"answer\"", "</dl>").contains("no payments; production only"));
}

#[actix_web::test]
async fn a_transfer_is_shown_on_both_sides_with_the_best_id() {
    let desk = Desk::open().await;
    let transfer = json!({
        "type": "TRANSFER", "app_user_id": null, "original_app_user_id": null, "aliases": null, "product_id": null,
        "transaction_id": null, "transferred_from": ["$RCAnonymousID:1", "jakub"],
        "transferred_to": ["$RCAnonymousID:2", "zofia"],
    });
    let bought = json!({ "aliases": ["jakub", "$RCAnonymousID:1"] });
    deliver_together(&desk, desk.project, &[purchase("jakub", 9, bought), purchase("zofia", 3, transfer.clone())]);
    let jakub = page(&desk, "jakub").await;
    let shown = "Purchases moved to zofia on 20 Nov.";
    assert!(card(&jakub, "entitlements").contains(shown), "{}", card(&jakub, "entitlements"));
    assert!(jakub.contains("href=\"/projects/sundial/customers/zofia\""));
    let strip = words(&jakub, "class=\"answer\"", "</dl>");
    assert!(strip.contains("The purchases moved to zofia on 20 Nov; cause unknown."), "{strip}");
    assert!(strip.contains("payments moved to zofia"), "{strip}");
    let zofia = page(&desk, "zofia").await;
    let shown = "Purchases came from jakub on 20 Nov.";
    assert!(card(&zofia, "entitlements").contains(shown), "{}", card(&zofia, "entitlements"));
    assert!(words(&zofia, "class=\"answer\"", "</dl>").contains("moved here from jakub"), "the purchases are there");
    let mut unseen = transfer;
    unseen["transferred_from"] = json!(["somebody-else"]);
    unseen["transferred_to"] = json!(["mara"]);
    deliver_together(&desk, desk.project, &[purchase("mara", 2, unseen)]);
    let shown = "Purchases came from somebody-else on 21 Nov; we have no details of them.";
    let mara = page(&desk, "mara").await;
    assert!(card(&mara, "entitlements").contains(shown), "{}", card(&mara, "entitlements"));
    let strip = words(&mara, "class=\"answer\"", "</dl>");
    assert!(strip.contains("Purchases came from somebody-else on 21 Nov; we have no details of them."), "{strip}");
}

#[actix_web::test]
async fn balances_follow_the_sandbox_switch() {
    let desk = Desk::open().await;
    let adjusted = json!({
        "type": "VIRTUAL_CURRENCY_TRANSACTION", "environment": null, "purchase_environment": "SANDBOX",
        "adjustments": [{ "amount": 100, "currency": { "code": "GEM", "name": "Gems" } }],
    });
    deliver_together(&desk, desk.project, &[purchase("sandy", 3, adjusted)]);
    assert!(!page(&desk, "sandy").await.contains("id=\"currencies\""));
    let sandbox = desk.get(&VERA, "/projects/sundial/customers/sandy?sandbox=1").await.body;
    let card = card(&sandbox, "currencies");
    assert!(card.contains("Sandbox") && card.contains("Gems GEM 100"), "{card}");
}

#[actix_web::test]
async fn an_id_nobody_has_or_can_have_is_a_404_that_names_it() {
    let desk = Desk::open().await;
    for id in ["nobody", "a/b", "null", "..", "%", " lena"] {
        let answer = open(&desk, id).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
        assert!(answer.body.contains(&dossier::wording::text::visible(id)), "{id}");
        assert!(answer.body.contains("name=\"q\""), "a search box");
    }
    deliver_together(&desk, desk.project, &[lena()]);
    let elsewhere = desk.get(&VERA, "/projects/moonrise/customers/lena").await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn any_id_opens_its_customer_and_is_escaped() {
    let desk = Desk::open().await;
    let ids = [
        "a/b?c#d%e f+g",
        "'; DROP TABLE customers--",
        "<script>alert(1)</script>",
        "\"><img src=x>",
        "admin\u{202E}gpj",
        "ليلى_القاسم",
        "🧜🏽\u{200D}♀\u{FE0F}",
        "tab\there",
        "{{7*7}}",
        "%2F",
        "a\\b",
    ];
    let bodies: Vec<String> = ids.iter().map(|id| purchase(id, 1, json!({}))).collect();
    deliver_together(&desk, desk.project, &bodies);
    for id in ids {
        let html = page(&desk, id).await;
        assert!(html.contains(&format!("action=\"/projects/sundial/customers/{}\"", segment(id))), "{id}");
        for attack in ["<script>alert", "<img src=x", "\u{202E}gpj<"] {
            assert!(!html.contains(attack), "{id}: {attack}");
        }
    }
    let long = "é".repeat(1_500);
    deliver_together(&desk, desk.project, &[purchase(&long, 1, json!({}))]);
    page(&desk, &long).await;
}

#[actix_web::test]
async fn names_and_values_are_text_whatever_they_hold() {
    let desk = Desk::open().await;
    let hostile = "</title><script>alert(1)</script>";
    let known = attributes_set_at(
        NOW.millis() - DAY,
        json!({ "$displayName": hostile, "$email": hostile, "$campaign": hostile, "<b>key</b>": "https://evil.example" }),
    );
    let extra = json!({ "subscriber_attributes": known, "product_id": hostile, "entitlement_ids": [hostile], "country_code": hostile });
    deliver_together(&desk, desk.project, &[purchase("mallory", 1, extra)]);
    let html = page(&desk, "mallory").await;
    assert!(!html.contains("<script>alert"), "escaped everywhere");
    assert!(!html.contains("<b>key</b>"));
    assert!(!html.contains("href=\"https://evil.example"), "a value is never a link");
}

#[actix_web::test]
async fn very_long_values_and_lists_are_cut_and_the_page_says_so() {
    let desk = Desk::open().await;
    let mut known: serde_json::Map<String, Value> =
        (0..1_000).map(|n| (format!("key_{n:04}"), json!("value"))).collect();
    known.insert("essay".into(), json!("x".repeat(102_400)));
    let aliases: Vec<String> = (0..400).map(|n| format!("$RCAnonymousID:{n:032x}")).collect();
    let extra = json!({ "aliases": aliases, "subscriber_attributes": attributes_set_at(NOW.millis() - DAY, Value::Object(known)) });
    deliver_together(&desk, desk.project, &[purchase("heavy", 1, extra)]);
    let html = page(&desk, "heavy").await;
    assert!(card(&html, "attributes").contains("the rest of 102,400 characters"));
    assert!(html.contains("key_0999"));
    let ids = card(&html, "app-user-ids");
    assert!(ids.contains("401 ids is unusual.") && ids.contains("Show all 401"), "{ids}");
    let shown = |html: &str| {
        let card = html.split("id=\"app-user-ids\"").nth(1).and_then(|rest| rest.split("</section>").next());
        card.map_or(0, |card| card.matches("<li").count())
    };
    assert!((200..=202).contains(&shown(&html)), "{}", shown(&html));
    let all = desk.get(&VERA, "/projects/sundial/customers/heavy?ids=all").await.body;
    assert_eq!(shown(&all), 401);
}

#[actix_web::test]
async fn times_beyond_every_calendar_do_not_break_the_page() {
    let desk = Desk::open().await;
    for (index, at) in [i64::MAX, i64::MIN, 253_402_300_800_000, -1, 0].into_iter().enumerate() {
        let id = format!("time-{index}");
        let extra = json!({ "event_timestamp_ms": at, "purchased_at_ms": at, "expiration_at_ms": at });
        deliver_together(&desk, desk.project, &[purchase(&id, 0, extra)]);
        page(&desk, &id).await;
    }
}

/// The session 1, the id 1, the star 1, the catalog 3, purchases 4, attributes 1, notes 1, entitlements 1, history 4,
/// offering 2, currencies 1, ids 1, manage 3, what was asked of stores 1.
const QUERIES: u64 = 25;
/// What the explanations may ask besides: for the events that they name, and for who did what these tell.
const EXPLAINING: u64 = 2;
/// What the card of ids asks besides where there are several: which events named and joined them.
const JOINING: u64 = 2;

#[actix_web::test]
async fn a_page_asks_the_same_number_of_queries_whatever_it_shows() {
    let desk = Desk::open().await;
    let asked = async |desk: &Desk, query: &str| {
        let cookie = desk.cookie(&VERA);
        let before = desk.db.statements();
        let uri = format!("/projects/sundial/customers/lena{query}");
        let answer = desk.call(TestRequest::get().uri(&uri).insert_header(("cookie", cookie))).await;
        assert_eq!(answer.status, StatusCode::OK);
        desk.db.statements() - before
    };
    deliver_together(&desk, desk.project, &[purchase("lena", 1, json!({}))]);
    let small = asked(&desk, "").await;
    fill_cards(&desk, "lena");
    let bodies: Vec<String> = (0..120)
        .map(|n| {
            purchase(
                "lena",
                n,
                json!({ "transaction_id": format!("t{n}"), "original_transaction_id": format!("t{n}") }),
            )
        })
        .collect();
    deliver_together(&desk, desk.project, &bodies);
    deliver_together(&desk, desk.project, &[lena(), gems(5)]);
    let large = asked(&desk, "").await;
    for asked in [small, large, asked(&desk, "?sandbox=1&ids=all").await] {
        assert!((QUERIES..=QUERIES + EXPLAINING + JOINING).contains(&asked), "{asked}");
    }
}

#[actix_web::test]
async fn a_connected_project_needs_no_more_queries_for_a_page_and_asks_nobody() {
    let desk = Desk::open().await;
    deliver_together(&desk, desk.project, &[purchase("lena", 1, json!({})), lena(), gems(5)]);
    fill_cards(&desk, "lena");
    let asked = async || {
        let cookie = desk.cookie(&SOL);
        let before = desk.db.statements();
        let answer = desk.get_with(&cookie, "/projects/sundial/customers/lena").await;
        assert_eq!(answer.status, StatusCode::OK);
        desk.db.statements() - before
    };
    let alone = asked().await;
    let upstream = StandIn::open();
    connect_to(&desk, &upstream);
    let connected = asked().await;
    assert!(connected.abs_diff(alone) <= 2, "{connected} queries instead of {alone}");
    let given =
        CustomerAct::Grant { entitlement: "pro".into(), ends_at: desk.clock.now().plus_days(7), replaces: false };
    ask(&desk, "lena", given, true);
    let waiting = asked().await;
    assert!(waiting <= connected + 2, "{waiting} queries: what waits needs its steps and who asked");
    ask(&desk, "lena", CustomerAct::Attributes { values: vec![("plan".into(), Some("gold".into()))] }, true);
    assert_eq!(asked().await, waiting, "however much waits");
    assert!(upstream.calls().is_empty(), "{:?}", upstream.calls());
}

/// The transaction 2, the session when it is read and again in the transaction 2, the customer with the project and the
/// id 1, the form's submission 2, the audit log 3; on PostgreSQL the project's lock, for the action and for the log 2, and
/// that of the customer, who is found by the id, 2.
fn queries_of_every_action(desk: &Desk) -> u64 {
    if desk.db.is_sqlite() { 10 } else { 14 }
}

#[actix_web::test]
async fn an_action_looks_its_customer_up_and_loads_nothing_of_the_page() {
    let desk = Desk::open().await;
    deliver_together(&desk, desk.project, &[purchase("lena", 1, json!({}))]);
    let cookie = desk.cookie(&SOL);
    let own = async |action: &str| {
        let before = desk.db.statements();
        let path = format!("/projects/sundial/customers/lena/{action}");
        let answer =
            desk.post_with(&cookie, &path, &[("body", "Charged twice"), ("key", "plan"), ("value", "a")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{action}: {}", answer.body);
        desk.db.statements() - before - queries_of_every_action(&desk)
    };
    // Marking reads for whom sandbox purchases unlock.
    assert_eq!([own("star").await, own("unstar").await, own("notes").await], [2, 1, 2]);
}

#[actix_web::test]
async fn an_override_to_an_archived_offering_falls_back_and_says_so() {
    let desk = Desk::open().await;
    deliver_together(&desk, desk.project, &[lena()]);
    fill_cards(&desk, "lena");
    let archive = |conn: &mut dossier::db::Conn| {
        let winback = offerings::table.filter(offerings::identifier.eq("winback"));
        diesel::update(winback).set(offerings::is_archived.eq(true)).execute(conn)?;
        Ok::<_, Error>(())
    };
    desk.db.write_here(archive).expect("an archived offering");
    let offering = card(&page(&desk, "lena").await, "offering");
    assert!(offering.starts_with("Current offering Standard standard The override to winback"), "{offering}");
    assert!(offering.contains("that offering is archived. The project's default."), "{offering}");
}

#[actix_web::test]
async fn the_switch_keeps_the_order_and_the_kind_of_history() {
    let desk = Desk::open().await;
    deliver_together(&desk, desk.project, &[lena()]);
    let html = desk.get(&VERA, "/projects/sundial/customers/lena?order=event&topic=money").await.body;
    let form = html.split("<form class=\"switch\"").nth(1).and_then(|rest| rest.split("</form>").next()).unwrap_or("");
    assert!(
        form.contains("name=\"order\" value=\"event\"") && form.contains("name=\"topic\" value=\"money\""),
        "{form}"
    );
}
