//! `dossier import`: what it stores, what it reports, and that it can be interrupted.

use std::sync::atomic::{AtomicU32, Ordering};

use dossier::base::ids::ProjectId;
use dossier::cli::import::{RejectedLines, Summary, import};
use serde_json::json;

use crate::support::Desk;
use crate::support::customers::profiles;
use crate::support::events::{deliver, event_on_day};

fn run(desk: &Desk, project: ProjectId, lines: &[String]) -> Summary {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("dossier_import_{}_{number}.jsonl", std::process::id()));
    std::fs::write(&path, lines.join("\n")).expect("a file");
    let files = [path.display().to_string()];
    let summary = import(&desk.db, &format!("p{project}"), &files, &indicatif::ProgressBar::hidden());
    std::fs::remove_file(&path).expect("the file is removed");
    summary.expect("it imports")
}

fn names(app_user_id: &str, aliases: &[&str]) -> serde_json::Value {
    json!({ "app_user_id": app_user_id, "original_app_user_id": app_user_id, "aliases": aliases })
}

fn forty_customers() -> Vec<String> {
    let one = |number: i64| {
        let (id, anonymous) = (format!("user-{number}"), format!("$RCAnonymousID:{number}"));
        let own = json!({ "transaction_id": id, "original_transaction_id": id });
        let with = |mut names: serde_json::Value| {
            names.as_object_mut().expect("an object").extend(own.as_object().cloned().unwrap_or_default());
            names
        };
        [
            event_on_day(0, "INITIAL_PURCHASE", with(names(&anonymous, &[]))),
            event_on_day(1, "RENEWAL", with(names(&id, &[]))),
            event_on_day(2, "SUBSCRIBER_ALIAS", with(names(&id, &[&anonymous]))),
        ]
    };
    (0..40).flat_map(one).collect()
}

#[actix_web::test]
async fn an_import_gives_the_same_state_as_deliveries() {
    let desk = Desk::open().await;
    let (imported, delivered) = (desk.project_of_its_own(), desk.project_of_its_own());
    let lines = forty_customers();
    let summary = run(&desk, imported, &lines);
    assert_eq!((summary.stored, summary.duplicates, summary.rejected, summary.customers), (120, 0, 0, 40));
    deliver(&desk, delivered, &lines);
    assert_eq!(profiles(&desk, imported), profiles(&desk, delivered));
    let again = run(&desk, imported, &lines);
    assert_eq!((again.stored, again.duplicates), (0, 120));
    assert_eq!(profiles(&desk, imported), profiles(&desk, delivered));
}

#[actix_web::test]
async fn an_interrupted_import_that_is_run_again_gives_the_same_state() {
    let desk = Desk::open().await;
    let (complete, interrupted) = (desk.project_of_its_own(), desk.project_of_its_own());
    let lines = forty_customers();
    run(&desk, complete, &lines);
    run(&desk, interrupted, &lines[..61]);
    run(&desk, interrupted, &lines);
    assert_eq!(profiles(&desk, interrupted), profiles(&desk, complete));
}

#[actix_web::test]
async fn the_summary_names_every_rejected_line() {
    let desk = Desk::open().await;
    let project = desk.project_of_its_own();
    let lines = [
        event_on_day(0, "INITIAL_PURCHASE", json!({})),
        "x".repeat(5 << 20),
        "{}".into(),
        "{}".into(),
        String::new(),
        "not JSON".into(),
        event_on_day(0, "TEST", json!({})),
        event_on_day(0, "INITIAL_PURCHASE", json!({})),
    ];
    let summary = run(&desk, project, &lines);
    assert_eq!((summary.stored, summary.duplicates, summary.tests, summary.rejected), (1, 1, 1, 4));
    let at: Vec<(u64, u64)> =
        summary.rejected_lines.iter().map(|RejectedLines { first, last, .. }| (*first, *last)).collect();
    assert_eq!(at, [(2, 2), (3, 4), (6, 6)]);
}
