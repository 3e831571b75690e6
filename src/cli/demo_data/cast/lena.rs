//! Lena, whose page shows nearly everything: two stores, a lapse, a refund, a grant, an override.

use crate::cli::demo_data::calendar::DAY;
use crate::cli::demo_data::device::IPHONE;
use crate::cli::demo_data::story::{Manner, Story};
use crate::cli::demo_data::{Author, Override};

#[rustfmt::skip]
pub fn story(now: i64) -> Story {
    let winback = Override {
        offering: "winback",
        by: Author::Dev,
        at_ms: now - 9 * DAY,
        until_ms: Some(now + 7 * DAY),
        reason: Some("cancelled her annual plan"),
    };
    on_apple(on_google(introduction(now)))
        .seen(&IPHONE, 124).with_override(winback)
        .note(Author::Vera, 341, "Moved from Android to iOS, see [ticket 88213](https://help.sundial.example/tickets/88213).")
        .note(Author::Sol, 401, "Wrote that she was **charged after asking to stop**; `GPA.3390-1182-5530-01234..3` refunded. \
            She prefers *e-mail*.")
        .edited(Author::Sol)
}

#[rustfmt::skip]
fn introduction(now: i64) -> Story {
    let id = "lena.okafor_4471";
    Story::new(now, "cancelled but still active", id, "Lena Okafor", "DE", 536)
        .originally("$RCAnonymousID:84326a29a74c4eed95abd9f86b3eff3f").alias("lena-ipad")
        .attribute("$attConsentStatus", "denied")
        .attribute("$idfv", "7E0B51A2-3C11-4F0B-9D0A-1B0C2D3E4F50")
        .attribute("$mediaSource", "Apple Search Ads").attribute("$campaign", "DE autumn sleep")
        .attribute("$keyword", "meditation timer").attribute("onboarding_goal", "sleep better")
}

#[rustfmt::skip]
fn on_google(story: Story) -> Story {
    let order = Some("GPA.3390-1182-5530-01234");
    story
        .buying(Manner { order, ..Manner::standard() })
        .trial("sundial_pro:monthly", 7).renew_times(2).billing_issue(Some(7)).recover(4).renew()
        .days_ago(402).refund().expire("CUSTOMER_SUPPORT")
        .days_ago(398).grant("monthly").expire("UNKNOWN")
}

#[rustfmt::skip]
fn on_apple(story: Story) -> Story {
    let mut story = story.months_before(12, -18).buy("pro_annual");
    let annual = story.plan.take();
    story
        .days_ago(330).buy("coach_monthly").renew_times(4).billing_issue(None).expire("BILLING_ERROR")
        .taking_over(annual).days_ago(21).cancel("UNSUBSCRIBE")
}
