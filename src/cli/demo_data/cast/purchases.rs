//! One-time purchases and special subscriptions: lifetime, consumables, retreats, prepaid, bundles, family sharing.

use crate::cli::demo_data::calendar::DAY;
use crate::cli::demo_data::device::{GALAXY, IPAD, IPHONE, OLD_ANDROID, OLD_IPHONE, PIXEL};
use crate::cli::demo_data::story::{Manner, Story};

#[rustfmt::skip]
pub fn stories(now: i64) -> Vec<Story> {
    let meet = |about, id, name, country, days| Story::new(now, about, id, name, country, days);
    vec![
        meet("lifetime purchase", "hyejin.park", "박혜진", "KR", 310)
            .later(DAY).once("pro_lifetime").seen(&IPHONE, 44),
        meet("lifetime beside a subscription", "oluwaseun.bello", "Olúwaṣeun Bello", "NG", 260)
            .buy("sundial_pro:monthly").renew_times(2)
            .later(4 * DAY).leave("UNSUBSCRIBE")
            .days_ago(190).once("sundial_lifetime").seen(&PIXEL, 1_000),
        meet("lifetime refunded", "jack.murray", "Jack Murray", "AU", 80)
            .once("pro_lifetime").later(9 * DAY).refund().seen(&OLD_IPHONE, 99_000),
        meet("consumables with virtual currency", "diego.ramirez", "Diego Ramírez", "MX", 120)
            .once("breaths_100").breaths(100)
            .later(20 * DAY).once("breaths_500").breaths(500)
            .later(8 * DAY).once("breaths_100").breaths(100).later(2 * DAY).refund().breaths(-100)
            .days_ago(30).currency(50, "admin_api").days_ago(10).currency(-220, "admin_api").seen(&IPHONE, 64),
        meet("non-renewing subscription", "siti.rahayu", "Siti Rahayu", "ID", 70)
            .once("retreat_30_days").days_ago(12).once("retreat_30_days").seen(&IPAD, 130),
        meet("prepaid", "arjun.reddy", "Arjun Reddy", "IN", 75)
            .prepaid("sundial_pro:prepaid-month").later(25 * DAY).top_up()
            .later(33 * DAY).top_up().seen(&OLD_ANDROID, 700),
        meet("family share", "emma.johansson", "Emma Johansson", "SE", 150)
            .buying(Manner { family: true, ..Manner::default() }).buy("pro_annual").seen(&IPAD, 210),
        meet("add-on bundle", "ananya.chatterjee", "Ananya Chatterjee", "IN", 88)
            .bundle("sundial_pro:monthly", "sundial_coach:monthly").renew_until_now().seen(&GALAXY, 12),
        meet("Test Store purchase in production", "leila.haddad", "Leila Haddad", "FR", 26)
            .buy("test_pro_monthly").seen(&IPHONE, 31),
        meet("large Test Store purchase in production", "mateo.silva", "Mateo Silva", "BR", 9)
            .once("test_pro_lifetime").seen(&PIXEL, 240),
        meet("experiment enrolment", "camila.souza", "Camila Souza", "BR", 48)
            .enrol("prexp4f2a91c0d7", "b", "summer_test").later(DAY)
            .trial("pro_monthly", 7).renew_until_now().seen(&IPHONE, 95),
    ]
}
