//! The search: anything that a customer may send finds them, and no input creates a customer or breaks a page.

use actix_web::http::StatusCode;
use dossier::wording::text::segment;
use serde_json::{Value, json};

use crate::support::cast::{DEV, SOL, TEAM, VERA};
use crate::support::customers::count_customers;
use crate::support::events::{attributes_set_at, deliver_together, purchase};
use crate::support::{Answer, DAY, Desk, NOW};

const ANONYMOUS: &str = "$RCAnonymousID:5f1c0d2e9a774c21b80a6f1f4f6a9921";

/// Attributes as an event of yesterday carries them.
fn set_yesterday(values: Value) -> Value {
    attributes_set_at(NOW.millis() - DAY, values)
}

async fn desk() -> Desk {
    let desk = Desk::open().await;
    let lena = set_yesterday(json!({
        "$email": "Lena@Okafor.example", "$displayName": "Lena Okafor", "$phoneNumber": "+49 151 2345678",
    }));
    let google = |id: &str, number: i64| {
        json!({
            "type": "RENEWAL", "store": "PLAY_STORE", "renewal_number": number, "transaction_id": id,
            "original_transaction_id": "GPA.3390-1182-5530-01234",
        })
    };
    let bodies = [
        purchase(
            "lena.okafor_4471",
            9,
            json!({
                "aliases": [ANONYMOUS, "lena.okafor_4471"], "original_app_user_id": ANONYMOUS,
                "transaction_id": "197304551820", "subscriber_attributes": lena,
            }),
        ),
        purchase(
            "Lena-Old",
            8,
            json!({
                "aliases": [ANONYMOUS, "Lena-Old"], "original_app_user_id": ANONYMOUS, "transaction_id": "197304551821",
            }),
        ),
        purchase("chidi", 8, google("GPA.3390-1182-5530-01234..7", 7)),
        purchase("sandy", 7, json!({ "environment": "SANDBOX", "transaction_id": "2000000831360853" })),
        purchase(
            "mara",
            6,
            json!({ "subscriber_attributes": set_yesterday(json!({ "$email": "family@okafor.example" })) }),
        ),
        purchase(
            "noor",
            5,
            json!({
                "subscriber_attributes": set_yesterday(json!({
                    "$email": "family@okafor.example", "$displayName": "نورا العبد الله",
                })),
            }),
        ),
        purchase("stripe_user", 4, json!({ "store": "STRIPE", "transaction_id": "si_RX9aLena4471" })),
        purchase("TASH", 3, json!({})),
        purchase("tash", 2, json!({})),
    ];
    deliver_together(&desk, desk.project, &bodies);
    desk
}

async fn search(desk: &Desk, text: &str) -> Answer {
    desk.get(&SOL, &format!("/projects/sundial/customers?q={}", segment(text))).await
}

async fn goes_to(desk: &Desk, text: &str, id: &str) {
    let answer = search(desk, text).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{text}: {}", answer.body);
    assert_eq!(answer.header("location"), format!("/projects/sundial/customers/{}", segment(id)), "{text}");
}

#[actix_web::test]
async fn each_exact_value_redirects_to_its_customer() {
    let desk = desk().await;
    for (text, id) in [
        ("lena.okafor_4471", "lena.okafor_4471"),
        ("  LENA.OKAFOR_4471\t", "lena.okafor_4471"),
        ("lena-old", "Lena-Old"),
        (ANONYMOUS, ANONYMOUS),
        ("197304551820", "lena.okafor_4471"),
        ("lena@okafor.EXAMPLE", "lena.okafor_4471"),
        ("Lena Okafor", "lena.okafor_4471"),
        ("+49 (151) 234 56 78", "lena.okafor_4471"),
        ("0049 151 2345678", "lena.okafor_4471"),
        ("GPA.3390-1182-5530-01234..7", "chidi"),
        ("gpa.3390-1182-5530-01234", "chidi"),
        ("GPA.3390-1182-5530-01234..9", "chidi"),
        ("2000000831360853", "sandy"),
        ("si_RX9aLena4471", "stripe_user"),
        ("نورا العبد الله", "noor"),
        ("tash", "tash"),
        ("TASH", "TASH"),
    ] {
        goes_to(&desk, text, id).await;
    }
}

