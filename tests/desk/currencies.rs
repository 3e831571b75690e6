//! Changing a balance of a virtual currency on the profile: who may, what is refused, and that each change counts once.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::Role;
use dossier::db::schema::balances;
use dossier::events::Environment;
use serde_json::{Value, json};

use crate::support::acting::undo;
use crate::support::audit_log::{audit_lines, verified_audit_entries};
use crate::support::cast::{ADA, DEV, LENA, Person, SOL, TEAM, VERA};
use crate::support::customers::{count_events, customer_id};
use crate::support::events::{deliver, purchase};
use crate::support::forms::field_names;
use crate::support::pages::{card_of, text_of};
use crate::support::seed::MOONRISE_ID;
use crate::support::{Answer, Desk, form};

/// An event of RevenueCat that changes a balance of somebody's.
fn event(id: &str, code: &str, amount: i64, extra: Value) -> String {
    let mut fields = json!({
        "type": "VIRTUAL_CURRENCY_TRANSACTION", "source": "in_app_purchase", "purchase_environment": "PRODUCTION",
        "virtual_currency_transaction_id": format!("vatx-{id}-{code}-{amount}-{extra}"), "environment": null,
        "adjustments": [{ "amount": amount, "currency": { "code": code, "name": "Gold" } }],
    });
    extra.as_object().into_iter().flatten().for_each(|(key, value)| fields[key] = value.clone());
    purchase(id, 3, fields)
}

/// Lena has 30 Gold, and 7 in the sandbox. Mara has 4 of a second currency.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    let sandbox = json!({ "purchase_environment": "SANDBOX" });
    let all =
        [event("lena", "GLD", 30, json!({})), event("lena", "GLD", 7, sandbox), event("mara", "SLV", 4, json!({}))];
    deliver(&desk, desk.project, &all);
    desk
}

async fn change(desk: &Desk, person: &Person, code: &str, change: &str) -> Answer {
    let path = format!("{LENA}/currencies/{code}");
    desk.post_form(person, &path, &[("change", change), ("reason", "a lost level")]).await
}

fn balance(desk: &Desk, id: &str, environment: Environment, code: &str) -> Option<i64> {
    let customer = customer_id(desk, id);
    desk.read(|conn| {
        balances::table.find((customer, environment, code)).select(balances::amount).first(conn).optional()
    })
}

fn gold(desk: &Desk) -> Option<i64> {
    balance(desk, "lena", Environment::Production, "GLD")
}

/// The page after an action, with what it says in its corner.
async fn flashed(desk: &Desk, answer: &Answer) -> String {
    let location = answer.header("location").split('#').next().unwrap_or_default();
    desk.page(&SOL, location).await
}

fn card(html: &str) -> String {
    text_of(card_of(html, "currencies"))
}

