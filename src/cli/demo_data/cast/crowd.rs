//! A crowd of ordinary customers, so that lists have several pages.

use crate::cli::demo_data::calendar::{DAY, MINUTE};
use crate::cli::demo_data::device::{GALAXY, IPAD, IPHONE, OLD_ANDROID, OLD_IPHONE, PIXEL};
use crate::cli::demo_data::market::Market;
use crate::cli::demo_data::seed::Seed;
use crate::cli::demo_data::story::Story;

#[rustfmt::skip]
const GIVEN: &[(&str, &str)] = &[
    ("Ayşe", "ayse"), ("Björn", "bjorn"), ("Carmen", "carmen"), ("Dmytro", "dmytro"), ("Esi", "esi"),
    ("Farah", "farah"), ("Gonzalo", "gonzalo"), ("Haruki", "haruki"), ("Ikram", "ikram"), ("João", "joao"),
    ("Katarzyna", "katarzyna"), ("Lwazi", "lwazi"), ("Mei", "mei"), ("Niamh", "niamh"), ("Ömer", "omer"),
    ("Putri", "putri"), ("Quang", "quang"), ("Renée", "renee"), ("Søren", "soren"), ("Temitope", "temitope"),
];
#[rustfmt::skip]
const FAMILY: &[(&str, &str)] = &[
    ("Abebe", "abebe"), ("Barros", "barros"), ("Çelik", "celik"), ("Đặng", "dang"), ("Eriksen", "eriksen"),
    ("Fontaine", "fontaine"), ("Gupta", "gupta"), ("Haddad", "haddad"), ("Ito", "ito"), ("Jovanović", "jovanovic"),
    ("Kim", "kim"), ("López", "lopez"), ("Müller", "muller"), ("Nkosi", "nkosi"), ("Okonkwo", "okonkwo"),
    ("Paulsen", "paulsen"), ("Quispe", "quispe"), ("Rossi", "rossi"), ("Santoso", "santoso"), ("Tan", "tan"),
];
const GOALS: &[&str] = &["sleep better", "less stress", "focus", "a daily habit"];

pub fn stories(now: i64) -> impl Iterator<Item = Story> {
    (0..160).map(move |number| story(now, number))
}

fn story(now: i64, number: i64) -> Story {
    let mut seed = Seed::new(&format!("crowd {number}"));
    let (given, family) = (seed.pick(GIVEN), seed.pick(FAMILY));
    let (id, name) = match number % 4 {
        2 => (seed.uuid(), String::new()),
        3 => (seed.anonymous_id(), String::new()),
        _ => {
            let id = format!("{}.{}_{number}", given.1, family.1);
            (id, format!("{} {}", given.0, family.0))
        }
    };
    let days = 40 + seed.below(500);
    let country = Market::any(&mut seed).country;
    let story = Story::new(now, "ordinary", &id, &name, country, days);
    let story = story.attribute("onboarding_goal", seed.pick::<&str>(GOALS));
    with_history(story, days, &mut seed)
}

#[rustfmt::skip]
fn with_history(story: Story, days: i64, seed: &mut Seed) -> Story {
    let apple = seed.below(2) == 0;
    let (monthly, annual, life) = match apple {
        true => ("pro_monthly", "pro_annual", "pro_lifetime"),
        false => ("sundial_pro:monthly", "sundial_pro:annual", "sundial_lifetime"),
    };
    let devices = if apple { [IPHONE, IPAD, OLD_IPHONE] } else { [PIXEL, GALAXY, OLD_ANDROID] };
    let story = match seed.below(10) {
        0..3 => story.trial(monthly, 7).renew_until_now(),
        3 => story.buy(annual).renew_until_now(),
        4 => story.trial(annual, 14).later(6 * DAY).leave("UNSUBSCRIBE"),
        5 => story.buy(monthly).later(9 * DAY).leave("UNSUBSCRIBE"),
        6 => story.buy(monthly).renew_until_now().days_ago(0).later(9 * MINUTE).cancel("UNSUBSCRIBE"),
        7 => story.once(life),
        8 => story.days_ago(seed.below(6)).trial(annual, 7),
        _ => story.buy(monthly).billing_issue(Some(7)).expire("BILLING_ERROR"),
    };
    let minutes = seed.below(days * 24 * 60 / 3);
    story.seen(seed.pick(&devices), minutes)
}