#[actix_web::test]
async fn names_are_found_without_their_accents_and_spaces() {
    let desk = desk().await;
    let named = |name: &str| json!({ "subscriber_attributes": set_yesterday(json!({ "$displayName": name })) });
    let bodies = [purchase("chloe", 1, named("Chloé  Lefèvre")), purchase("tomasz", 1, named("Tomasz Wiśniewski"))];
    deliver_together(&desk, desk.project, &bodies);
    for typed in ["chloe lefevre", "CHLOÉ LEFÈVRE", "Chloe\u{301}  Lefe\u{300}vre"] {
        goes_to(&desk, typed, "chloe").await;
    }
    goes_to(&desk, "Lena  Okafor", "lena.okafor_4471").await;
    for (typed, hit) in [("wisn", "Wiśn"), ("wiśn", "Wiśn"), ("chloé lef", "Chloé ␣Lef")] {
        let answer = search(&desk, typed).await.body;
        assert!(answer.contains(&format!("<span class=\"hit\">{hit}</span>")), "{typed}: {answer}");
    }
    let answer = search(&desk, "okafor").await.body;
    assert!(
        answer.contains("Lena <span class=\"hit\">Okafor</span>"),
        "a space between words is no odd space: {answer}"
    );
}

#[actix_web::test]
async fn an_order_is_one_reason() {
    let desk = desk().await;
    let order = json!({ "store": "PLAY_STORE", "transaction_id": "GPA.1111-2222-3333-44444..0",
        "original_transaction_id": "GPA.1111-2222-3333-44444" });
    deliver_together(&desk, desk.project, &[purchase("greta", 1, order)]);
    let answer = search(&desk, "GPA.1111-2222").await.body;
    assert_eq!(answer.matches("GPA.1111-2222</span>-3333-44444<").count(), 1, "{answer}");
}

