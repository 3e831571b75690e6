//! What is asked of the store of a purchase from the profile: the dialogs, which input is accepted, and what follows.

use actix_web::http::StatusCode;
use dossier::events::Store;
use dossier::requests::State;
use dossier::stores::Line;
use dossier::stores::test_store::Fault;

use crate::support::audit_log::audit_lines;
use crate::support::cast::{ADA, LENA, SOL, TEAM, VERA};
use crate::support::customers::history_of;
use crate::support::events::{deliver, purchase};
use crate::support::jobs::run_jobs;
use crate::support::refunds::{
    SALE, address, ask, desk_with_a_test_sale, done_by_store, refund, sell, spent, states, steps,
};
use crate::support::{Desk, NOW, form};

fn fault(desk: &Desk, fault: Fault) {
    desk.application.till.fail_with([fault]);
}

#[actix_web::test]
async fn a_refund_is_asked_for_done_and_shown_with_each_step() {
    let desk = desk_with_a_test_sale().await;
    assert_eq!(spent(&desk, "lena"), 9_990_000 + 9_990_000, "the sale, and a subscription from another store");
    let dialog = desk.page(&SOL, &format!("{LENA}?dialog=refund.{SALE}")).await;
    assert!(dialog.contains("<b>EUR 8.99</b> (USD 9.99)"), "{dialog}");
    assert!(dialog.contains("Refund EUR 8.99 and end access"), "the button says what it does");
    assert!(dialog.contains("It does not renew any more."));
    refund(&desk, &SOL).await;
    assert_eq!(states(&desk), [State::Confirmed], "{:?}", steps(&desk));
    assert_eq!((spent(&desk, "lena"), done_by_store(&desk)), (9_990_000, 1));
    let page = desk.page(&SOL, LENA).await;
    assert!(page.contains("Refund of EUR 8.99</b> · done"), "at the purchase");
    assert!(page.contains("Asked by Sol Mbeki: asked"), "who and why");
    assert!(page.contains("Was issued a refund") && page.contains("\u{2212}EUR 8.99"), "in the history");
    assert!(page.contains("Sent to the Test Store") && !page.contains("still set to renew"));
    let lines = audit_lines(&desk);
    assert_eq!(lines[0], "store_action_asked: plus | - | refund of EUR 8.99 | asked");
    assert_eq!(lines[1], "purchase_refunded: plus | - | refund of EUR 8.99 | asked");
    let again = ask(&desk, &SOL, "refund", &[("reason", "again")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "nothing is left");
    assert_eq!(done_by_store(&desk), 1);
}

#[actix_web::test]
async fn parts_add_up_and_never_exceed_what_was_paid() {
    let desk = desk_with_a_test_sale().await;
    let part = [("amount", "3"), ("access", "keep"), ("reason", "a part")];
    assert_eq!(ask(&desk, &SOL, "refund", &part).await.status, StatusCode::SEE_OTHER);
    assert_eq!(spent(&desk, "lena"), 2 * 9_990_000 - 3_333_704, "a third of the price, at the rate of the payment");
    let page = desk.page(&SOL, LENA).await;
    assert!(page.contains("Access was left as it is."), "access stays");
    assert!(desk.page(&SOL, &format!("{LENA}?dialog=refund.{SALE}")).await.contains("<b>EUR 5.99</b>; the rest"));
    let too_much = ask(&desk, &SOL, "refund", &[("amount", "6"), ("reason", "too much")]).await;
    assert_eq!(too_much.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(too_much.body.contains("more than is left of this payment: EUR 5.99."), "{}", too_much.body);
    assert!(
        too_much.body.contains("value=\"6\"") && too_much.body.contains("value=\"too much\""),
        "what was typed stays"
    );
    refund(&desk, &SOL).await;
    assert_eq!(
        (spent(&desk, "lena"), done_by_store(&desk)),
        (9_990_000, 2),
        "purchase less refunds is exactly nothing"
    );
}

#[actix_web::test]
async fn bad_input_is_refused_beside_its_field_and_nothing_is_sent() {
    let desk = desk_with_a_test_sale().await;
    let amounts = ["0", "-1", "1e9", "ten", "9.00", "8.991", "USD 5", "1,234.5", "\u{0}"];
    for amount in amounts {
        let answer = ask(&desk, &SOL, "refund", &[("amount", amount), ("reason", "why")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{amount}");
        assert!(answer.body.contains("id=\"amount-reason\""), "{amount}: {}", answer.body);
    }
    let wrong: [(&str, &[(&str, &str)]); 9] = [
        ("refund", &[("reason", "  ")]),
        ("refund", &[("reason", "why"), ("access", "perhaps")]),
        ("cancel", &[("when", "yesterday")]),
        ("extend", &[("days", "0")]),
        ("extend", &[("days", "366")]),
        ("extend", &[("days", "a week")]),
        ("extend", &[("until", "2020-01-01")]),
        ("extend", &[("days", "7"), ("code", "because")]),
        ("resume", &[]),
    ];
    for (what, fields) in wrong {
        let answer = ask(&desk, &SOL, what, fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{what} {fields:?}");
    }
    assert_eq!((states(&desk), done_by_store(&desk)), (vec![], 0));
    for (profile, key) in [(LENA, "TEST_STORE:gone"), ("/projects/sundial/customers/mara", SALE)] {
        let answer = desk.post_form(&SOL, &address(profile, key, "refund"), &[("reason", "why")]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{profile} {key}");
    }
}

#[actix_web::test]
async fn what_was_to_be_refunded_must_be_what_was_shown() {
    let desk = desk_with_a_test_sale().await;
    let stale = ask(&desk, &SOL, "refund", &[("reason", "why"), ("seen", "5990000")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!(
        ask(&desk, &SOL, "refund", &[("reason", "why"), ("seen", "8990000")]).await.status,
        StatusCode::SEE_OTHER
    );
}

#[actix_web::test]
async fn renewal_is_switched_off_and_on_and_the_period_is_extended() {
    let desk = desk_with_a_test_sale().await;
    for (what, fields) in
        [("cancel", vec![("when", "period_end")]), ("resume", vec![]), ("extend", vec![("days", "7")])]
    {
        desk.clock.advance(60);
        let answer = ask(&desk, &SOL, what, &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{what}: {}", answer.body);
    }
    assert_eq!(states(&desk), [State::Confirmed; 3]);
    let history = history_of(&desk, "lena");
    assert!(
        history
            .ends_with(&["CANCELLATION", "UNCANCELLATION", "SUBSCRIPTION_EXTENDED"].map(|kind| format!("own {kind}"))),
        "{history:?}"
    );
    desk.clock.advance(60);
    assert_eq!(ask(&desk, &SOL, "cancel", &[("when", "now")]).await.status, StatusCode::SEE_OTHER);
    let page = desk.page(&SOL, LENA).await;
    assert!(!page.contains("dialog=cancel"), "it is over");
}

#[actix_web::test]
async fn everybody_but_viewers_may_ask() {
    let desk = desk_with_a_test_sale().await;
    for person in &TEAM {
        let may = person.id != VERA.id;
        let page = desk.page(person, LENA).await;
        assert_eq!(page.contains("dialog=refund"), may, "{}", person.name);
        let answer = ask(&desk, person, "extend", &[("days", "1")]).await;
        let wanted = if may { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status, wanted, "{}", person.name);
        desk.clock.advance(60);
    }
}

#[actix_web::test]
async fn a_refund_asks_who_it_is_when_the_log_in_is_old() {
    let desk = desk_with_a_test_sale().await;
    let cookie = desk.cookie(&SOL);
    desk.clock.advance(20 * 60);
    let sent = form(&address(LENA, SALE, "refund"), &[("reason", "why")]).insert_header(("cookie", cookie));
    let answer = desk.call(sent).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("name=\"password\"") && done_by_store(&desk) == 0);
}

#[actix_web::test]
async fn a_payment_in_the_history_is_refunded_by_itself() {
    let desk = desk_with_a_test_sale().await;
    let renewal = serde_json::json!({
        "id": "second", "type": "RENEWAL", "product_id": "plus", "store": "TEST_STORE", "transaction_id": "test_1.1",
        "original_transaction_id": "test_1", "price": 9.99, "currency": "EUR", "price_in_purchased_currency": 8.99,
        "purchased_at_ms": NOW, "expiration_at_ms": NOW.plus_days(30), "event_timestamp_ms": NOW,
    });
    deliver(&desk, desk.project, &[purchase("lena", 0, renewal)]);
    let page = desk.page(&SOL, LENA).await;
    let link = page.split("dialog=refund&#38;event=").nth(2).and_then(|rest| rest.split('"').next()).expect("a link");
    let dialog = desk.page(&SOL, &format!("{LENA}?dialog=refund&event={link}")).await;
    assert!(dialog.contains("value=\"test_1\"") && dialog.contains("This is an earlier payment."), "{dialog}");
    let fields = [("transaction", "test_1"), ("reason", "the first month")];
    assert_eq!(ask(&desk, &SOL, "refund", &fields).await.status, StatusCode::SEE_OTHER);
    let page = desk.page(&SOL, LENA).await;
    let card =
        page.split("id=\"entitlements\"").nth(1).and_then(|rest| rest.split("</section>").next()).expect("the card");
    assert!(card.contains("2 active") && !card.contains("Refunded"), "a later payment pays for access: {card}");
    assert_eq!(spent(&desk, "lena"), 2 * 9_990_000);
}

#[actix_web::test]
async fn an_unknown_outcome_is_settled_by_reading_and_never_sent_again() {
    for (lost, state, times) in [(Fault::LoseAnswer, State::Confirmed, 1), (Fault::Hang, State::Refused, 0)] {
        let desk = desk_with_a_test_sale().await;
        fault(&desk, lost);
        refund(&desk, &SOL).await;
        assert_eq!(states(&desk), [State::Unknown]);
        let page = desk.page(&SOL, LENA).await;
        assert!(page.contains("not known yet whether it was done"), "{page}");
        let second = ask(&desk, &ADA, "refund", &[("reason", "me too")]).await;
        assert_eq!(second.status, StatusCode::CONFLICT, "a colleague is at it");
        assert!(second.body.contains("it was sent, and it is not known yet what came of it"));
        desk.clock.advance(6);
        run_jobs(&desk);
        desk.clock.advance(60);
        run_jobs(&desk);
        assert_eq!((states(&desk), done_by_store(&desk)), (vec![state], times));
        let left = if times == 1 { 9_990_000 } else { 2 * 9_990_000 };
        assert_eq!(spent(&desk, "lena"), left, "{lost:?}");
    }
}

#[actix_web::test]
async fn a_store_that_is_busy_gets_it_later_and_one_that_refuses_is_quoted() {
    let desk = desk_with_a_test_sale().await;
    fault(&desk, Fault::Busy(30));
    refund(&desk, &SOL).await;
    assert_eq!(states(&desk), [State::Asked]);
    assert!(desk.page(&SOL, LENA).await.contains("it is sent as soon as it does"));
    desk.clock.advance(31);
    run_jobs(&desk);
    assert_eq!((states(&desk), done_by_store(&desk)), (vec![State::Confirmed], 1));
    sell(&desk, "mara", "test_2", 1);
    fault(&desk, Fault::Refuse);
    let mara = address("/projects/sundial/customers/mara", "TEST_STORE:test_2", "refund");
    desk.post_form(&SOL, &mara, &[("reason", "why")]).await;
    assert_eq!(states(&desk)[1], State::Refused);
    let page = desk.page(&SOL, "/projects/sundial/customers/mara").await;
    assert!(page.contains("The Test Store was told to refuse."), "the other side's own words");
}

#[actix_web::test]
async fn an_answer_about_something_else_is_no_answer() {
    let desk = desk_with_a_test_sale().await;
    sell(&desk, "mara", "test_2", 1);
    refund(&desk, &SOL).await;
    fault(&desk, Fault::AnswerOfAnother);
    let mara = address("/projects/sundial/customers/mara", "TEST_STORE:test_2", "refund");
    desk.post_form(&SOL, &mara, &[("reason", "why")]).await;
    assert_eq!(states(&desk)[1], State::Unknown);
    desk.clock.advance(6);
    run_jobs(&desk);
    assert_eq!((states(&desk)[1], done_by_store(&desk)), (State::Confirmed, 2));
}

#[actix_web::test]
async fn each_store_says_what_can_be_done_and_what_to_write() {
    let desk = desk_with_a_test_sale().await;
    for store in ["APP_STORE", "PLAY_STORE", "STRIPE", "AMAZON", "PADDLE"] {
        let id = store.to_lowercase();
        let fields = serde_json::json!({ "store": store, "transaction_id": format!("t-{id}"), "price": 9.99 });
        deliver(&desk, desk.project, &[purchase(&id, 2, fields)]);
        let profile = format!("/projects/sundial/customers/{id}");
        let page = desk.page(&SOL, &profile).await;
        assert!(page.contains("What to write to the customer") && page.contains("Copy what to write"), "{store}");
        let key = format!("{store}:t-{id}");
        let answer = desk.post_form(&SOL, &address(&profile, &key, "refund"), &[("reason", "why")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{store}: {}", answer.body);
    }
    assert!(states(&desk).is_empty());
}

#[actix_web::test]
async fn a_test_purchase_is_refunded_where_sandbox_data_is_shown() {
    let desk = desk_with_a_test_sale().await;
    let test = serde_json::json!({
        "id": "in the sandbox", "product_id": "plus", "store": "TEST_STORE", "environment": "SANDBOX", "price": 9.99,
        "transaction_id": "test_7", "original_transaction_id": "test_7", "entitlement_ids": ["coach"],
    });
    deliver(&desk, desk.project, &[purchase("lena", 1, test)]);
    let dialog = desk.page(&SOL, &format!("{LENA}?sandbox=1&dialog=refund.TEST_STORE:test_7")).await;
    let action = dialog.split("action=\"").find(|rest| rest.contains("/purchases/sandbox.")).expect("the form");
    let action = action.split('"').next().expect("an address").replace("&#38;", "&");
    assert_eq!(action, format!("{LENA}/purchases/sandbox.TEST_STORE%3Atest_7/refund?sandbox=1"));
    let answer = desk.post_form(&SOL, &action, &[("reason", "why")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let page = desk.page(&SOL, &format!("{LENA}?sandbox=1")).await;
    assert!(page.contains("Refund of USD 9.99</b> · done"), "{page}");
    assert_eq!((spent(&desk, "lena"), done_by_store(&desk)), (2 * 9_990_000, 1), "it is no money");
}

#[actix_web::test]
async fn a_store_that_does_not_answer_slows_no_page_and_the_dialog_says_so() {
    let desk = desk_with_a_test_sale().await;
    let (lines, now) = (desk.application.requests.lines.clone(), desk.clock.now());
    (0..5).for_each(|_| lines.note(desk.project, &Line::Store(Store::TestStore), false, now));
    let dialog = desk.page(&SOL, &format!("{LENA}?dialog=refund.{SALE}")).await;
    assert!(dialog.contains("Test Store does not answer at the moment."), "{dialog}");
    refund(&desk, &SOL).await;
    assert_eq!((states(&desk), done_by_store(&desk)), (vec![State::Asked], 0));
    assert!(desk.page(&SOL, LENA).await.contains("the Test Store does not answer; it is sent as soon as it does"));
    desk.clock.advance(61);
    run_jobs(&desk);
    assert_eq!((states(&desk), done_by_store(&desk)), (vec![State::Confirmed], 1));
}

#[actix_web::test]
async fn the_row_of_the_newest_payment_offers_what_the_purchase_offers() {
    let desk = desk_with_a_test_sale().await;
    let page = desk.page(&SOL, LENA).await;
    let history = page.split("id=\"history\"").nth(1).expect("the history");
    let history = history.split("</section>").next().expect("its end");
    for dialog in ["dialog=refund&#38;event=", "dialog=cancel.TEST_STORE", "dialog=extend.TEST_STORE"] {
        assert!(history.contains(dialog), "{dialog}");
    }
    assert!(!history.contains("dialog=resume"), "renewal is on");
}
