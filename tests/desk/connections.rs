//! Connecting a project to RevenueCat, on the page and by the command: what is tried first, what is refused and why, and that keys
//! are never shown.

use diesel::prelude::*;
use dossier::db::schema::connections;
use dossier::stores::Line;
use dossier::stores::revenuecat::queries;
use serde_json::json;

use crate::support::audit_log::audit_lines;
use crate::support::cast::{ADA, DEV, SOL, VERA};
use crate::support::catalogs::apply_catalog;
use crate::support::connected::{local_addresses, run, run_well};
use crate::support::events::{deliver, purchase};
use crate::support::pages::text_of;
use crate::support::stand_in::{FIRST_KEY, KEY, Manner, StandIn, error};
use crate::support::{Answer, Desk, traces};

const MARA: &str = "/projects/sundial/customers/mara";
const PAGE: &str = "/projects/sundial/settings/connections";

async fn desk() -> Desk {
    Desk::open_with(|config| config.allowlist = local_addresses()).await
}

/// Connects Sundial as Ada.
async fn connect(desk: &Desk, upstream: &StandIn, fields: &[(&str, &str)]) -> Answer {
    let mut all = vec![("project", "proj1"), ("v2_key", KEY), ("v1_key", ""), ("base_url", upstream.url.as_str())];
    all.retain(|(name, _)| !fields.iter().any(|(known, _)| known == name));
    all.extend_from_slice(fields);
    desk.post_form(&ADA, &format!("{PAGE}/revenuecat"), &all).await
}

async fn replace(desk: &Desk, v2: &str, v1: &str) -> Answer {
    desk.post_form(&ADA, &format!("{PAGE}/revenuecat/keys"), &[("v2_key", v2), ("v1_key", v1)]).await
}

fn count(desk: &Desk) -> i64 {
    desk.count(|conn| connections::table.count().get_result(conn))
}

/// The keys as they would be sent.
fn stored_keys(desk: &Desk) -> (String, Option<String>) {
    let connection = desk.read(|conn| queries::find(conn, desk.project)).expect("a connection");
    let master = desk.db.master_keys().expect("master keys");
    let keys = connection.keys(&master).expect("keys that open");
    (keys.v2, keys.v1)
}

