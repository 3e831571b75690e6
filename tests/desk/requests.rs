//! The second person, and what people do with a request.

use actix_web::http::StatusCode;
use dossier::base::Role;
use dossier::base::error::Error;
use dossier::base::money::Micros;
use dossier::operations::requests::{Rule, set_rule};
use dossier::requests::State;
use dossier::stores::test_store::Fault;

use crate::support::audit_log::audit_lines;
use crate::support::cast::{ADA, DEV, LENA, SOL, VERA};
use crate::support::jobs::run_jobs;
use crate::support::refunds::{ask, desk_with_a_test_sale, done_by_store, newest, refund, spent, states, steps};
use crate::support::{Answer, Desk};

const REQUESTS: &str = "/projects/sundial/requests";

fn rule(desk: &Desk, rule: Rule) {
    let set = desk.db.write_here(|conn| Ok::<_, Error>(set_rule(conn, desk.project, Role::Support, rule)?));
    set.expect("a rule");
}

/// A desk where support needs a colleague for refunds from USD 5 on, and Sol has asked for one.
async fn desk_with_a_waiting_refund() -> Desk {
    let desk = desk_with_a_test_sale().await;
    rule(&desk, Rule { from: Some(Micros(5_000_000)), per_day: None });
    refund(&desk, &SOL).await;
    assert_eq!((states(&desk), done_by_store(&desk)), (vec![State::Waiting], 0));
    desk
}

async fn decide(desk: &Desk, person: &crate::support::cast::Person, what: &str, fields: &[(&str, &str)]) -> Answer {
    desk.post_form(person, &format!("{REQUESTS}/{}/{what}", newest(desk)), fields).await
}

#[actix_web::test]
async fn a_large_refund_waits_until_a_colleague_agrees() {
    let open = format!("{LENA}?dialog=refund.TEST_STORE:test_1");
    let desk = desk_with_a_test_sale().await;
    rule(&desk, Rule { from: Some(Micros(5_000_000)), per_day: None });
    let dialog = desk.page(&SOL, &open).await;
    assert!(dialog.contains("A colleague has to agree to refunds from USD 5 on."), "{dialog}");
    refund(&desk, &SOL).await;
    let dialog = desk.page(&DEV, &open).await;
    assert!(dialog.contains("Sol Mbeki asked for this on 23 Nov, 17:00 UTC: it waits for a colleague"), "{dialog}");
    let page = desk.page(&ADA, LENA).await;
    assert!(
        page.contains("waits for a colleague to agree, until") && page.contains("<span class=\"topbar__count\">1"),
        "{page}"
    );
    let list = desk.page(&ADA, REQUESTS).await;
    assert!(list.contains("dialog=approve.") && list.contains("Asked by Sol Mbeki: asked"), "{list}");
    let dialog = desk.page(&ADA, &format!("{REQUESTS}?dialog=approve.{}", newest(&desk))).await;
    assert!(dialog.contains("Access to <b>") && dialog.contains("Agree: refund of EUR 8.99"), "{dialog}");
    let own = decide(&desk, &SOL, "approve", &[]).await;
    assert_eq!(own.status, StatusCode::UNPROCESSABLE_ENTITY, "nobody agrees to their own");
    assert_eq!(decide(&desk, &VERA, "approve", &[]).await.status, StatusCode::FORBIDDEN);
    let agreed = decide(&desk, &ADA, "approve", &[("reason", "fine")]).await;
    assert_eq!(agreed.status, StatusCode::SEE_OTHER, "{}", agreed.body);
    assert_eq!((states(&desk), done_by_store(&desk), spent(&desk, "lena")), (vec![State::Confirmed], 1, 9_990_000));
    let again = decide(&desk, &DEV, "approve", &[]).await;
    assert_eq!((again.status, done_by_store(&desk)), (StatusCode::CONFLICT, 1), "once");
    let page = desk.page(&ADA, LENA).await;
    assert!(page.contains("Ada Okoye agreed"), "{page}");
    let actions: Vec<String> =
        audit_lines(&desk).iter().map(|line| line.split(':').next().unwrap_or("").into()).collect();
    assert_eq!(actions, ["store_action_asked", "authorization_refused", "request_approved", "purchase_refunded"]);
}

