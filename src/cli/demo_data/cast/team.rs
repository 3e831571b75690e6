//! Customers for whom the team did something: grants, a removed grant, offerings chosen by hand.

use crate::cli::demo_data::calendar::DAY;
use crate::cli::demo_data::device::{GALAXY, IPAD, IPHONE, PIXEL};
use crate::cli::demo_data::story::Story;
use crate::cli::demo_data::{Author, Override};

#[rustfmt::skip]
pub fn stories(now: i64) -> Vec<Story> {
    let meet = |about, id, name, country, days| Story::new(now, about, id, name, country, days);
    let winback = Override {
        offering: "winback",
        by: Author::Sol,
        at_ms: now - 2 * DAY,
        until_ms: None,
        reason: Some("asked for a discount"),
    };
    vec![
        meet("granted by the team", "olu.adeyemi", "Olu Adeyemi", "NG", 40)
            .days_ago(20).grant("three_month").seen(&PIXEL, 75)
            .note(Author::Ada, 20, "Speaks at our meetup, Pro for a quarter."),
        meet("granted for life", "valerie.dubois", "Valérie Dubois", "FR", 900)
            .days_ago(870).grant("lifetime").seen(&IPHONE, 340)
            .note(Author::Ada, 870, "Translated the app to French. **Never** remove this grant."),
        meet("grant removed", "lars.dekker", "Lars Dekker", "NL", 60)
            .days_ago(15).grant("monthly").later(3 * DAY).remove_grant().seen(&GALAXY, 8_000)
            .note(Author::Sol, 12, "Grant was meant for ~~him~~ `lara.dekker`, taken back."),
        meet("granted beside a subscription", "mehmet.yilmaz", "Mehmet Yılmaz", "DE", 140)
            .days_ago(6).grant("monthly")
            .months_before(4, -19).buy("pro_monthly").renew_until_now().seen(&IPAD, 28),
        meet("offering chosen by the team", "marta.kowalska", "Marta Kowalska", "PL", 220)
            .buy("sundial_pro:monthly").renew_times(2).later(14 * DAY).leave("UNSUBSCRIBE")
            .seen(&PIXEL, 1_900).with_override(winback)
            .note(Author::Sol, 2, "Asked for a discount:\n\n- left because of the price\n- would take **annual**"),
    ]
}
