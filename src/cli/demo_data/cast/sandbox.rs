//! Testers: purchases that cost nothing and renew every few minutes.

use crate::cli::demo_data::calendar::{DAY, HOUR};
use crate::cli::demo_data::device::{GALAXY, IPHONE};
use crate::cli::demo_data::story::{Manner, Story};
use crate::cli::demo_data::{Author, Override};

pub fn stories(now: i64) -> Vec<Story> {
    vec![sandy(now), tomasz(now)]
}

fn sandbox() -> Manner {
    Manner { sandbox: true, ..Manner::standard() }
}

#[rustfmt::skip]
fn sandy(now: i64) -> Story {
    let preview = Override {
        offering: "summer_test",
        by: Author::Dev,
        at_ms: now - 5 * HOUR,
        until_ms: None,
        reason: Some("look at the tiles before the test starts"),
    };
    Story::new(now, "sandbox only", "sandy_sandbox", "Sandy Sandbox", "US", 9)
        .attribute("$email", "sandy@sundial.example").buying(sandbox())
        .buy("pro_monthly").renew_times(11).expire("UNSUBSCRIBE")
        .later(DAY).buy("test_pro_monthly").renew_times(5).leave("UNSUBSCRIBE")
        .later(2 * DAY).once("breaths_100").breaths(100)
        .days_ago(0).buy("pro_annual").renew_until_now()
        .seen(&IPHONE, 3).with_override(preview)
}

#[rustfmt::skip]
fn tomasz(now: i64) -> Story {
    let id = "tomasz.wisniewski";
    Story::new(now, "production and sandbox mixed", id, "Tomasz Wiśniewski", "PL", 400)
        .months_before(12, -60).buy("sundial_pro:annual")
        .buying(sandbox()).days_ago(8).buy("sundial_pro:monthly").renew_times(5).leave("UNSUBSCRIBE")
        .seen(&GALAXY, 200)
        .note(Author::Dev, 8, "Beta tester. The *sandbox* purchases are his, on purpose.")
}
