//! The header of the page: who the customer is, their status, and the switch between production and sandbox data.

use askama::Template;
use askama::filters::HtmlSafe;

use super::badge::Badge;
use super::details::country_name;
use super::refresh::Refresh;
use super::star::Star;
use super::visit::Visit;
use crate::base::clock::Moment;
use crate::pages::directory::overview;
use crate::projection::{Kind, Purchase, Status};
use crate::web::filters;
use crate::wording::{text, times};

#[derive(Debug, Template)]
#[template(path = "profile/header.html")]
pub struct Header {
    initials: String,
    /// Display name, else e-mail address; `None` for a customer who has only ids.
    name: Option<String>,
    badges: Vec<Badge>,
    app_user_id: String,
    /// The e-mail address; `None` when it is shown as the name.
    email: Option<String>,
    country: Option<Country>,
    href: String,
    /// Fields of the page's query that the switch keeps.
    kept: Vec<(String, String)>,
    is_sandbox: bool,
    /// `None` on a page that shows the past.
    star: Option<Star>,
    /// In a connected project.
    refresh: Option<Refresh>,
}

#[derive(Debug, PartialEq, Eq)]
struct Country {
    code: Option<String>,
    name: String,
}

impl HtmlSafe for Header {}

impl Header {
    pub fn new(visit: &Visit, kept: Vec<(String, String)>, star: Option<Star>, refresh: Option<Refresh>) -> Header {
        let customer = &visit.customer;
        let known = |value: &Option<String>| value.clone().filter(|value| !value.trim().is_empty());
        let (display_name, email) = (known(&customer.display_name), known(&customer.email));
        let name = display_name.clone().or_else(|| email.clone());
        Header {
            initials: text::initials(name.as_deref().unwrap_or("")),
            badges: badges(visit),
            app_user_id: visit.opened_as.clone(),
            email: email.filter(|_| display_name.is_some()),
            country: known(&customer.country)
                .or_else(|| known(&customer.event_country))
                .map(|code| Country::new(&code)),
            href: visit.href.clone(),
            is_sandbox: visit.is_sandbox(),
            name,
            kept,
            star,
            refresh,
        }
    }

    /// The title of the browser tab.
    pub fn title(&self) -> String {
        text::visible(self.name.as_deref().unwrap_or(&self.app_user_id))
    }
}

impl Country {
    fn new(code: &str) -> Country {
        Country { code: letters(code), name: country_name(code) }
    }
}

