//! The answer strip: what the customer can use now, in one sentence, then the facts that people ask for most. It uses
//! the data of the cards and says nothing that they do not say.

use askama::Template;
use askama::filters::HtmlSafe;

use super::details::{device, spent_in_usd};
use super::entitlements;
use super::entitlements::{Group, Grouped, Moved, Source};
use super::visit::Visit;
use crate::customers::SandboxAccess;
use crate::projection::Status;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::{self, count};

#[derive(Debug, Template)]
#[template(path = "profile/answer.html")]
pub struct Answer {
    now: Now,
    is_sandbox: bool,
    spent: String,
    payments: String,
    last_opened: Option<(Stamp, Stamp)>,
    user_since: (Stamp, Stamp),
    is_since_exact: bool,
    device: Option<(String, String)>,
}

impl HtmlSafe for Answer {}

/// What the customer can use now.
#[derive(Debug, PartialEq, Eq)]
pub struct Now {
    tone: &'static str,
    headline: Sentence,
    detail: Sentence,
}

impl Answer {
    pub fn new(visit: &Visit, entitlements: &entitlements::Card) -> Answer {
        let customer = &visit.customer;
        let moved = entitlements.moved.as_ref();
        let at = visit.since.at;
        Answer {
            now: Now::new(visit, &entitlements.grouped, moved),
            is_sandbox: visit.is_sandbox(),
            spent: spent_in_usd(customer),
            payments: payments(visit, moved),
            last_opened: customer
                .last_seen_at
                .map(|at| (Stamp::relative(at, visit.ctx.now), Stamp::day_and_time(at, visit.ctx.now))),
            user_since: (Stamp::relative(at, visit.ctx.now), Stamp::day(at)),
            is_since_exact: visit.since.is_exact,
            device: device_and_app(visit),
        }
    }
}

fn payments(visit: &Visit, moved: Option<&Moved>) -> String {
    let customer = &visit.customer;
    let unpriced = customer.prices_missing;
    let payments = match customer.payments + unpriced {
        0 if customer.family_shared_only => "through Family Sharing".to_owned(),
        0 if moved.is_some_and(|moved| moved.is_lost) && !visit.is_sandbox() => {
            format!("payments moved to {}", moved.map(Moved::other).unwrap_or_default())
        }
        0 => "no payments".to_owned(),
        some => count(some, "payment", "payments"),
    };
    let refunds = (customer.refunds > 0).then(|| count(customer.refunds, "refund", "refunds"));
    let missing = match (unpriced, customer.payments) {
        (0, _) => None,
        (1, 0) => Some("price unknown".to_owned()),
        (_, 0) => Some("prices unknown".to_owned()),
        (some, _) => Some(count(some, "price unknown", "prices unknown")),
    };
    let all: Vec<String> = std::iter::once(payments).chain(refunds).chain(missing).collect();
    let production = if visit.is_sandbox() { "; production only" } else { "" };
    format!("{}{production}", all.join(", "))
}

/// The device, and below it the app version and locale.
fn device_and_app(visit: &Visit) -> Option<(String, String)> {
    let customer = &visit.customer;
    let known = |value: &Option<String>| value.clone().filter(|value| !value.trim().is_empty());
    let app = known(&customer.app_version).map(|version| format!("App {version}"));
    let below: Vec<String> = app.into_iter().chain(known(&customer.locale)).collect();
    match device(customer) {
        Some(device) => Some((device, below.join(", "))),
        None => (!below.is_empty()).then(|| (below.join(", "), String::new())),
    }
}

