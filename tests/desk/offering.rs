//! Choosing the offering of a customer: who may, until when, concurrent choices, and the end by itself.

use std::sync::Barrier;

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::customers::overrides::Override;
use dossier::db::schema::{offering_overrides, projects};
use serde_json::json;

use crate::support::acting::undo;
use crate::support::audit_log::audit_lines;
use crate::support::cast::{ADA, DEV, LENA, Person, SOL, TEAM, VERA};
use crate::support::catalogs::desk_with_offerings;
use crate::support::customers::history_of;
use crate::support::events::deliver_together;
use crate::support::jobs::run_jobs;
use crate::support::{Answer, Desk, NOW};

const OVERRIDES: &str = "/projects/sundial/overrides";

async fn choose_as(desk: &Desk, person: &Person, fields: &[(&str, &str)]) -> Answer {
    desk.post_form(person, &format!("{LENA}/offering"), fields).await
}

async fn choose(desk: &Desk, offering: &str, until: &str) -> Answer {
    choose_as(desk, &SOL, &[("offering", offering), ("until", until)]).await
}

fn stored(desk: &Desk) -> Vec<Override> {
    let all = offering_overrides::table.order(offering_overrides::customer_id).select(Override::as_select());
    desk.db.read_here(|conn| Ok::<_, Error>(all.load(conn)?)).expect("overrides")
}

/// What is chosen, and until when.
fn chosen(desk: &Desk) -> Vec<(String, Option<Moment>)> {
    stored(desk).into_iter().map(|set| (set.offering, set.until)).collect()
}

/// The last second of the desk's day.
const TONIGHT: Moment = NOW.plus_seconds(7 * 3_600 - 1);

#[actix_web::test]
async fn another_offering_is_chosen_shown_and_taken_back() {
    let desk = desk_with_offerings().await;
    let fields = [("offering", "winback"), ("until", "2026-11-30"), ("reason", "asked for a discount")];
    let answer = choose_as(&desk, &SOL, &fields).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, format!("{LENA}#offering")));
    let page = desk.get(&SOL, answer.header("location")).await.body;
    assert!(page.contains("<p>The app gets Win-back until 30 Nov 2026.</p>") && page.contains(">Undo</button>"));
    let card = page.split("id=\"offering\"").nth(1).expect("the card");
    for text in ["Win-back", "Override", "Set by <bdi>Sol Mbeki</bdi>", "30 Nov, 23:59 UTC", "asked for a discount"] {
        assert!(card.contains(text), "{text}");
    }
    let answer = choose(&desk, "", "").await;
    let page = desk.get(&SOL, answer.header("location")).await.body;
    assert!(page.contains("<p>The app gets the project's default again.</p>") || page.contains("default again.</p>"));
    assert!(stored(&desk).is_empty());
    let until = "winback until 30 Nov 2026, 23:59:59 UTC";
    assert_eq!(
        audit_lines(&desk),
        [
            format!("offering_override_set: - | - | {until} | asked for a discount"),
            format!("offering_override_cleared: - | {until} | - | -")
        ]
    );
}

#[actix_web::test]
async fn everybody_but_viewers_may_choose() {
    let desk = desk_with_offerings().await;
    for person in &TEAM {
        let wanted = if person.id == VERA.id { StatusCode::FORBIDDEN } else { StatusCode::SEE_OTHER };
        assert_eq!(choose_as(&desk, person, &[("offering", "winback")]).await.status, wanted, "{}", person.name);
        let clear = desk.post_form(person, &format!("{OVERRIDES}/clear"), &[("customer", "lena")]).await;
        assert_eq!(clear.status, wanted, "{}", person.name);
        let page = desk.get(person, LENA).await.body;
        assert_eq!(page.contains("dialog=offering-choose"), person.id != VERA.id, "{}", person.name);
    }
    assert!(!desk.get(&VERA, &format!("{LENA}?dialog=offering-choose")).await.body.contains("<dialog"));
}