/// The two letters of a country code, which the header and the lists show instead of a flag.
fn letters(code: &str) -> Option<String> {
    let code = code.trim().to_ascii_uppercase();
    (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(code)
}

/// The status word of the lists (§13.1), then what that word leaves out (§2.2).
fn badges(visit: &Visit) -> Vec<Badge> {
    let customer = &visit.customer;
    let Some(latest) = customer.status_purchase.as_deref().and_then(Purchase::stored) else {
        let word = if customer.made_sandbox { "Sandbox only" } else { "No purchase" };
        return vec![Badge::new(word, "tone-quiet")];
    };
    let deciding = deciding_purchase(visit, &latest);
    let status = deciding.status(visit.ctx.now);
    let owns = !visit.is_sandbox() && visit.purchases.iter().any(|purchase| is_owned(visit, purchase));
    let word = match overview::Badge::new(status) {
        Some(badge) if owns && badge.word == "Expired" && status != Status::Paused => None,
        Some(badge) => Some(Badge::new(badge.word, tone(badge.tone))),
        None if owns => None,
        None => Some(Badge::new(overview::without_status(Some(deciding), visit.ctx.now), "tone-quiet")),
    };
    let owned = owns.then(|| Badge::new(overview::LIFETIME, "tone-quiet"));
    let pause = pause(deciding, status, visit.ctx.now).map(|text| Badge::new(text, "tone-warn"));
    let ends = will_end(deciding, status).then(|| Badge::new("Will not renew", "tone-warn"));
    let given = visit.purchases.iter().any(|purchase| purchase.status(visit.ctx.now) == Status::Granted);
    let granted =
        (given && !visit.is_sandbox() && status != Status::Granted).then(|| Badge::new("Granted", "tone-gift"));
    let shared = customer.family_shared_only.then(|| Badge::new("Family Sharing", "tone-quiet"));
    [word, owned, pause, ends, granted, shared].into_iter().flatten().collect()
}

/// The purchase that decides the customer's status: the latest one, unless that is over while an earlier subscription
/// still gives access. People would read "Expired" as the answer, although the answer strip shows access.
fn deciding_purchase<'a>(visit: &'a Visit, latest: &'a Purchase) -> &'a Purchase {
    if visit.is_sandbox() || latest.status(visit.ctx.now).gives_access() {
        return latest;
    }
    let subscriptions = visit.purchases.iter().filter(|purchase| purchase.kind == Kind::Subscription);
    let giving = subscriptions.filter(|purchase| purchase.is_active(visit.ctx.now));
    giving.max_by_key(|purchase| (purchase.access_ends_at(), &purchase.key)).unwrap_or(latest)
}

/// Whether a one-time purchase gives access for good.
fn is_owned(visit: &Visit, purchase: &Purchase) -> bool {
    let lasts = purchase.status(visit.ctx.now) == Status::Owned && purchase.is_lifetime(visit.ctx.now);
    lasts && !visit.catalog.unlocked_by(purchase).is_empty()
}

/// The pause, which the lists do not show: they call a paused subscription expired, and one that will pause active.
fn pause(purchase: &Purchase, status: Status, now: Moment) -> Option<String> {
    if status == Status::Paused {
        return Some("Paused".into());
    }
    let will_pause = purchase.pause_asked_at.is_some() && status.gives_access() && purchase.will_renew();
    let end = purchase.expires_at.filter(|_| will_pause)?;
    Some(format!("Pauses on {}", times::short_day(end, now)))
}

/// Whether a subscription gives access now and will not renew.
fn will_end(latest: &Purchase, status: Status) -> bool {
    let is_failing = matches!(status, Status::Grace | Status::GraceInTrial);
    let renews = latest.will_renew() || (is_failing && latest.unsubscribed_at.is_none());
    latest.kind == Kind::Subscription && status.gives_access() && !renews
}

fn tone(word: &str) -> &'static str {
    match word {
        "good" => "tone-good",
        "warn" => "tone-warn",
        "bad" => "tone-bad",
        "trial" => "tone-trial",
        "gift" => "tone-gift",
        _ => "tone-quiet",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pages::profile::testing;
    use crate::projection::testing::NOW;

    fn words(visit: &Visit) -> Vec<String> {
        badges(visit).into_iter().map(|badge| badge.text).collect()
    }

    fn bought(changes: serde_json::Value) -> Visit {
        let mut visit = testing::stranger();
        visit.customer.status_purchase = serde_json::to_string(&crate::projection::testing::purchase(changes)).ok();
        visit
    }

    #[test]
    fn badges_show_the_word_of_the_lists_and_whether_the_subscription_will_end() {
        assert_eq!(words(&testing::stranger()), ["No purchase"]);
        assert_eq!(words(&bought(json!({}))), ["Active"]);
        assert_eq!(words(&bought(json!({ "unsubscribed_at": NOW.plus_days(-2) }))), ["Cancelled", "Will not renew"]);
        assert_eq!(words(&bought(json!({ "period_type": "PREPAID" }))), ["Active", "Will not renew"]);
        let failing = json!({ "billing_issue_at": NOW.plus_days(-2), "grace_expires_at": NOW.plus_days(20) });
        assert_eq!(words(&bought(failing)), ["Billing Issue"]);
        let mut sandy = testing::stranger();
        sandy.customer.made_sandbox = true;
        assert_eq!(words(&sandy), ["Sandbox only"]);
    }

    #[test]
    fn access_granted_by_the_team_has_a_badge_beside_the_status() {
        let mut visit = bought(json!({ "expires_at": NOW.plus_days(-2), "expiration_reason": "UNSUBSCRIBE" }));
        visit.purchases =
            vec![crate::projection::testing::purchase(json!({ "kind": "grant", "store": "PROMOTIONAL" }))];
        assert_eq!(words(&visit), ["Expired", "Granted"]);
    }

    #[test]
    fn a_lifetime_purchase_replaces_the_badge_of_what_has_ended() {
        let lifetime = json!({ "key": "l", "kind": "one_time", "expires_at": null });
        let mut visit = bought(json!({ "expires_at": NOW.plus_days(-2), "expiration_reason": "UNSUBSCRIBE" }));
        visit.purchases = vec![crate::projection::testing::purchase(lifetime.clone())];
        assert_eq!(words(&visit), ["Lifetime purchase"]);
        visit.customer.status_purchase = serde_json::to_string(&crate::projection::testing::purchase(json!({}))).ok();
        assert_eq!(words(&visit), ["Active", "Lifetime purchase"]);
        let mut visit = bought(lifetime);
        assert_eq!(words(&visit), ["Lifetime purchase"], "the catalog may not know it");
        visit.purchases = vec![crate::projection::testing::purchase(json!({ "kind": "one_time", "expires_at": null }))];
        assert_eq!(words(&visit), ["Lifetime purchase"]);
    }

    #[test]
    fn a_pause_has_a_badge_beside_the_word_of_the_lists() {
        let paused = json!({ "expires_at": NOW.plus_days(-2), "expiration_reason": "SUBSCRIPTION_PAUSED" });
        assert_eq!(words(&bought(paused)), ["Expired", "Paused"]);
        let asked = json!({ "pause_asked_at": NOW.plus_days(-2) });
        assert_eq!(words(&bought(asked)), ["Active", "Pauses on 11 Dec"]);
    }

    #[test]
    fn a_subscription_that_still_gives_access_decides_before_one_that_is_over() {
        let mut visit = bought(json!({ "expires_at": NOW.plus_days(-2), "expiration_reason": "BILLING_ERROR" }));
        assert_eq!(words(&visit), ["Billing Issue"]);
        visit.purchases =
            vec![crate::projection::testing::purchase(json!({ "key": "b", "unsubscribed_at": NOW.plus_days(-9) }))];
        assert_eq!(words(&visit), ["Cancelled", "Will not renew"]);
    }

    #[test]
    fn a_country_is_shown_by_two_letters_and_its_name() {
        assert_eq!(Country::new("de"), Country { code: Some("DE".into()), name: "Germany".into() });
        assert_eq!((letters("DEU"), letters("4x"), letters("é"), letters("")), (None, None, None, None));
    }

    #[test]
    fn the_title_is_the_name_else_the_email_address_else_the_id() {
        let mut visit = testing::lena();
        let header = |visit: &Visit| Header::new(visit, Vec::new(), Some(Star::new(visit, false, String::new())), None);
        assert_eq!(header(&visit).title(), "Lena Okafor");
        visit.customer.display_name = Some(" ".into());
        let titled = header(&visit);
        assert_eq!((titled.title().as_str(), &titled.email), ("lena@okafor.example", &None));
        visit.customer.email = None;
        assert_eq!(header(&visit).title(), "lena.okafor_4471");
    }
}
