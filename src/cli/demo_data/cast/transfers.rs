//! A transferred purchase: one customer bought it, another one restored it with the same Apple account.

use crate::cli::demo_data::calendar::DAY;
use crate::cli::demo_data::device::{IPAD, IPHONE};
use crate::cli::demo_data::story::Story;

#[rustfmt::skip]
pub fn stories(now: i64) -> Vec<Story> {
    let mut from = Story::new(now, "transferred away", "jakub.nowak", "Jakub Nowak", "PL", 100)
        .months_before(3, -9).buy("pro_monthly").renew().seen(&IPAD, 60_000);
    let moved_at = from.clock + 6 * DAY;
    let to = Story::new(now, "transfer receiver", "zofia.nowak", "Zofia Nowak", "PL", 80);
    let wait = moved_at - to.clock;
    let to = to.later(wait).receives_from(&from.ids)
        .taking_over(from.plan.take()).renew_until_now().seen(&IPHONE, 52);
    vec![from, to]
}