#[actix_web::test]
async fn an_unknown_customer_is_404() {
    let desk = desk_with_offerings().await;
    for path in ["/projects/sundial/customers/nobody/offering", "/projects/moonrise/customers/lena/offering"] {
        assert_eq!(desk.post_form(&SOL, path, &[("offering", "")]).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for customer in ["nobody", "", "a\0b"] {
        let answer = desk.post_form(&SOL, &format!("{OVERRIDES}/clear"), &[("customer", customer)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{customer:?}");
    }
    assert!(audit_lines(&desk).is_empty());
}

#[actix_web::test]
async fn refused_input_comes_back_in_its_dialog() {
    let desk = desk_with_offerings().await;
    let long = "語".repeat(256);
    for (offering, until, reason, field, shown) in [
        ("old", "", "", "offering", "archived"),
        ("gone", "", "", "offering", "no such offering"),
        ("WINBACK", "", "", "offering", "no such offering"),
        ("winback", "2026-11-22", "", "until", "This day is over"),
        ("winback", "30.11.2026", "", "until", "not a day"),
        ("winback", "", long.as_str(), "reason", "1 too many"),
        ("", "", "", "offering", "already gets the project"),
        ("standard", "", "", "offering", "already gets the project"),
    ] {
        let fields = [("offering", offering), ("until", until), ("reason", reason)];
        let answer = choose_as(&desk, &SOL, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{shown}");
        let body = &answer.body;
        assert!(
            body.contains("<dialog") && body.contains(shown) && body.contains(&format!("{field}-reason\"")),
            "{shown}"
        );
        assert!(body.contains(&format!("value=\"{reason}\"")), "the reason is kept");
    }
    assert!(stored(&desk).is_empty() && audit_lines(&desk).is_empty());
    assert_eq!(choose(&desk, "winback", "2026-11-23").await.status, StatusCode::SEE_OTHER, "tonight lies ahead");
    assert_eq!(chosen(&desk), [("winback".to_owned(), Some(TONIGHT))]);
}

#[actix_web::test]
async fn the_selector_begins_with_the_default_and_shows_what_follows() {
    let desk = desk_with_offerings().await;
    let dialog = desk.get(&SOL, &format!("{LENA}?dialog=offering-choose")).await.body;
    let values: Vec<&str> =
        dialog.split("name=\"offering\" value=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(values, ["", "winback", "zen"]);
    assert!(dialog.contains("Now the app gets <bdi>Standard</bdi>, the project&#39;s default."), "before");
    assert!(
        dialog.contains("The app gets <bdi>Win-back</bdi> until it ends or is taken back, then <bdi>Standard</bdi>.")
    );
    assert!(dialog.contains("value=\"\" checked autofocus") && dialog.contains("Win-back annual"));
    choose(&desk, "zen", "2026-12-24").await;
    let dialog = desk.get(&SOL, &format!("{LENA}?dialog=offering-choose")).await.body;
    assert!(dialog.contains("value=\"zen\" checked") && dialog.contains("value=\"2026-12-24\""));
}

#[actix_web::test]
async fn two_who_choose_at_once_see_both_choices() {
    let desk = desk_with_offerings().await;
    let first = choose_as(&desk, &DEV, &[("offering", "zen"), ("seen", "0")]).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    let second = choose_as(&desk, &SOL, &[("offering", "winback"), ("seen", "0")]).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    for text in
        ["Somebody changed the offering", "<bdi>Zen</bdi>", "Set by <bdi>Dev Anand</bdi>", "value=\"winback\" checked"]
    {
        assert!(second.body.contains(text), "{text}");
    }
    assert_eq!(chosen(&desk), [("zen".to_owned(), None)]);
    let seen = NOW.millis().to_string();
    let again = choose_as(&desk, &SOL, &[("offering", "winback"), ("seen", &seen)]).await;
    assert_eq!((again.status, chosen(&desk)), (StatusCode::SEE_OTHER, vec![("winback".to_owned(), None)]));
}

#[actix_web::test]
async fn one_of_fifty_choices_at_once_counts() {
    let desk = desk_with_offerings().await;
    let path = format!("{LENA}/offering");
    let answers = desk.post_form_at_once(&SOL, &path, &[("offering", "zen"), ("seen", "0")], 50).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(StatusCode::SEE_OTHER), count(StatusCode::CONFLICT)), (1, 49));
    assert_eq!((stored(&desk).len(), audit_lines(&desk).len()), (1, 1));
    let fields = [("offering", "winback"), ("once", "k1")];
    let answers = desk.post_form_at_once(&SOL, &path, &fields, 50).await;
    assert!(answers.iter().all(|answer| answer.header("location") == answers[0].header("location")));
    assert_eq!(audit_lines(&desk).len(), 2);
}

#[actix_web::test]
async fn choosing_and_taking_back_are_undone_and_logged() {
    let desk = desk_with_offerings().await;
    let set = choose(&desk, "winback", "2026-11-30").await;
    undo(&desk, &set).await;
    assert!(stored(&desk).is_empty());
    choose(&desk, "winback", "2026-11-30").await;
    let before = stored(&desk);
    desk.clock.advance(60);
    let changed = choose(&desk, "zen", "").await;
    let shown = undo(&desk, &changed).await;
    assert!(desk.get(&SOL, shown.header("location")).await.body.contains("<p>The offering is as before.</p>"));
    assert_eq!(stored(&desk), before);
    let cleared = choose(&desk, "", "").await;
    undo(&desk, &cleared).await;
    assert_eq!(stored(&desk), before);
    assert!(audit_lines(&desk)[1].ends_with("| undone"), "{:?}", audit_lines(&desk));
    let set = choose(&desk, "zen", "").await;
    desk.clock.advance(60);
    choose_as(&desk, &DEV, &[("offering", "winback")]).await;
    let refused = undo(&desk, &set).await;
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("Dev Anand changed the offering")
    );
}

#[actix_web::test]
async fn an_override_ends_by_itself_and_the_end_is_recorded_once() {
    let desk = desk_with_offerings().await;
    choose(&desk, "winback", "2026-11-23").await;
    assert_eq!(run_jobs(&desk), 0);
    desk.clock.advance(7 * 3_600 - 1);
    let page = desk.get(&SOL, LENA).await.body;
    assert!(page.contains("Standard") && page.contains("ended on"), "the default applies before the end is recorded");
    let barrier = Barrier::new(2);
    let both = std::thread::scope(|scope| {
        let work = || {
            barrier.wait();
            run_jobs(&desk)
        };
        let (one, other) = (scope.spawn(work), scope.spawn(work));
        one.join().expect("it works") + other.join().expect("it works")
    });
    assert_eq!((both, run_jobs(&desk)), (1, 0));
    assert_eq!(history_of(&desk, "lena").iter().filter(|line| line.contains("OFFERING_OVERRIDE_ENDED")).count(), 1);
    for view in ["", "?sandbox=1"] {
        let page = desk.get(&SOL, &format!("{LENA}{view}")).await.body;
        let history = page.split("id=\"history\"").nth(1).expect("the card");
        assert!(history.contains("Offering override ended") && history.contains("winback"), "{view}");
        assert!(history.contains("the project&#39;s default applies again"), "{view}");
    }
    assert_eq!(audit_lines(&desk).len(), 1, "no person did it");
    let nothing = choose(&desk, "", "").await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY, "there is nothing to take back");
}

#[actix_web::test]
async fn an_end_that_is_not_recorded_yet_is_recorded_before_another_choice() {
    let desk = desk_with_offerings().await;
    choose(&desk, "winback", "2026-11-23").await;
    desk.clock.advance(8 * 3_600);
    choose(&desk, "zen", "").await;
    assert_eq!(history_of(&desk, "lena").iter().filter(|line| line.contains("OFFERING_OVERRIDE_ENDED")).count(), 1);
    assert_eq!((run_jobs(&desk), chosen(&desk)), (0, vec![("zen".to_owned(), None)]));
    choose(&desk, "winback", "2026-11-30").await;
    choose(&desk, "", "").await;
    desk.clock.advance(30 * 86_400);
    assert_eq!(run_jobs(&desk), 0, "a cleared override has no end to record");
}

#[actix_web::test]
async fn developers_can_be_limited_to_test_customers() {
    let desk = desk_with_offerings().await;
    let limited = desk.db.write_here(|conn| {
        diesel::update(projects::table.find(desk.project))
            .set(projects::overrides_only_tests.eq(true))
            .execute(conn)?;
        Ok::<_, Error>(())
    });
    limited.expect("it is set");
    let refused = choose_as(&desk, &DEV, &[("offering", "winback")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("test customers only") && !refused.body.contains("<dialog"));
    let page = desk.get(&DEV, LENA).await.body;
    assert!(!page.contains("dialog=offering-choose") && page.contains("test customers only"), "the card says why");
    assert!(!desk.get(&DEV, &format!("{LENA}?dialog=offering-choose")).await.body.contains("<dialog"));
    let sandy = "/projects/sundial/customers/sandy/offering";
    assert_eq!(desk.post_form(&DEV, sandy, &[("offering", "winback")]).await.status, StatusCode::SEE_OTHER);
    for person in [&SOL, &ADA] {
        assert_eq!(choose_as(&desk, person, &[("offering", "winback")]).await.status, StatusCode::SEE_OTHER);
    }
    let clear = desk.post_form(&DEV, &format!("{OVERRIDES}/clear"), &[("customer", "lena")]).await;
    assert_eq!(clear.status, StatusCode::UNPROCESSABLE_ENTITY);
    let list = desk.get(&DEV, OVERRIDES).await.body;
    assert!(list.contains("value=\"sandy\"") && !list.contains("value=\"lena\""), "a button where they may");
    assert_eq!(chosen(&desk).len(), 2);
}

#[actix_web::test]
async fn a_merge_keeps_the_survivors_override_unless_it_has_ended() {
    for (own, wanted) in [("zen", "zen"), ("", "winback")] {
        let desk = desk_with_offerings().await;
        if !own.is_empty() {
            choose(&desk, own, "").await;
        }
        desk.post_form(&SOL, "/projects/sundial/customers/sandy/offering", &[("offering", "winback")]).await;
        let event = json!({ "id": "m", "type": "SUBSCRIBER_ALIAS", "app_user_id": "lena", "aliases": ["sandy"],
            "event_timestamp_ms": NOW.millis() });
        deliver_together(&desk, desk.project, &[json!({ "event": event }).to_string()]);
        assert_eq!(chosen(&desk), [(wanted.to_owned(), None)], "{own}");
    }
    let desk = desk_with_offerings().await;
    choose(&desk, "zen", "2026-11-23").await;
    desk.clock.advance(8 * 3_600);
    run_jobs(&desk);
    desk.post_form(&SOL, "/projects/sundial/customers/sandy/offering", &[("offering", "winback")]).await;
    let event = json!({ "id": "m", "type": "SUBSCRIBER_ALIAS", "app_user_id": "lena", "aliases": ["sandy"],
        "event_timestamp_ms": NOW.millis() });
    deliver_together(&desk, desk.project, &[json!({ "event": event }).to_string()]);
    assert_eq!(chosen(&desk), [("winback".to_owned(), None)]);
}
