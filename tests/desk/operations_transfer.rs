//! Transfers without HTTP: what moves, what stays, and what later events do.

use std::sync::Barrier;

use dossier::base::clock::Moment;
use dossier::db::Db;
use dossier::operations::transfer::{self, Move};
use dossier::projection::Purchase;
use serde_json::{Value, json};

use crate::support::NOW;
use crate::support::catalogs::{desk_with_entitlements, desk_with_two_buyers};
use crate::support::customers::{customer_id, grants_of, history_of, purchases_of, store_purchases_of, without_causes};
use crate::support::events::{deliver, purchase};
use crate::support::operations::{planned_transfer, transfer_purchases};

#[actix_web::test]
async fn a_transfer_moves_purchases_from_stores_and_leaves_grants() {
    let desk = desk_with_two_buyers().await;
    assert_eq!(transfer_purchases(&desk, "lena", "mara"), Ok(3));
    assert_eq!((store_purchases_of(&desk, "lena").len(), grants_of(&desk, "lena").len()), (0, 1));
    assert_eq!(
        store_purchases_of(&desk, "mara"),
        ["APP_STORE:t-lena", "APP_STORE:t-mara", "PLAY_STORE:o", "APP_STORE:s"]
    );
    assert_eq!(grants_of(&desk, "mara"), []);
    assert_eq!(history_of(&desk, "lena").last().map(String::as_str), Some("lost TRANSFER"));
    assert_eq!(history_of(&desk, "mara").last().map(String::as_str), Some("own TRANSFER"));
    assert_ne!(customer_id(&desk, "lena"), customer_id(&desk, "mara"));
    assert_eq!(transfer_purchases(&desk, "lena", "mara"), Err(transfer::Refusal::NoPurchases));
    assert_eq!(transfer_purchases(&desk, "mara", "mara"), Err(transfer::Refusal::Same));
}

#[actix_web::test]
async fn a_transfer_does_what_its_preview_shows() {
    let desk = desk_with_two_buyers().await;
    let one = planned_transfer(&desk, "lena", "mara");
    let seen = desk.db.read_here(|conn| one.preview(conn, desk.project, desk.clock.now())).expect("a preview");
    let sides = [("lena", &seen.from), ("mara", &seen.to)];
    type Both = (Vec<Purchase>, Vec<Purchase>);
    let check = |side: fn(&Both) -> &Vec<Purchase>| {
        for (id, both) in sides {
            let mut wanted: Vec<Value> = side(both).iter().cloned().map(|one| json!(without_causes(one))).collect();
            let mut stored: Vec<Value> = purchases_of(&desk, id).iter().map(|one| json!(one)).collect();
            wanted.sort_by_key(Value::to_string);
            stored.sort_by_key(Value::to_string);
            assert_eq!(wanted, stored, "{id}");
        }
    };
    check(|both| &both.0);
    transfer_purchases(&desk, "lena", "mara").expect("it moves");
    check(|both| &both.1);
}

#[actix_web::test]
async fn opposite_transfers_at_once_lose_no_purchase() {
    let desk = desk_with_two_buyers().await;
    let other = crate::support::database::open(&desk.application.config.database_url, 2);
    for _ in 0..5 {
        let (both, there, back) =
            (Barrier::new(2), planned_transfer(&desk, "lena", "mara"), planned_transfer(&desk, "mara", "lena"));
        let make = |db: &Db, one: Move| (both.wait(), db.write_here(|conn| one.make(conn, &desk.ctx()))).1;
        let made = std::thread::scope(|scope| {
            let back = scope.spawn(|| make(&other, back));
            (make(&desk.db, there), back.join().expect("no panic"))
        });
        assert!(made.0.is_ok() && made.1.is_ok(), "{made:?}");
        let mut all = store_purchases_of(&desk, "lena");
        all.extend(store_purchases_of(&desk, "mara"));
        all.sort();
        assert_eq!(all, ["APP_STORE:s", "APP_STORE:t-lena", "APP_STORE:t-mara", "PLAY_STORE:o"]);
    }
}

#[actix_web::test]
async fn a_late_event_still_follows_the_purchase() {
    let desk = desk_with_two_buyers().await;
    transfer_purchases(&desk, "lena", "mara").expect("it moves");
    let late = json!({
        "type": "RENEWAL", "id": "late", "transaction_id": "t-lena-2", "original_transaction_id": "t-lena",
        "event_timestamp_ms": NOW.plus_seconds(-60), "purchased_at_ms": NOW.plus_seconds(-60),
        "expiration_at_ms": NOW.plus_days(30),
    });
    deliver(&desk, desk.project, &[purchase("lena", 0, late)]);
    assert_eq!(store_purchases_of(&desk, "lena"), [] as [&str; 0]);
    let renewed = purchases_of(&desk, "mara").into_iter().find(|one| one.key == "APP_STORE:t-lena").expect("it moved");
    assert_eq!(renewed.expires_at, Some(NOW.plus_days(30)));
}

#[actix_web::test]
async fn an_event_dated_ahead_does_not_undo_a_transfer() {
    let desk = desk_with_entitlements().await;
    let ahead = json!({
        "type": "RENEWAL", "id": "ahead", "event_timestamp_ms": Moment(4_000_000_000_000), "transaction_id": "t2",
        "original_transaction_id": "t-lena",
    });
    deliver(&desk, desk.project, &[purchase("lena", 0, ahead), purchase("mara", 1, json!({}))]);
    for (from, to) in [("lena", "mara"), ("mara", "lena"), ("lena", "mara")] {
        assert!(transfer_purchases(&desk, from, to).is_ok());
        assert_eq!(
            (store_purchases_of(&desk, from).len(), store_purchases_of(&desk, to).len()),
            (0, 2),
            "{from} to {to}"
        );
    }
}
