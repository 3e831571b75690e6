//! The other stores, each with its own ids, fees and missing fields.

use crate::cli::demo_data::calendar::DAY;
use crate::cli::demo_data::device::{IPAD, IPHONE, OLD_ANDROID, PIXEL};
use crate::cli::demo_data::story::{Manner, Story};

#[rustfmt::skip]
pub fn stories(now: i64) -> Vec<Story> {
    let meet = |about, id, name, country, days| Story::new(now, about, id, name, country, days);
    // Purchases outside the app, where there is neither an offering nor an anonymous id.
    let outside_app = |about, id, name, country, days| {
        meet(about, id, name, country, days).without_anonymous_id().buying(Manner::default())
    };
    vec![
        outside_app("Web Billing with invoices", "hannah.clarke", "Hannah Clarke", "GB", 170)
            .buy("sundial_web_pro_monthly").invoice().invoice_until_now().seen(&IPAD, 22),
        outside_app("Stripe", "noah.williams", "Noah Williams", "US", 400)
            .attribute("company", "Williams & Daughters")
            .buy("prod_RvK2mSundialPro").renew_until_now().seen(&IPHONE, 1_440),
        meet("Amazon", "grace.kim", "Grace Kim", "US", 240)
            .attribute("$amazonAdId", "df07c7dc-cea7-4a89-b328-810ff5acb15d")
            .buy("com.sundial.amazon.pro.monthly").renew_times(3).later(10 * DAY).cancel("UNSUBSCRIBE")
            .later(5 * DAY).uncancel().renew_until_now().seen(&OLD_ANDROID, 260),
        outside_app("Roku", "bill.thompson", "Bill Thompson", "US", 100).buy("roku_pro_monthly").renew_until_now(),
        outside_app("Paddle", "liam.oconnor", "Liam O’Connor", "AU", 90)
            .buy("pri_01jsundialproannual").seen(&PIXEL, 520),
        meet("Mac App Store", "freya.lindberg", "Freya Lindberg", "SE", 500)
            .buy("mac_pro_annual").renew_until_now().seen(&IPHONE, 3_100),
        meet("price unknown to us", "robert.jones_2", "Robert Jones", "GB", 130)
            .buying(Manner { unpriced: true, ..Manner::default() })
            .buy("pro_monthly").renew_until_now().seen(&IPAD, 5_000),
    ]
}