#[actix_web::test]
async fn pasted_text_redirects_to_the_customer_it_names() {
    let desk = desk().await;
    let mail = "Hi,\r\nI paid twice?!\r\nOrder number: GPA.3390-1182-5530-01234..7\r\nthanks, C.";
    goes_to(&desk, mail, "chidi").await;
    goes_to(
        &desk,
        "From: Lena Okafor <lena@okafor.example>\nMy app stopped. Please help, Grant and Mara",
        "lena.okafor_4471",
    )
    .await;
    goes_to(&desk, "2026-11-23T10:01:12Z WARN restore failed user=mara code=7102", "mara").await;
    goes_to(&desk, r#"{"event":{"type":"RENEWAL","app_user_id":"noor","store":"APP_STORE"}}"#, "noor").await;
    let long = format!("User ID: stripe_user\n{}", "Lorem ipsum dolor sit amet. ".repeat(360));
    goes_to(&desk, &long, "stripe_user").await;
    goes_to(&desk, "http://desk.example/projects/sundial/customers/stripe_user?sandbox=1", "stripe_user").await;
}

#[actix_web::test]
async fn several_matches_are_a_list_with_reasons() {
    let desk = desk().await;
    let answer = search(&desk, "FAMILY@okafor.example").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("2 customers match"));
    assert_eq!(answer.body.matches("E-mail is").count(), 2);
    assert!(answer.body.contains(r#"<span class="hit">family@okafor.example</span>"#));
    let pasted = search(&desk, "Compare mara@x.example, family@okafor.example and GPA.3390-1182-5530-01234..7").await;
    assert!(pasted.body.contains("3 customers match") && pasted.body.contains("(in the text)"), "{}", pasted.body);
}

#[actix_web::test]
async fn the_beginning_of_a_value_finds_customers_in_any_case() {
    let desk = desk().await;
    for (text, why) in [
        ("LENA.OK", "App User ID begins with"),
        ("gpa.3390-1182", "Transaction begins with"),
        ("okaf", "Name has"),
        ("okafor", "Name has"),
        ("+4915123", "Phone has"),
        ("l", "App User ID begins with"),
    ] {
        let answer = search(&desk, text).await;
        assert_eq!(answer.status, StatusCode::OK, "{text}");
        assert!(answer.body.contains(why), "{text}: {}", answer.body);
    }
}

#[actix_web::test]
async fn a_search_without_a_match_says_so_and_creates_no_customer() {
    let desk = desk().await;
    let before = count_customers(&desk);
    for text in ["nobody-has-this", "%", "_", "' OR 1=1 --", "<script>alert(1)</script>", "\u{202E}gpj", "\u{FFFD}"] {
        let answer = search(&desk, text).await;
        assert_eq!(answer.status, StatusCode::OK, "{text}");
        assert!(answer.body.contains("Nobody matches"), "{text}");
        assert!(!answer.body.contains("<script>alert"), "{text}");
    }
    assert_eq!(search(&desk, "a\0b").await.status, StatusCode::BAD_REQUEST);
    assert!(search(&desk, "GPA.9999-1182-5530-0123").await.body.contains("4, 4, 4 and 5 digits"));
    assert_eq!(count_customers(&desk), before);
}

#[actix_web::test]
async fn ten_kilobytes_are_searched_and_more_are_refused() {
    let desk = desk().await;
    assert_eq!(search(&desk, &"é".repeat(5_120)).await.status, StatusCode::OK);
    let answer = search(&desk, &"a".repeat(10_241)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("10 KB"));
}

#[actix_web::test]
async fn suggestions_are_a_fragment_and_never_redirect() {
    let desk = desk().await;
    let suggest = |text: &'static str| {
        let path = format!("/projects/sundial/customers?q={}&suggest=1", segment(text));
        let desk = &desk;
        async move { desk.get(&DEV, &path).await }
    };
    let exact = suggest("lena.okafor_4471").await;
    assert_eq!(exact.status, StatusCode::OK);
    assert_eq!(exact.header("cache-control"), "no-store");
    assert!(exact.body.starts_with("<ul role=\"listbox\"") && !exact.body.contains("<html"));
    assert!(exact.body.contains(r#"id="suggestion-0""#) && exact.body.contains("/customers/lena.okafor_4471"));
    assert_eq!(suggest("zzz").await.body.matches("role=\"option\"").count(), 0);
    let bodies: Vec<String> = (0..20).map(|number| purchase(&format!("many-{number}"), 1, json!({}))).collect();
    deliver_together(&desk, desk.project, &bodies);
    assert_eq!(suggest("MANY-").await.body.matches("role=\"option\"").count(), 8);
}

#[actix_web::test]
async fn hostile_ids_are_shown_and_addressed_safely() {
    let desk = desk().await;
    let hostile = ["a/b?c#d%e+f g", "\"><script>alert(1)</script>", "\u{202E}drow", "💎💎", "o'neil & sons", "..;/x"];
    let bodies: Vec<String> =
        hostile.iter().map(|id| purchase(id, 1, json!({ "transaction_id": format!("x{id}") }))).collect();
    deliver_together(&desk, desk.project, &bodies);
    for id in hostile {
        goes_to(&desk, id, id).await;
    }
    let list = desk.get(&VERA, "/projects/sundial/customers").await;
    assert!(list.body.contains("customers/a%2Fb%3Fc%23d%25e%2Bf%20g\""));
    assert!(!list.body.contains("<script>alert"));
}

#[actix_web::test]
async fn a_text_that_stands_for_nul_finds_nobody() {
    let desk = desk().await;
    for text in ["app_user_id=%00", "user: %00lena", r#"{"id": "\u0000", "user": "a\u0000b"}"#] {
        let answer = search(&desk, text).await;
        assert_eq!(answer.status, 200, "{text}");
        assert!(answer.body.contains("Nobody matches"), "{text}");
        assert!(!answer.body.contains('\0'), "{text}");
    }
}

#[actix_web::test]
async fn a_project_finds_its_own_customers_only() {
    let desk = desk().await;
    let other = desk.project_of_its_own();
    deliver_together(&desk, other, &[purchase("elsewhere", 1, json!({}))]);
    assert!(search(&desk, "elsewhere").await.body.contains("Nobody matches"));
    goes_to(&desk, "chidi", "chidi").await;
}

#[actix_web::test]
async fn the_page_says_when_more_than_fifty_customers_match() {
    let desk = desk().await;
    let bodies: Vec<String> = (0..60).map(|number| purchase(&format!("crowd-{number}"), 1, json!({}))).collect();
    deliver_together(&desk, desk.project, &bodies);
    let answer = search(&desk, "crowd-").await;
    assert!(answer.body.contains("More than 50 customers match"));
    assert_eq!(answer.body.matches("class=\"row-link").count(), 50);
}

#[actix_web::test]
async fn every_role_may_search() {
    let desk = desk().await;
    for person in &TEAM {
        let answer = desk.get(person, "/projects/sundial/customers?q=chidi").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", person.name);
    }
}