impl Now {
    pub fn new(visit: &Visit, entitlements: &Grouped, moved: Option<&Moved>) -> Now {
        let leading = entitlements.current.iter().filter(|group| group.is_active());
        let mut active: Vec<(&Group, &Source)> =
            leading.filter_map(|group| Some((group, leading_source(group)?))).collect();
        active.sort_by_key(|(_, source)| lasting_rank(source));
        match active.split_first() {
            Some(((group, source), rest)) => Now {
                tone: tone(source.status),
                headline: headline(group, source, visit),
                detail: source.sentence().then(also_granted(group, source, visit)).then(others(rest)),
            },
            None => temporary(visit, entitlements).unwrap_or_else(|| Now {
                tone: "quiet",
                headline: Sentence::new("Nothing"),
                detail: nothing(visit, entitlements, moved),
            }),
        }
    }
}

/// Temporary access while the store is unavailable, when no event has named the entitlement.
fn temporary(visit: &Visit, entitlements: &Grouped) -> Option<Now> {
    let sources = entitlements.current.iter().flat_map(|group| &group.sources);
    let source = sources.filter(|_| visit.locked_by.is_none()).find(|source| source.status == Status::Temporary)?;
    let until = Stamp::day_and_time(source.ends_at, visit.ctx.now);
    let detail = Sentence::new(format!("{}. No event has named the entitlement it gives.", source.store_name));
    Some(Now { tone: tone(source.status), headline: Sentence::new("Temporary access until ").time(until), detail })
}

/// Sorts what never ends first, then what renews, then what ends: a later end date does not outlast a renewal.
fn lasting_rank(source: &Source) -> u8 {
    match source {
        _ if source.is_lifetime => 0,
        _ if source.renews => 1,
        _ => 2,
    }
}

/// The purchase that the strip shows for an entitlement: the one that lasts best, the first among equals.
fn leading_source(group: &Group) -> Option<&Source> {
    group.sources.iter().filter(|source| source.status.gives_access()).min_by_key(|source| lasting_rank(source))
}

/// ` Also granted until 19 Dec.`, when a grant runs beside the purchase that the strip shows.
fn also_granted(group: &Group, detail: &Source, visit: &Visit) -> Sentence {
    let mut grants = group.sources.iter().filter(|source| source.status == Status::Granted);
    match grants.next() {
        Some(grant) if detail.status != Status::Granted && !detail.is_lifetime => {
            Sentence::new(" Also granted until ").time(Stamp::short_day(grant.ends_at, visit.ctx.now)).words(".")
        }
        Some(_) | None => Sentence::default(),
    }
}

/// `good`: access; `warn`: access, but somebody must act; `quiet`: no access.
fn tone(status: Status) -> &'static str {
    match status {
        Status::Grace | Status::GraceInTrial | Status::Temporary => "warn",
        Status::Trial
        | Status::TrialCancelled
        | Status::Intro
        | Status::Active
        | Status::Cancelled
        | Status::Prepaid
        | Status::Granted
        | Status::Owned => "good",
        Status::BillingRetry | Status::Paused | Status::Refunded | Status::Expired | Status::GrantOver => "quiet",
    }
}

/// `Pro access until 11 Dec 2026`
fn headline(group: &Group, source: &Source, visit: &Visit) -> Sentence {
    let name = Sentence::default().name(&group.title);
    let day = Stamp::day(source.ends_at);
    if source.is_lifetime {
        return name.words(", for good");
    }
    match source.status {
        Status::Active | Status::Intro if source.renews => name.words(", renews on ").time(day),
        Status::Trial => name.words(", on trial until ").time(day),
        Status::Grace | Status::GraceInTrial => name.words(", in grace until ").time(day),
        Status::Temporary => name.words(" until ").time(Stamp::day_and_time(source.ends_at, visit.ctx.now)),
        Status::Active
        | Status::Intro
        | Status::TrialCancelled
        | Status::Cancelled
        | Status::Prepaid
        | Status::Granted
        | Status::Owned
        | Status::BillingRetry
        | Status::Paused
        | Status::Refunded
        | Status::Expired
        | Status::GrantOver => name.words(" until ").time(day),
    }
}

/// How many further entitlements are named.
const NAMED: usize = 2;

