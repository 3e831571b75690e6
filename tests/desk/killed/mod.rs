//! The server is killed (`SIGKILL`) at random moments, while eight senders deliver numbered events, a server and a person act, and
//! pages and exports are read. Then it is started again, and everything that was acknowledged must be there once.
//!
//! `cargo test` kills it a few times, `tests/long/kills` as often as is asked. What each file does: `model.rs` computes what must
//! follow from the events, `ledger.rs` holds what was acknowledged, `load.rs` sends, `stored.rs` reads the database, `check.rs`
//! compares. After each start: every acknowledged event is stored; events, history, payments, money and purchases of each
//! customer are those of the stored events, no more and no less; each act has its entry in the audit log and each entry its
//! act; `dossier audit verify` and SQLite's checks of the file find nothing. In the end what was cut off is sent again, and
//! the profiles are those of a desk that got all events in their order.
//!
//! That the rig would notice is tested too: here with changes of a database behind the program's back, in `check.rs` with
//! made-up rows. To see it on the program itself, let `ingest/writer.rs` answer before the batch is committed, or leave
//! out that `ingest/store.rs` drops events that are stored already: each fails within the kills of the short test.
//!
//! This process closes the database before each kill: with it open, SQLite would not have to recover its log.

mod check;
mod ledger;
mod load;
mod model;
mod report;
mod rig;
mod stored;

use rig::{Rig, Settings};

/// The number in this environment variable.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

#[test]
fn what_was_acknowledged_is_there_once_after_the_server_was_killed() {
    let long = number("DOSSIER_KILLS");
    let seed = number("DOSSIER_SEED").unwrap_or_else(rig::fresh_seed);
    let settings = Settings { kills: long.unwrap_or(8), longest: if long.is_some() { 3_000 } else { 500 }, seed };
    println!("seed {seed}");
    let report = rig::run(&settings);
    println!("{report}");
    assert!(report.faults.is_empty(), "{report}\n{:#?}", report.faults);
    assert!(report.kills == settings.kills && report.acknowledged >= 10 * settings.kills, "{report}");
    assert!(report.acts.0 > 0 && report.pages > 0, "{report}");
}

/// What somebody does to the database behind the program's back, and as what it is noticed.
const PLANTED: [(&str, &str); 9] = [
    ("DELETE FROM events WHERE id = (SELECT max(event_id) FROM payments WHERE amount > 0)", "Lost"),
    ("UPDATE customers SET spent_micros = spent_micros + 1000000 WHERE original_app_user_id = 'buyer-0'", "Doubled"),
    ("UPDATE payments SET customer_id = (SELECT max(id) FROM customers)", "Missing"),
    ("UPDATE customers SET events_count = events_count - 1 WHERE original_app_user_id = 'buyer-0'", "Missing"),
    ("DELETE FROM payments WHERE event_id = (SELECT max(event_id) FROM payments WHERE amount > 0)", "Missing"),
    ("DELETE FROM history WHERE event_id = (SELECT max(event_id) FROM payments WHERE amount > 0)", "Missing"),
    ("DELETE FROM notes", "Act"),
    ("DELETE FROM purchases WHERE store = 'PROMOTIONAL'", "Act"),
    ("DELETE FROM tombstones", "Act"),
];

#[test]
fn the_rig_notices_what_is_lost_doubled_or_not_in_the_audit_log() {
    let rig = Rig::make();
    rig.work_undisturbed();
    assert_eq!(rig.faults(), []);
    for (sql, expected) in PLANTED {
        let found = rig.faults_after(sql);
        assert!(found.iter().any(|fault| format!("{fault:?}").starts_with(expected)), "{sql}: {found:?}");
    }
}
