//! Ids, names and events that are hard to show: other scripts, long ids, many aliases, unknown event types, customers
//! without a purchase or without the app.

use serde_json::json;

use crate::cli::demo_data::calendar::DAY;
use crate::cli::demo_data::device::{GALAXY, IPAD, IPHONE, OLD_ANDROID, OLD_IPHONE, PIXEL};
use crate::cli::demo_data::story::{Manner, Story};

const LONG: &str =
    "auth0|enterprise-connection-7f3a|region-eu-central-1|tenant-00000000000042|user-6b1e9c5d8f2a4703b6e1";
const LONG_NAME: &str = "Maximiliane Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh";

#[rustfmt::skip]
pub fn stories(now: i64) -> Vec<Story> {
    let meet = |about, id, name, country, days| Story::new(now, about, id, name, country, days);
    let paywall = json!({"paywall_revision": 12, "offering_id": "standard"});
    vec![
        forty_aliases(meet("40 aliases", "shared-kiosk-3", "Studio tablet 3", "US", 320)),
        meet("right-to-left name", "ليلى_القاسم", "ليلى القاسم", "EG", 55)
            .attribute("$email", "layla@alqasim.example")
            .trial("pro_monthly", 7).renew_until_now().seen(&IPHONE, 14),
        meet("right-to-left name in Hebrew", "noa.levi", "נועה לוי (Noa)", "IL", 35)
            .buy("sundial_pro:annual").seen(&PIXEL, 400),
        meet("emoji name", "🌻sunny🌙", "🌻 Sunny 陳 👩🏽‍🚀", "TW", 66)
            .buy("pro_monthly").renew_until_now().seen(&IPAD, 21),
        meet("id of 100 characters", LONG, LONG_NAME, "CA", 29)
            .buy("pro_weekly").renew_until_now().seen(&OLD_IPHONE, 7),
        meet("awkward id", "team/42?ref=a b#1%20&x=<y>", "<b>Robert</b> & \"Bobby\" Tables", "US", 20)
            .buy("pro_monthly").seen(&IPHONE, 90),
        meet("unknown event type", "oleksandr.shevchenko", "Олександр Шевченко", "UA", 58)
            .add_customer_event("PAYWALL_EXIT_OFFER", paywall.clone())
            .buy("sundial_pro:monthly").renew_until_now().seen(&GALAXY, 38),
        meet("attribution only", "meiling.chen", "陳美玲", "TW", 2)
            .attribute("$mediaSource", "Facebook Ads").attribute("$campaign", "TW sleep stories")
            .attribute("$adGroup", "25-40 parents").attribute("$creative", "moon_video_03")
            .add_customer_event("PAYWALL_IMPRESSION", paywall).seen(&IPHONE, 2_500),
        meet("old alias event", "gustaf.berg", "Gustaf Berg", "SE", 1_600)
            .add_customer_event("SUBSCRIBER_ALIAS", json!({"store": "APP_STORE", "app_id": "app5d1c0e9a72"}))
            .buy("pro_annual").renew_until_now().seen(&OLD_IPHONE, 11_000),
        meet("anonymous", "$RCAnonymousID:c0ffee5a7b1d4e9082f6a3b4d5e6f708", "", "US", 15)
            .buy("pro_weekly").renew_until_now().seen(&OLD_ANDROID, 17),
        meet("no purchase", "priya.natarajan", "", "IN", 6).seen(&GALAXY, 5),
        meet("created by webhook only", "sione.taufa", "Sione Taufa", "AU", 50)
            .buying(Manner::default()).buy("pro_monthly").renew_until_now(),
    ]
}

/// A shared tablet in a studio: each log-out adds an anonymous id.
#[rustfmt::skip]
fn forty_aliases(mut story: Story) -> Story {
    for _ in 1..40 {
        let alias = story.seed.anonymous_id();
        story = story.alias(&alias);
    }
    story.buy("pro_annual").later(40 * DAY).once("breaths_100").breaths(100).seen(&IPAD, 1)
}