#[actix_web::test]
async fn a_request_is_refused_taken_back_or_ends_and_nothing_is_sent() {
    let desk = desk_with_a_waiting_refund().await;
    assert_eq!(decide(&desk, &ADA, "refuse", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY, "why?");
    assert_eq!(decide(&desk, &ADA, "refuse", &[("reason", "no")]).await.status, StatusCode::SEE_OTHER);
    refund(&desk, &SOL).await;
    assert_eq!(decide(&desk, &ADA, "withdraw", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY, "not hers");
    assert_eq!(decide(&desk, &SOL, "withdraw", &[]).await.status, StatusCode::SEE_OTHER);
    refund(&desk, &SOL).await;
    desk.clock.advance(7 * 86_400 + 1);
    run_jobs(&desk);
    assert_eq!(states(&desk), [State::Refused, State::Withdrawn, State::Expired]);
    let late = decide(&desk, &ADA, "approve", &[]).await;
    assert_eq!((late.status, done_by_store(&desk)), (StatusCode::CONFLICT, 0));
    assert!(late.body.contains("nobody agreed within 7 days"));
}

#[actix_web::test]
async fn what_has_changed_since_is_shown_and_keeps_it_from_being_sent() {
    let desk = desk_with_a_waiting_refund().await;
    // Small refunds need nobody, but one payment is refunded by one request at a time: the store itself gives something back.
    let report = crate::support::refunds::report("console", Micros(2_000_000), "test_1", desk.clock.now().millis());
    crate::support::events::deliver(&desk, desk.project, &[report]);
    let dialog = desk.page(&ADA, &format!("{REQUESTS}?dialog=approve.{}", newest(&desk))).await;
    assert!(dialog.contains("Since it was asked for, something has changed"), "{dialog}");
    let answer = decide(&desk, &ADA, "approve", &[]).await;
    assert_eq!((answer.status, states(&desk)), (StatusCode::CONFLICT, vec![State::Waiting]));
}

#[actix_web::test]
async fn more_than_a_number_a_day_needs_a_colleague() {
    let desk = desk_with_a_test_sale().await;
    rule(&desk, Rule { from: None, per_day: Some(1) });
    let part = [("amount", "1"), ("access", "keep"), ("reason", "a part")];
    for _ in 0..2 {
        assert_eq!(ask(&desk, &SOL, "refund", &part).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(states(&desk), [State::Confirmed, State::Waiting]);
    assert_eq!(ask(&desk, &ADA, "refund", &part).await.status, StatusCode::CONFLICT, "it is open");
    assert_eq!(decide(&desk, &SOL, "withdraw", &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(ask(&desk, &ADA, "refund", &part).await.status, StatusCode::SEE_OTHER);
    assert_eq!(states(&desk)[2], State::Confirmed, "the rule is for support");
}

#[actix_web::test]
async fn what_reading_does_not_settle_in_a_day_a_person_settles_with_evidence() {
    let desk = desk_with_a_test_sale().await;
    desk.application.till.fail_with([Fault::Hang]);
    refund(&desk, &SOL).await;
    assert_eq!(decide(&desk, &ADA, "settle", &[("outcome", "done")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Nobody looks for a day: the server was down. Its first look comes too late for the store to be read.
    desk.application.till.fall_silent(true);
    desk.clock.advance(25 * 3_600);
    run_jobs(&desk);
    assert_eq!(states(&desk), [State::Unknown]);
    let list = desk.page(&ADA, REQUESTS).await;
    assert!(list.contains("Say what came of it") && list.contains("somebody has to look in the Test Store"), "{list}");
    let bare = decide(&desk, &ADA, "settle", &[("outcome", "done"), ("reason", "seen")]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY, "no evidence");
    let fields = [("outcome", "done"), ("reference", "console, order 7"), ("reason", "seen in the console")];
    assert_eq!(decide(&desk, &ADA, "settle", &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!((states(&desk), spent(&desk, "lena")), (vec![State::Confirmed], 9_990_000));
    assert!(
        audit_lines(&desk).iter().any(|line| line.starts_with("request_settled") && line.contains("console, order 7"))
    );
    assert_eq!(steps(&desk).last().expect("a step").1, "seen in the console (console, order 7)");
}

#[actix_web::test]
async fn parts_of_a_payment_count_together_and_nobody_agrees_to_what_their_key_asks() {
    let desk = desk_with_a_test_sale().await;
    let both = Rule { from: Some(Micros(5_000_000)), per_day: None };
    for role in [Role::Support, Role::Admin] {
        let set = desk.db.write_here(|conn| Ok::<_, Error>(set_rule(conn, desk.project, role, both)?));
        set.expect("a rule");
    }
    let part = |amount: &'static str| [("amount", amount), ("access", "keep"), ("reason", "a part")];
    assert_eq!(ask(&desk, &SOL, "refund", &part("4")).await.status, StatusCode::SEE_OTHER);
    assert_eq!(ask(&desk, &SOL, "refund", &part("3")).await.status, StatusCode::SEE_OTHER);
    assert_eq!(states(&desk), [State::Confirmed, State::Waiting], "USD 7.78 together");
    assert_eq!(decide(&desk, &ADA, "refuse", &[("reason", "no")]).await.status, StatusCode::SEE_OTHER);
    // Ada answers for the keys of this desk.
    let path = "/v1/subscribers/lena/transactions/test_1/refund?wait_for_approval=true";
    let asked = desk.server().post(path, serde_json::Value::Null).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    assert_eq!(decide(&desk, &ADA, "approve", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(decide(&desk, &DEV, "approve", &[]).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn nobody_is_erased_while_it_is_not_known_what_a_store_did() {
    let desk = desk_with_a_test_sale().await;
    desk.application.till.fail_with([Fault::LoseAnswer]);
    refund(&desk, &SOL).await;
    let fields = [("app_user_id", "lena"), ("confirm", "lena")];
    let deleted = desk.post_form(&ADA, &format!("{LENA}/delete"), &fields).await;
    assert_eq!(deleted.status, StatusCode::CONFLICT, "{}", deleted.body);
    assert!(deleted.body.contains("Settle that first"), "{}", deleted.body);
    let server = desk.server();
    assert_eq!(server.delete("/v1/subscribers/lena").await.status, StatusCode::CONFLICT);
    desk.clock.advance(10);
    run_jobs(&desk);
    assert_eq!(server.delete("/v1/subscribers/lena").await.status, StatusCode::OK);
    assert!(states(&desk).is_empty(), "the requests go with the customer");
}

#[actix_web::test]
async fn requests_of_other_projects_do_not_exist() {
    let desk = desk_with_a_waiting_refund().await;
    let other = format!("/projects/moonrise/requests/{}/approve", newest(&desk));
    assert_eq!(desk.post_form(&ADA, &other, &[]).await.status, StatusCode::NOT_FOUND);
    for id in ["0", "x", "-1"] {
        let answer = desk.post_form(&ADA, &format!("{REQUESTS}/{id}/approve"), &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
    }
}