#[actix_web::test]
async fn an_admin_connects_a_project_and_no_key_is_ever_shown() {
    let (desk, upstream) = (desk().await, StandIn::open());
    let before = desk.page(&ADA, PAGE).await;
    assert!(before.contains("This project only takes webhooks.") && before.contains("/webhooks/revenuecat/sundial"));
    let dialog = desk.page(&ADA, &format!("{PAGE}?dialog=revenuecat-connect")).await;
    assert!(dialog.contains("Secret key, API version 2") && dialog.contains("type=\"password\""));
    let connected = connect(&desk, &upstream, &[("v1_key", FIRST_KEY)]).await;
    assert_eq!(connected.status, 303, "{}", connected.body);
    let page = desk.page(&ADA, PAGE).await;
    let text = text_of(&page);
    for part in ["Connected", "proj1", &upstream.url, "Entered, not shown", "Read customers", "Grant access", "Works"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(page.contains("customer_information:customers:read_write"), "and the scopes");
    let lines = audit_lines(&desk);
    assert!(lines[0].starts_with("connection_made: RevenueCat"), "{lines:?}");
    for key in [KEY, FIRST_KEY] {
        assert!(
            !page.contains(key) && !lines.iter().any(|line| line.contains(key)) && traces::find(&desk, key).is_empty()
        );
    }
    let untouched = upstream.changes().iter().all(|call| call.path.contains("dossier-check-"));
    assert!(untouched && upstream.customer("mara").is_some_and(|one| one.grants.is_empty()), "a check changes nobody");
}

#[actix_web::test]
async fn each_dialog_says_where_what_it_asks_for_arrives() {
    let (desk, upstream) = (desk().await, StandIn::open());
    let gold = json!({
        "type": "VIRTUAL_CURRENCY_TRANSACTION", "virtual_currency_transaction_id": "vatx-1", "environment": null,
        "purchase_environment": "PRODUCTION", "adjustments": [{ "amount": 30, "currency": { "code": "GLD", "name": "Gold" } }],
    });
    deliver(&desk, desk.project, &[purchase("mara", 3, json!({})), purchase("mara", 2, gold)]);
    let standard = json!({ "id": "standard", "display_name": "Standard", "default": true });
    let offerings = json!([standard, { "id": "spring", "display_name": "Spring" }]);
    let entitlements = json!([{ "id": "pro", "display_name": "Pro access" }]);
    apply_catalog(&desk, &json!({ "entitlements": entitlements, "offerings": offerings }));
    let dialogs = ["grant", "offering-choose", "attribute-add", "currency-edit.GLD", "manage-delete"];
    let dialog = async |name: &str| {
        let page = desk.page(&ADA, &format!("/projects/sundial/customers/mara?dialog={name}")).await;
        page.split_once("<dialog").map(|(_, dialog)| dialog.to_owned()).expect(name)
    };
    for name in dialogs {
        let shown = dialog(name).await;
        assert!(shown.contains("This changes Dossier alone.") && shown.contains(PAGE), "{name}: {shown}");
    }
    let of_support = desk.page(&SOL, "/projects/sundial/customers/mara?dialog=grant").await;
    assert!(of_support.contains("or when an admin connects the project to RevenueCat"), "{of_support}");
    connect(&desk, &upstream, &[]).await;
    for name in dialogs {
        let shown = dialog(name).await;
        assert!(shown.contains("RevenueCat is asked first.") && !shown.contains("if_away"), "{name}: {shown}");
    }
    desk.db.batch("UPDATE connections SET suspended_at = 1").expect("it is suspended");
    for name in dialogs {
        let shown = dialog(name).await;
        assert!(
            shown.contains("until an admin lets this database act.") && shown.contains("if_away"),
            "{name}: {shown}"
        );
    }
}

#[actix_web::test]
async fn only_admins_connect() {
    let desk = desk().await;
    for person in [&VERA, &SOL, &DEV] {
        assert_eq!(desk.get(person, PAGE).await.status, 403, "{}", person.name);
        assert_eq!(desk.post_form(person, &format!("{PAGE}/revenuecat"), &[]).await.status, 403, "{}", person.name);
    }
}

#[actix_web::test]
async fn what_cannot_be_right_is_refused_beside_its_field_and_nothing_is_stored() {
    let (desk, upstream) = (desk().await, StandIn::open());
    let refused = |answer: Answer, words: &str| {
        assert_eq!(answer.status, 422, "{words}");
        assert!(text_of(&answer.body).contains(words), "{words}: {}", text_of(&answer.body));
        assert!(!answer.body.contains(KEY) && !answer.body.contains(FIRST_KEY), "no key comes back");
    };
    refused(
        connect(&desk, &upstream, &[("v2_key", "sk_wrong_key")]).await,
        "The key of version 2 is refused: Invalid API key.",
    );
    refused(
        connect(&desk, &upstream, &[("v1_key", "sk_wrong_key")]).await,
        "API version 1 (optional) The key of version 1 is refused: Invalid API key.",
    );
    let swapped = [("v2_key", FIRST_KEY), ("v1_key", KEY)];
    refused(connect(&desk, &upstream, &swapped).await, "The two keys are swapped");
    let elsewhere = connect(&desk, &upstream, &[("project", "proj2")]).await;
    refused(elsewhere, "does not open the project proj2: The key does not belong to this project.");
    refused(connect(&desk, &upstream, &[("project", " ")]).await, "Enter the project id");
    refused(connect(&desk, &upstream, &[("v2_key", "x")]).await, "Enter a secret key of API version 2.");
    refused(connect(&desk, &upstream, &[("v1_key", KEY)]).await, "That is the key of version 2 again.");
    refused(connect(&desk, &upstream, &[("base_url", "moon")]).await, "Enter a complete address");
    refused(connect(&desk, &upstream, &[("base_url", "http://10.1.2.3/")]).await, "The address is not public.");
    refused(connect(&desk, &upstream, &[("base_url", "http://127.0.0.1:1")]).await, "does not answer as RevenueCat");
    let huge = [b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n[".to_vec(), vec![b'1'; 5 << 20]].concat();
    for (raw, words) in [
        (b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n<html>Welcome".to_vec(), "something else than JSON"),
        (
            b"HTTP/1.1 301 x\r\nlocation: https://x.example/\r\ncontent-length: 0\r\n\r\n".to_vec(),
            "redirects to https://x.example/",
        ),
        (huge, "larger than 2 MB"),
        (b"HTTP/1.1 200 x\r\ncontent-length: 0\r\n\r\n".to_vec(), "200 with nothing in it"),
        (b"HTTP/1.1 200 x\r\ncontent-length: 2\r\n\r\n{}".to_vec(), "does not answer as RevenueCat"),
    ] {
        upstream.says(Some(&raw));
        refused(connect(&desk, &upstream, &[]).await, words);
    }
    upstream.says(None);
    drop(desk.server());
    let hash = dossier::auth::api_keys::hash_of(KEY);
    desk.db
        .batch(&format!(
            "UPDATE api_keys SET key_hash = '{hash}' WHERE store IS NULL AND project_id = {}",
            desk.project
        ))
        .expect("it is a key of this project");
    refused(connect(&desk, &upstream, &[]).await, "This is a key of this very project");
    let busy = b"HTTP/1.1 429 x\r\nconnection: close\r\n\r\n{\"object\":\"error\",\"message\":\"Slow down.\"}";
    upstream.says(Some(busy));
    refused(connect(&desk, &upstream, &[]).await, "is too busy to answer. Try again in a moment. It said: Slow down.");
    assert_eq!((count(&desk), audit_lines(&desk).len()), (0, 0));
}

#[actix_web::test]
async fn a_check_says_action_by_action_what_the_key_may() {
    let (desk, upstream) = (desk().await, StandIn::open());
    let denied = || Manner::Say(403, "", error("authorization_error", "This key lacks a scope."));
    upstream.behaves([denied()]);
    connect(&desk, &upstream, &[]).await;
    let shown = text_of(&desk.page(&ADA, PAGE).await);
    assert!(shown.contains("Grant access This key lacks a scope. The key may not"), "{shown}");
    assert!(shown.contains("Delete customers Works") && shown.contains("No v1 key is entered."), "{shown}");
    upstream.behaves([Manner::Say(500, "", error("server_error", "Broken."))]);
    let checked = desk.post_form(&ADA, &format!("{PAGE}/revenuecat/check"), &[]).await;
    assert_eq!(checked.status, 303, "{}", checked.body);
    let shown = text_of(&desk.page(&ADA, PAGE).await);
    assert!(shown.contains("Grant access Broken. Failed"), "{shown}");
    desk.post_form(&ADA, &format!("{PAGE}/revenuecat/check"), &[]).await;
    let shown = text_of(&desk.page(&ADA, PAGE).await);
    assert!(shown.contains("Grant access Works"), "{shown}");
    replace(&desk, KEY, FIRST_KEY).await;
    let invalid = || Manner::Say(401, "", json!({ "code": 7225, "message": "Invalid API Key." }));
    upstream.behaves([vec![Manner::Do; 8], vec![invalid()]].concat());
    let checked = desk.post_form(&ADA, &format!("{PAGE}/revenuecat/check"), &[]).await;
    assert_eq!(checked.status, 303, "{}", checked.body);
    let shown = text_of(&desk.page(&ADA, PAGE).await);
    assert!(shown.contains("Google Play (v1 key) Invalid API Key. The key may not"), "{shown}");
}

#[actix_web::test]
async fn keys_are_replaced_and_a_connection_is_ended() {
    let (desk, upstream) = (desk().await, StandIn::open());
    connect(&desk, &upstream, &[]).await;
    let refused = replace(&desk, "sk_another_key", "").await;
    assert!(refused.status == 422 && refused.body.contains("is refused: Invalid API key."), "{}", refused.body);
    assert_eq!(replace(&desk, KEY, FIRST_KEY).await.status, 303);
    let refused = replace(&desk, KEY, "sk_wrong_key").await;
    assert!(
        refused.status == 422 && refused.body.contains("The key of version 1 is refused: Invalid API key."),
        "{}",
        refused.body
    );
    assert_eq!(stored_keys(&desk), (KEY.to_owned(), Some(FIRST_KEY.to_owned())), "the good ones stay");
    assert!(text_of(&desk.page(&ADA, PAGE).await).contains("Entered, not shown"));
    let again = connect(&desk, &upstream, &[]).await;
    assert!(again.status == 422 && again.body.contains("connected already"), "{}", again.body);
    let ended = desk.post_form(&ADA, &format!("{PAGE}/revenuecat/disconnect"), &[]).await;
    assert_eq!((ended.status.as_u16(), count(&desk)), (303, 0));
    let actions: Vec<String> =
        audit_lines(&desk).iter().filter_map(|line| line.split(':').next().map(str::to_owned)).collect();
    assert_eq!(actions, ["connection_made", "connection_keys_replaced", "connection_ended"]);
}

#[actix_web::test]
async fn the_command_connects_with_keys_from_its_input() {
    let (desk, upstream) = (desk().await, StandIn::open());
    let to = ["connect", "--project", "sundial", "revenuecat", "--id", "proj1", "--base-url", &upstream.url];
    let refused = |arguments: &[&str], input: &str| {
        let output = run(&desk, arguments, input);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        String::from_utf8_lossy(&output.stderr).trim_end().to_owned()
    };
    let wrong = "dossier: the first line: The key of version 2 is refused: Invalid API key.";
    assert_eq!(refused(&to, "sk_wrong_key\n\n"), wrong);
    assert!(refused(&to, "").starts_with("dossier: the first line: Enter a secret key"));
    let mut elsewhere = to;
    elsewhere[2] = "noon";
    assert_eq!(refused(&elsewhere, &format!("{KEY}\n\n")), "dossier: there is no project noon");
    let said = run_well(&desk, &to, &format!("{KEY}\n{FIRST_KEY}\n"));
    assert!(said.starts_with("Project sundial is connected to proj1") && said.contains("Grant access"), "{said}");
    assert!(!said.contains(KEY) && !said.contains(FIRST_KEY));
    let wrong = "dossier: the second line: The key of version 1 is refused: Invalid API key.";
    assert_eq!(refused(&to, &format!("{KEY}\nsk_wrong_key\n")), wrong);
    assert_eq!(stored_keys(&desk), (KEY.to_owned(), Some(FIRST_KEY.to_owned())), "the good ones stay");
    let said = run_well(&desk, &to, &format!("{KEY}\n\n"));
    assert!(said.starts_with("The keys are replaced.") && said.contains("No v1 key is entered."), "{said}");
    assert_eq!((count(&desk), stored_keys(&desk)), (1, (KEY.to_owned(), None)));
    let actions: Vec<String> =
        audit_lines(&desk).iter().filter_map(|line| line.split(':').next().map(str::to_owned)).collect();
    assert_eq!(actions, ["connection_made", "connection_keys_replaced"]);
    let other = StandIn::open();
    let mut elsewhere = to;
    elsewhere[7] = &other.url;
    assert!(refused(&elsewhere, &format!("{KEY}\n\n")).contains("connected already"));
}

#[actix_web::test]
async fn a_request_says_for_what_it_waits() {
    let (desk, upstream) = (desk().await, StandIn::open());
    deliver(&desk, desk.project, &[purchase("mara", 3, json!({}))]);
    apply_catalog(&desk, &json!({ "entitlements": [{ "id": "pro", "display_name": "Pro access" }] }));
    connect(&desk, &upstream, &[]).await;
    let (lines, now) = (desk.application.requests.lines.clone(), desk.clock.now());
    (0..5).for_each(|_| lines.note(desk.project, &Line::RevenueCat, false, now));
    let fields = [("entitlement", "pro"), ("duration", "weekly"), ("reason", "an outage")];
    let asked = desk.post_form(&SOL, &format!("{MARA}/grants"), &fields).await;
    assert_eq!(asked.status, 303, "{}", asked.body);
    let shown = text_of(&desk.page(&SOL, MARA).await);
    assert!(shown.contains("RevenueCat does not answer; it is sent as soon as it does"), "{shown}");
    desk.db.batch("UPDATE connections SET suspended_at = 1").expect("it is suspended");
    for page in [MARA, "/projects/sundial/requests"] {
        let shown = text_of(&desk.page(&SOL, page).await);
        assert!(shown.contains("waits until an admin lets this database act, under Settings"), "{page}: {shown}");
    }
}

#[actix_web::test]
async fn a_refund_that_ends_renewal_does_not_say_that_it_renews() {
    let (desk, upstream) = (desk().await, StandIn::open());
    for store in ["RC_BILLING", "PLAY_STORE"] {
        let sale = json!({
            "store": store, "transaction_id": store, "original_transaction_id": store, "product_id": store,
            "entitlement_ids": ["pro"], "currency": "USD", "price_in_purchased_currency": 9.99,
        });
        deliver(&desk, desk.project, &[purchase("mara", 3, sale)]);
    }
    apply_catalog(&desk, &json!({ "entitlements": [{ "id": "pro", "display_name": "Pro access" }] }));
    connect(&desk, &upstream, &[("v1_key", FIRST_KEY)]).await;
    for store in ["RC_BILLING", "PLAY_STORE"] {
        let page = desk.page(&ADA, &format!("{MARA}?dialog=refund.{store}:{store}")).await;
        let dialog = page.split_once("<dialog").expect(store).1;
        assert!(dialog.contains("It does not renew any more."), "{store}: {dialog}");
        assert!(!dialog.contains("still set to renew"), "{store}: {dialog}");
    }
}

#[actix_web::test]
async fn balances_of_the_sandbox_are_not_offered_to_be_changed() {
    let (desk, upstream) = (desk().await, StandIn::open());
    let gold = json!({
        "type": "VIRTUAL_CURRENCY_TRANSACTION", "virtual_currency_transaction_id": "vatx-1", "environment": null,
        "purchase_environment": "SANDBOX", "adjustments": [{ "amount": 30, "currency": { "code": "GLD", "name": "Gold" } }],
    });
    deliver(&desk, desk.project, &[purchase("mara", 3, json!({})), purchase("mara", 2, gold)]);
    let sandbox = format!("{MARA}?sandbox=1");
    assert!(desk.page(&ADA, &sandbox).await.contains("dialog=currency-edit"), "before it is connected");
    connect(&desk, &upstream, &[]).await;
    let page = desk.page(&ADA, &sandbox).await;
    assert!(!page.contains("dialog=currency-edit") && page.contains("balances of production only."), "{page}");
    assert!(!desk.page(&ADA, &format!("{sandbox}&dialog=currency-edit.GLD")).await.contains("<dialog"));
    let address = format!("{MARA}/currencies/GLD?sandbox=1");
    let refused = desk.post_form(&ADA, &address, &[("change", "+1"), ("reason", "x")]).await;
    assert!(refused.body.contains("balances of production only."));
}

#[actix_web::test]
async fn commands_say_that_a_project_was_never_connected() {
    let desk = desk().await;
    let output = run(&desk, &["catalog", "take", "--project", "sundial"], "");
    let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    assert_eq!(said, "dossier: the project is not connected to RevenueCat: see dossier connect");
}
