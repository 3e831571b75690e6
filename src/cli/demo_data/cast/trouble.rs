//! Failed charges, pauses, refunds and refused prices: what customers write to support about.

use crate::cli::demo_data::Author;
use crate::cli::demo_data::calendar::DAY;
use crate::cli::demo_data::device::{GALAXY, IPAD, IPHONE, OLD_ANDROID, OLD_IPHONE, PIXEL};
use crate::cli::demo_data::story::Story;

#[rustfmt::skip]
pub fn stories(now: i64) -> Vec<Story> {
    let meet = |about, id, name, country, days| Story::new(now, about, id, name, country, days);
    vec![
        meet("in grace", "kwame.mensah", "Kwame Mensah", "GB", 160)
            .months_before(5, 2).buy("pro_monthly").renew_times(4).billing_issue(Some(16)).seen(&IPHONE, 25),
        meet("in billing retry", "giulia.conti", "Giulia Conti", "IT", 200)
            .months_before(6, 9).buy("sundial_pro:monthly").renew_times(5)
            .billing_issue(None).expire("BILLING_ERROR").seen(&GALAXY, 190)
            .note(Author::Sol, 3, "New card next week, asked to be reminded on *Monday*."),
        meet("billing issue recovered late", "pavlo.bondar", "Павло Бондар", "UA", 210)
            .buy("sundial_pro:monthly").renew().billing_issue(None).expire("BILLING_ERROR")
            .recover(12).renew_until_now().seen(&OLD_ANDROID, 4_000),
        meet("lost to a billing error after grace", "ana.silva_301", "Ana Silva", "BR", 150)
            .buy("pro_monthly").billing_issue(Some(16)).expire("BILLING_ERROR").seen(&OLD_IPHONE, 129_000),
        meet("paused", "thandiwe.dlamini", "Thandiwe Dlamini", "ZA", 170)
            .months_before(4, 20).buy("sundial_pro:monthly").renew_times(3)
            .days_ago(26).pause(Some(60)).expire("SUBSCRIPTION_PAUSED").seen(&PIXEL, 33_000),
        meet("pause scheduled", "minh.anh", "Minh Anh", "VN", 95)
            .months_before(3, -11).buy("sundial_pro:monthly").renew_times(2)
            .days_ago(1).pause(Some(30)).seen(&GALAXY, 1_300),
        meet("refunded", "chloe.lefevre", "Chloé Lefèvre", "FR", 45)
            .buy("pro_annual").later(6 * DAY).refund().expire("CUSTOMER_SUPPORT").seen(&IPAD, 50_000)
            .note(Author::Sol, 38, "Bought annual by mistake, wanted *monthly*. Sent her to [Apple](https://reportaproblem.apple.com)."),
        meet("refunded and reversed", "aoife.byrne", "Aoife Byrne", "IE", 140)
            .buy("pro_annual").later(30 * DAY).refund().expire("CUSTOMER_SUPPORT")
            .later(12 * DAY).reverse_refund().seen(&IPHONE, 15),
        meet("price increase refused", "pekka.virtanen", "Pekka Virtanen", "FI", 500)
            .buy("pro_monthly").renew_times(14).later(20 * DAY).leave("PRICE_INCREASE").seen(&OLD_IPHONE, 64_000),
        meet("extended", "maria.papadopoulou", "Μαρία Παπαδοπούλου", "GR", 355)
            .buy("pro_annual").days_ago(4).extend(14).seen(&IPHONE, 48)
            .note(Author::Ada, 4, "Two weeks on us for the outage in her region."),
        meet("cancelled for an unknown reason", "lucas.tremblay", "Lucas Tremblay", "CA", 115)
            .months_before(4, -13).buy("pro_monthly").renew_times(3)
            .days_ago(6).cancel("UNKNOWN").seen(&IPAD, 310),
        meet("temporary access", "fatima.bennani", "فاطمة بناني", "MA", 1)
            .days_ago(0).temporary("pro_monthly", 24).seen(&IPHONE, 6),
    ]
}