/// ` Also: Archive (does not expire).`
fn others(groups: &[(&Group, &Source)]) -> Sentence {
    let mut detail = Sentence::default();
    for (index, (group, source)) in groups.iter().take(NAMED).enumerate() {
        let lead = Sentence::new(if index == 0 { " Also: " } else { ", " }).name(&group.title);
        detail = detail.then(lead).words(format!(" ({})", text::uncapitalised(&source.line.lead.plain())));
    }
    match groups.len().saturating_sub(NAMED) {
        0 if groups.is_empty() => detail,
        0 => detail.words("."),
        more => detail.words(format!(" and {more} more.")),
    }
}

/// Why there is no access: what needs attention, what unlocks nothing, what ended last, or that nothing ever came.
fn nothing(visit: &Visit, entitlements: &Grouped, moved: Option<&Moved>) -> Sentence {
    let unlocking = |groups: &'_ [Group]| groups.iter().position(|group| group.identifier.is_some());
    let first =
        |groups: &'_ [Group]| unlocking(groups).and_then(|at| groups.get(at)?.sources.first().map(Source::sentence));
    if let Some(detail) = first(&entitlements.current) {
        let locked = visit.locked_by.map_or("", SandboxAccess::why_locked);
        return if locked.is_empty() { detail } else { detail.words(" ").words(locked) };
    }
    let running = entitlements.current.iter().flat_map(|group| &group.sources).find(|source| source.renews);
    if let Some(source) = running {
        return Sentence::default()
            .name(&source.name)
            .words(" is running, but the catalog attaches it to no entitlement.");
    }
    if let Some(detail) = first(&entitlements.past) {
        return detail;
    }
    let hidden = if visit.customer.made_sandbox && !visit.is_sandbox() {
        " Test purchases show under “Sandbox data”."
    } else {
        ""
    };
    let detail = match (entitlements.is_empty(), moved) {
        (true, Some(moved)) => moved.sentence(visit.ctx.now),
        (true, None) if visit.is_sandbox() => Sentence::new("No test purchase has ever reached this customer."),
        (true, None) if !hidden.is_empty() => {
            Sentence::new("No real purchase or grant has ever reached this customer.")
        }
        (true, None) => Sentence::new("No purchase or grant has ever reached this customer."),
        (false, _) => Sentence::new("The purchases unlock no entitlement."),
    };
    detail.words(hidden)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::pages::profile::entitlements::moved_example;
    use crate::pages::profile::testing;
    use crate::projection::testing::NOW;

    fn answer(purchases: Vec<Value>) -> String {
        let mut visit = testing::lena();
        visit.purchases = purchases.into_iter().map(crate::projection::testing::purchase).collect();
        let now = Now::new(&visit, &Grouped::new(&visit), None);
        format!("[{}] {}\n  {}", now.tone, now.headline.plain(), now.detail.plain())
    }

    #[test]
    fn the_answer_is_one_plain_sentence() {
        let ended = json!({ "expires_at": NOW.plus_days(-90), "expiration_reason": "BILLING_ERROR" });
        let lifetime = json!({
            "key": "l", "kind": "one_time", "expires_at": null, "product_id": "archive", "entitlement_ids": ["archive"],
        });
        let trial =
            json!({ "key": "t", "period_type": "TRIAL", "expires_at": NOW.plus_days(3), "entitlement_ids": ["coach"] });
        let answers = [
            answer(vec![json!({})]),
            answer(vec![json!({ "unsubscribed_at": NOW.plus_days(-21) }), lifetime.clone()]),
            answer(vec![json!({}), lifetime, trial.clone()]),
            answer(vec![trial]),
            answer(vec![
                json!({ "expires_at": NOW.plus_days(-9), "billing_issue_at": NOW.plus_days(-9), "grace_expires_at": NOW.plus_days(7) }),
            ]),
            answer(vec![json!({ "kind": "grant", "store": "PROMOTIONAL", "expires_at": NOW.plus_days(73_000) })]),
            answer(vec![json!({ "expires_at": NOW.plus_days(-2), "expiration_reason": "SUBSCRIPTION_PAUSED" })]),
            answer(vec![json!({ "entitlement_ids": [] })]),
            answer(vec![ended]),
            answer(vec![]),
        ];
        insta::assert_snapshot!(answers.join("\n"), @"
        [good] pro, renews on 11 Dec 2026
          Pro annual, App Store. Renews in 18 days.
        [good] archive, for good
          Pro annual, App Store. Does not expire, bought on 11 Dec 2025. Also: pro (expires in 18 days).
        [good] archive, for good
          Pro annual, App Store. Does not expire, bought on 11 Dec 2025. Also: pro (renews in 18 days), coach (trial, converts in 3 days).
        [good] coach, on trial until 26 Nov 2026
          Pro annual, App Store. Trial, converts in 3 days.
        [warn] pro, in grace until 30 Nov 2026
          Pro annual, App Store. Grace period until 30 Nov, billing issue detected 14 Nov.
        [good] pro, for good
          Granted entitlement. Does not expire, granted on 11 Dec 2025.
        [quiet] Nothing
          Pro annual, App Store. Paused, with no date to resume.
        [quiet] Nothing
          Pro annual is running, but the catalog attaches it to no entitlement.
        [quiet] Nothing
          Pro annual, App Store. Expired 3 months ago, billing error.
        [quiet] Nothing
          No purchase or grant has ever reached this customer.
        ");
    }

    #[test]
    fn a_renewing_subscription_leads_before_a_grant_that_ends_later() {
        let grant = json!({ "key": "g", "kind": "grant", "store": "PROMOTIONAL", "expires_at": NOW.plus_days(26) });
        assert_eq!(
            answer(vec![json!({}), grant]),
            "[good] pro, renews on 11 Dec 2026\n  Pro annual, App Store. Renews in 18 days. Also granted until 19 Dec."
        );
    }

    #[test]
    fn purchases_that_moved_away_are_named_instead_of_no_purchases() {
        let mut visit = testing::lena();
        let detail = |moved: Option<&Moved>| Now::new(&visit, &Grouped::new(&visit), moved).detail.plain();
        assert_eq!(detail(Some(&moved_example(true))), "Purchases moved to zofia.nowak on 9 Oct.");
        let received = "Purchases came from zofia.nowak on 9 Oct; no event has named them.";
        assert_eq!(detail(Some(&moved_example(false))), received);
        assert_eq!(detail(None), "No purchase or grant has ever reached this customer.");
        visit.customer.made_sandbox = true;
        let hidden =
            "No real purchase or grant has ever reached this customer. Test purchases show under “Sandbox data”.";
        assert_eq!(Now::new(&visit, &Grouped::new(&visit), None).detail.plain(), hidden);
    }

    #[test]
    fn payments_and_refunds_are_counted_in_words() {
        let mut visit = testing::lena();
        assert_eq!(payments(&visit, None), "9 payments, 1 refund");
        visit.customer.prices_missing = 2;
        visit.environment = crate::events::Environment::Sandbox;
        assert_eq!(payments(&visit, None), "11 payments, 1 refund, 2 prices unknown; production only");
        let mut stranger = testing::stranger();
        assert_eq!(payments(&stranger, None), "no payments");
        assert_eq!(payments(&stranger, Some(&moved_example(true))), "payments moved to zofia.nowak");
        assert_eq!(payments(&stranger, Some(&moved_example(false))), "no payments");
        stranger.customer.prices_missing = 5;
        assert_eq!(payments(&stranger, None), "5 payments, prices unknown");
        stranger.customer.prices_missing = 1;
        assert_eq!(payments(&stranger, None), "1 payment, price unknown");
    }
}
