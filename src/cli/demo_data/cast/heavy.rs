//! One customer with thousands of events, to check that their page stays fast and readable.

use crate::cli::demo_data::calendar::HOUR;
use crate::cli::demo_data::device::IPHONE;
use crate::cli::demo_data::story::Story;

const PURCHASES: i64 = 1_420;

pub fn story(now: i64) -> Story {
    let id = "bruno.carvalho";
    let story = Story::new(now, "3,000 events", id, "Bruno Carvalho", "BR", 1_460);
    let story = story.buy("pro_weekly").renew_until_now();
    (0..PURCHASES).fold(story, buy_breaths).seen(&IPHONE, 2)
}

/// Buys Breaths once a day, oldest purchase first, and adds the currency that each purchase brings.
fn buy_breaths(story: Story, number: i64) -> Story {
    let (product, amount) = match number % 9 {
        0 => ("breaths_500", 500),
        _ => ("breaths_100", 100),
    };
    let mut story = story.days_ago(PURCHASES - number);
    let hour = story.seed.below(10) * HOUR;
    story.later(hour).once(product).breaths(amount)
}