#[actix_web::test]
async fn a_balance_is_changed_with_an_event_a_trace_and_a_row_that_names_who_and_why() {
    let desk = desk().await;
    let added = change(&desk, &SOL, "GLD", "+20").await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
    assert!(added.location().ends_with("#currencies"), "{}", added.location());
    let page = flashed(&desk, &added).await;
    assert!(page.contains("20 Gold added. The balance is 50."), "{page}");
    assert!(card(&page).contains("Gold GLD 50"), "{}", card(&page));
    desk.clock.advance(60);
    let taken = change(&desk, &SOL, "GLD", "\u{2212}5").await;
    assert!(flashed(&desk, &taken).await.contains("5 Gold taken away. The balance is 45."));
    assert_eq!(gold(&desk), Some(45));
    assert_eq!(
        audit_lines(&desk),
        ["balance_updated: GLD | 30 | 50 | a lost level", "balance_updated: GLD | 50 | 45 | a lost level"]
    );
    let entries = verified_audit_entries(&desk);
    assert!(
        entries.iter().all(|entry| entry.actor_kind == "person" && entry.details.contains(r#""app_user_id":"lena""#))
    );
    let history = text_of(card_of(&desk.page(&SOL, LENA).await, "history"));
    for row in ["Spent 5 GLD Gold", "Granted 20 GLD Gold", "by Sol Mbeki", "reason: a lost level"] {
        assert!(history.contains(row), "{row}: {history}");
    }
    assert!(!history.contains("via API"), "{history}");
    let team = text_of(card_of(&desk.page(&SOL, &format!("{LENA}?topic=team")).await, "history"));
    assert!(team.contains("Sol Mbeki changed a balance of a virtual currency GLD"), "{team}");
    assert!(team.contains("reason: a lost level"), "{team}");
    let viewers = text_of(card_of(&desk.page(&VERA, LENA).await, "history"));
    assert!(
        viewers.contains("by hand or via API") && !viewers.contains("Sol") && !viewers.contains("level"),
        "{viewers}"
    );
}

#[actix_web::test]
async fn those_who_help_customers_change_balances_and_a_viewer_neither_does_nor_sees_how() {
    let desk = desk().await;
    for person in &TEAM {
        let may = person.role != Role::Viewer;
        let page = desk.page(person, LENA).await;
        assert_eq!(page.contains("dialog=currency-edit.GLD"), may, "{}", person.name);
        assert_eq!(card(&page).contains("without a balance"), may, "{}", person.name);
        let dialog = desk.page(person, &format!("{LENA}?dialog=currency-edit.GLD")).await;
        assert_eq!(dialog.contains("name=\"change\""), may, "{}", person.name);
        let answer = change(&desk, person, "GLD", "+1").await;
        let wanted = if may { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status, wanted, "{}", person.name);
        let preview = desk.post_form(person, &format!("{LENA}/currencies/GLD/preview"), &[("change", "+1")]).await;
        assert_eq!(preview.status == StatusCode::FORBIDDEN, !may, "{}", person.name);
    }
    assert_eq!(gold(&desk), Some(33));
    let names = field_names();
    assert!(names.contains("change") && names.contains("reason"));
}

#[actix_web::test]
async fn nobody_and_a_currency_that_the_project_has_not_are_not_found() {
    let desk = desk().await;
    deliver(&desk, MOONRISE_ID, &[event("nia", "MOON", 9, json!({}))]);
    let fields = [("change", "+1"), ("reason", "x")];
    let nobody = desk.post_form(&SOL, "/projects/sundial/customers/nobody/currencies/GLD", &fields).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    for code in ["MOON", "gld", "GOLD", "%F0%9F%A7%9C"] {
        assert_eq!(change(&desk, &SOL, code, "+1").await.status, StatusCode::NOT_FOUND, "{code}");
        let dialog = desk.get(&SOL, &format!("{LENA}?dialog=currency-edit.{code}")).await;
        assert!(dialog.status == StatusCode::OK && !dialog.body.contains("name=\"change\""), "{code}");
    }
    let other = desk.post_form(&SOL, "/projects/moonrise/customers/nia/currencies/MOON", &fields).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "a project that Sol is not in");
    assert_eq!(change(&desk, &SOL, "GLD%00", "+1").await.status, StatusCode::BAD_REQUEST, "no path holds it");
    assert!(audit_lines(&desk).is_empty());
}

#[actix_web::test]
async fn what_cannot_be_done_is_refused_with_the_numbers_and_keeps_what_was_typed() {
    let desk = desk().await;
    let events = count_events(&desk);
    let long = "é".repeat(256);
    let how = "Type a whole number with its sign, such as +20 or -5.";
    let most = "A balance changes by at most 2,000,000,000 at once.";
    for (typed, reason, words) in [
        ("", "why", how),
        ("ten", "why", how),
        ("1.5", "why", how),
        ("1,000", "why", how),
        ("１２", "why", how),
        ("<b>1</b>", "why", how),
        ("0", "why", "A change of 0 changes nothing."),
        ("-31", "why", "The balance is 30 GLD: \u{2212}31 would take it below 0. At most 30 can be taken away."),
        ("2000000000", "why", "It can hold 2,000,000,000 at most, so at most 1,999,999,970 can be added."),
        ("2000000001", "why", most),
        ("99999999999999999999999", "why", most),
        ("-9223372036854775809", "why", most),
        ("+1", " ", "Say why: the team reads it in the history and in the audit log."),
        ("+1", &long, "256 characters are too many: a reason has at most 255."),
    ] {
        let path = format!("{LENA}/currencies/GLD");
        let answer = desk.post_form(&SOL, &path, &[("change", typed), ("reason", reason)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        let shown = |text: &str| answer.body.contains(&text.replace('<', "&#60;").replace('>', "&#62;"));
        assert!(shown(words), "{typed}: {}", answer.body);
        assert!(shown(&format!("value=\"{typed}\"")) && shown(&format!("value=\"{reason}\"")), "{typed}");
        assert!(answer.body.contains("aria-invalid"), "{typed}");
    }
    let none = change(&desk, &SOL, "SLV", "-1").await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.body.contains("The customer has no SLV that could be taken away."), "{}", none.body);
    assert!(gold(&desk) == Some(30) && count_events(&desk) == events && audit_lines(&desk).is_empty());
    assert_eq!(change(&desk, &SOL, "GLD", "-30").await.status, StatusCode::SEE_OTHER);
    assert_eq!(gold(&desk), Some(0));
    assert!(card(&desk.page(&SOL, LENA).await).contains("Gold GLD 0"), "a balance of nothing stays on the card");
}

#[actix_web::test]
async fn a_first_amount_is_given_of_a_currency_that_others_have() {
    let desk = desk().await;
    deliver(&desk, desk.project, &[purchase("nia", 1, json!({}))]);
    let nia = "/projects/sundial/customers/nia";
    let shown = card(&desk.page(&SOL, nia).await);
    assert!(shown.contains("No balance yet. You can give a first amount. Gold GLD Give Gold"), "{shown}");
    assert!(!desk.page(&VERA, nia).await.contains("id=\"currencies\""), "a viewer has nothing to see there");
    let dialog = desk.page(&SOL, &format!("{nia}?dialog=currency-edit.SLV")).await;
    assert!(dialog.contains("The balance is <b>0</b>."), "{dialog}");
    let given = desk.post_form(&SOL, &format!("{nia}/currencies/SLV"), &[("change", "+3"), ("reason", "sorry")]).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.body);
    assert_eq!(balance(&desk, "nia", Environment::Production, "SLV"), Some(3));
    let shown = card(&desk.page(&SOL, nia).await);
    assert!(
        shown.contains("estimate from events Gold SLV 3") && shown.contains("1 currency without a balance"),
        "{shown}"
    );
    let empty = Desk::open().await;
    deliver(&empty, empty.project, &[purchase("nia", 1, json!({}))]);
    assert!(!empty.page(&ADA, nia).await.contains("id=\"currencies\""), "no event has named a currency");
}

#[actix_web::test]
async fn a_currency_is_changed_by_whatever_code_events_gave_it() {
    let desk = desk().await;
    let code = "coins & <gems>/2 ü";
    deliver(&desk, desk.project, &[event("lena", code, 5, json!({}))]);
    let page = desk.page(&SOL, LENA).await;
    let segment = "coins%20%26%20%3Cgems%3E%2F2%20%C3%BC";
    assert!(page.contains(&format!("dialog=currency-edit.{segment}\"")), "{}", card_of(&page, "currencies"));
    let dialog = desk.page(&SOL, &format!("{LENA}?dialog=currency-edit.{segment}")).await;
    assert!(dialog.contains(&format!("action=\"{LENA}/currencies/{segment}\"")), "{dialog}");
    assert_eq!(change(&desk, &SOL, segment, "+2").await.status, StatusCode::SEE_OTHER);
    assert_eq!(balance(&desk, "lena", Environment::Production, code), Some(7));
}

#[actix_web::test]
async fn the_sandbox_switch_says_which_balance_is_changed() {
    let desk = desk().await;
    let path = format!("{LENA}/currencies/GLD?sandbox=1");
    let page = desk.page(&SOL, &format!("{LENA}?sandbox=1&dialog=currency-edit.GLD")).await;
    assert!(page.contains("The balance is <b>7</b>, in the sandbox.") && page.contains(&path), "{page}");
    let answer = desk.post_form(&SOL, &path, &[("change", "-7"), ("reason", "test over")]).await;
    assert!(answer.location().contains("sandbox=1"), "{}", answer.location());
    assert_eq!((balance(&desk, "lena", Environment::Sandbox, "GLD"), gold(&desk)), (Some(0), Some(30)));
    assert_eq!(undo(&desk, &answer).await.status, StatusCode::SEE_OTHER);
    assert_eq!((balance(&desk, "lena", Environment::Sandbox, "GLD"), gold(&desk)), (Some(7), Some(30)));
}

#[actix_web::test]
async fn a_form_sent_twice_counts_once_and_two_people_at_the_same_moment_both_count() {
    let desk = desk().await;
    let path = format!("{LENA}/currencies/GLD");
    let once = [("change", "+20"), ("reason", "twice"), ("once", "0123456789abcdef0123456789abcdef")];
    let send =
        |fields: &[(&str, &str)], person: &Person| form(&path, fields).insert_header(("cookie", desk.cookie(person)));
    let same = desk.post_form_at_once(&SOL, &path, &once, 2).await;
    assert!(same.iter().all(|answer| answer.status == StatusCode::SEE_OTHER), "{:?}", same[1].body);
    assert_eq!((gold(&desk), audit_lines(&desk).len()), (Some(50), 1));
    let of = |change: &'static str| [("change", change), ("reason", "both")];
    let both = desk.call_at_once(vec![send(&of("+1"), &SOL), send(&of("+2"), &DEV)]).await;
    assert!(both.iter().all(|answer| answer.status == StatusCode::SEE_OTHER));
    assert_eq!(gold(&desk), Some(53));
    let all = desk.call_at_once(vec![send(&of("-53"), &SOL), send(&of("-53"), &DEV)]).await;
    let mut answers: Vec<u16> = all.iter().map(|answer| answer.status.as_u16()).collect();
    answers.sort_unstable();
    assert_eq!((answers, gold(&desk)), (vec![303, 422], Some(0)), "the second finds nothing left");
}

#[actix_web::test]
async fn a_change_is_undone_by_a_change_back_unless_the_balance_is_too_low_by_then() {
    let desk = desk().await;
    let added = change(&desk, &SOL, "GLD", "+20").await;
    deliver(&desk, desk.project, &[event("lena", "GLD", -10, json!({}))]);
    let undone = undo(&desk, &added).await;
    let page = flashed(&desk, &undone).await;
    assert!(page.contains("The change is taken back. The balance is 20 GLD."), "{page}");
    assert_eq!(audit_lines(&desk)[1], "balance_updated: GLD | 40 | 20 | undone");
    let history = text_of(card_of(&page, "history"));
    assert!(history.contains("taken back with Undo"), "{history}");

    let added = change(&desk, &SOL, "GLD", "+20").await;
    deliver(&desk, desk.project, &[event("lena", "GLD", -25, json!({}))]);
    let refused = undo(&desk, &added).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("It cannot be undone. The balance is 15 GLD"), "{}", refused.body);
    assert_eq!(gold(&desk), Some(15));
}

#[actix_web::test]
async fn the_dialog_shows_the_balance_that_would_follow() {
    let desk = desk().await;
    let preview = async |change: &str| {
        let path = format!("{LENA}/currencies/GLD/preview");
        desk.post_form(&SOL, &path, &[("change", change), ("reason", "")]).await.body
    };
    assert!(preview("+1000").await.contains("Then the balance is <b>1,030</b>."));
    assert!(preview("-31").await.contains("would take it below 0"));
    assert!(!preview("").await.contains("Then the balance"));
    assert!(gold(&desk) == Some(30) && audit_lines(&desk).is_empty());
    let linked = desk.page(&SOL, &format!("{LENA}?dialog=currency-edit.GLD&change=%2B500&reason=x")).await;
    assert!(!linked.contains("+500"), "an address fills in nothing");
}
