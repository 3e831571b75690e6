//! Subscriptions without problems: trials, introductory prices, years of renewals, product changes, returns.

use crate::cli::demo_data::Author;
use crate::cli::demo_data::calendar::DAY;
use crate::cli::demo_data::device::{GALAXY, IPAD, IPHONE, OLD_ANDROID, OLD_IPHONE, PIXEL};
use crate::cli::demo_data::story::Story;

#[rustfmt::skip]
pub fn stories(now: i64) -> Vec<Story> {
    let meet = |about, id, name, country, days| Story::new(now, about, id, name, country, days);
    vec![
        meet("in trial", "amara.nwosu", "Amara Nwosu", "NG", 3)
            .trial("pro_annual", 7).seen(&IPHONE, 9),
        meet("trial converted", "mateo.fernandez_88", "Mateo Fernández", "ES", 65)
            .attribute("onboarding_goal", "less stress")
            .trial("sundial_pro:monthly", 7).renew_until_now().seen(&PIXEL, 55),
        meet("trial cancelled", "yuki.tanaka", "田中 由紀", "JP", 5)
            .trial("pro_annual", 14).later(2 * DAY).cancel("UNSUBSCRIBE").seen(&IPHONE, 2_900),
        meet("trial cancelled and lapsed", "elif.demir", "Elif Demir", "TR", 60)
            .trial("sundial_pro:annual", 7).later(5 * DAY).leave("UNSUBSCRIBE").seen(&GALAXY, 70_000),
        meet("renewing for years", "ingrid.solheim", "Ingrid Solheim", "SE", 2_200)
            .buy("pro_monthly").renew_until_now().seen(&OLD_IPHONE, 600)
            .note(Author::Ada, 700, "With us since the first month. *Ask her* for a quote for the store page."),
        meet("introductory price", "xiaoming.wang", "王小明", "CN", 12)
            .intro("pro_monthly", 50).seen(&IPAD, 31),
        meet("introductory price over", "linh.nguyen", "Nguyễn Thị Linh", "VN", 130)
            .intro("sundial_pro:monthly", 40).renew_until_now().seen(&OLD_ANDROID, 420),
        meet("product change pending", "rohan.iyer", "Rohan Iyer", "IN", 300)
            .months_before(12, -80).buy("pro_annual")
            .days_ago(2).ask_for("pro_monthly").seen(&IPHONE, 240),
        meet("product change done", "zeynep.kaya", "Zeynep Kaya", "TR", 200)
            .buy("sundial_pro:monthly").renew_times(3)
            .later(9 * DAY).change_now("sundial_pro:annual").seen(&PIXEL, 80),
        meet("product upgraded at once", "eero.makinen", "Eero Mäkinen", "FI", 90)
            .buy("pro_monthly").renew().later(5 * DAY).change_now("pro_annual").seen(&IPHONE, 1_500),
        meet("product changed at the period's end", "sofia.ricci_7", "Sofia Ricci", "IT", 420)
            .buy("pro_annual").later(300 * DAY).ask_for("pro_monthly")
            .renew_as("pro_monthly").renew_until_now().seen(&IPAD, 18),
        meet("cancelled and resubscribed in time", "hamza.elidrissi", "Hamza El Idrissi", "MA", 100)
            .buy("pro_monthly").renew().later(3 * DAY).cancel("UNSUBSCRIBE")
            .later(6 * DAY).uncancel().renew_until_now().seen(&OLD_IPHONE, 77),
        meet("lapsed and came back", "wanjiru.kamau", "Wanjirũ Kamau", "KE", 400)
            .buy("sundial_pro:monthly").renew_times(2).later(11 * DAY).leave("UNSUBSCRIBE")
            .days_ago(75).buy("sundial_pro:monthly").renew_until_now().seen(&GALAXY, 33),
    ]
}
