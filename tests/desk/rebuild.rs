//! `dossier rebuild`: every profile is derived again from the stored events.

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::*;
use dossier::events::Digest;
use dossier::events::history::Topic;
use dossier::operations::grants::Preset;
use serde_json::json;

use crate::support::Desk;
use crate::support::catalogs::desk_with_two_buyers;
use crate::support::customers::{history_of, profiles, purchases_of};
use crate::support::events::{deliver, event_on_day};
use crate::support::jobs::{rebuild, run_jobs};
use crate::support::life_cycles::life_cycles;
use crate::support::operations::{grant, remove_grant, transfer_purchases};

#[actix_web::test]
async fn rebuilding_changes_nothing_when_nothing_is_wrong() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    for (_, bodies) in life_cycles() {
        deliver(&desk, project, &bodies);
    }
    let before = profiles(&desk, project);
    rebuild(&desk, Some(project));
    assert_eq!(profiles(&desk, project), before);
}

#[actix_web::test]
async fn rebuilding_repairs_what_was_damaged() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    deliver(&desk, project, &[event_on_day(0, "INITIAL_PURCHASE", json!({ "price": 9.99 }))]);
    let before = profiles(&desk, project);
    let damaged = desk.db.write_here(|conn| {
        diesel::delete(purchases::table).execute(conn)?;
        diesel::update(customers::table).set(customers::spent_micros.eq(7)).execute(conn)?;
        Ok::<_, Error>(())
    });
    damaged.expect("it is damaged");
    rebuild(&desk, None);
    assert_eq!(profiles(&desk, project), before);
}

#[actix_web::test]
async fn rebuilding_restores_histories_and_transfer_links_from_the_events() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    for (_, bodies) in life_cycles() {
        deliver(&desk, project, &bodies);
    }
    let before = profiles(&desk, project);
    let damaged = desk.db.write_here(|conn| {
        diesel::delete(history::table.filter(history::topic.eq(Topic::Money))).execute(conn)?;
        diesel::update(history::table).set((history::kind.eq(0), history::topic.eq(Topic::Other))).execute(conn)?;
        diesel::update(events::table).set(events::digest.eq(&Digest::from_bytes(b"{}".to_vec()))).execute(conn)?;
        diesel::delete(transfer_links::table).execute(conn)?;
        Ok::<_, Error>(())
    });
    damaged.expect("it is damaged");
    rebuild(&desk, Some(project));
    assert_eq!(profiles(&desk, project), before);
}

#[actix_web::test]
async fn a_rebuild_gives_the_same_state() {
    let desk = desk_with_two_buyers().await;
    let removed = grant(&desk, "lena", "coach", Preset::Daily);
    remove_grant(&desk, "lena", &removed.key).expect("it was running");
    grant(&desk, "mara", "coach", Preset::Daily);
    desk.clock.advance(86_400 * 8);
    assert_eq!(run_jobs(&desk), 2);
    transfer_purchases(&desk, "lena", "mara").expect("it moves");
    let before = (
        purchases_of(&desk, "lena"),
        purchases_of(&desk, "mara"),
        history_of(&desk, "lena"),
        history_of(&desk, "mara"),
    );
    rebuild(&desk, Some(desk.project));
    let after = (
        purchases_of(&desk, "lena"),
        purchases_of(&desk, "mara"),
        history_of(&desk, "lena"),
        history_of(&desk, "mara"),
    );
    assert_eq!(before, after);
    let links = desk.count(|conn| transfer_links::table.count().get_result(conn));
    assert_eq!(links, 2, "a transfer links them, each to the other");
}
