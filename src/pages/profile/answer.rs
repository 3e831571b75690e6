//! The answer strip: what the customer can use now, in one sentence, then the facts that people ask for most. It uses
//! the data of the cards and says nothing that they do not say.

use askama::Template;
use askama::filters::HtmlSafe;

use super::details::{device, spent_in_usd};
use super::entitlements::Moved;
use super::explained::Why;
use super::visit::Visit;
use crate::explanation::{Explanation, Explanations};
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::count;

#[derive(Debug, Template)]
#[template(path = "profile/answer.html")]
pub struct Answer {
    tone: &'static str,
    headline: Sentence,
    reason: Sentence,
    /// What else can be used.
    also: Sentence,
    why: Why,
    is_sandbox: bool,
    is_past: bool,
    spent: String,
    payments: String,
    last_opened: Option<(Stamp, Stamp)>,
    /// `None` where the id was not known yet.
    user_since: Option<(Stamp, Stamp)>,
    is_since_exact: bool,
    device: Option<(String, String)>,
}

impl HtmlSafe for Answer {}

impl Answer {
    /// `kept` are the fields of the address that forms of the page keep.
    pub fn new(visit: &Visit, explanations: &Explanations, moved: Option<&Moved>, kept: &[(String, String)]) -> Answer {
        let customer = &visit.customer;
        let at = visit.since.at;
        let Explanations { main, others } = explanations;
        Answer {
            tone: main.case.tone(),
            headline: main.headline.clone(),
            reason: main.reason.clone(),
            also: also(main, others),
            why: Why::main(visit, main, kept),
            is_sandbox: visit.is_sandbox(),
            is_past: visit.as_of.is_some(),
            spent: spent_in_usd(customer),
            payments: payments(visit, moved),
            last_opened: customer
                .last_seen_at
                .map(|at| (Stamp::relative(at, visit.ctx.now), Stamp::day_and_time(at, visit.ctx.now))),
            user_since: (at <= visit.ctx.now || visit.as_of.is_none())
                .then(|| (Stamp::relative(at, visit.ctx.now), Stamp::day(at))),
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
        0 if moved.is_some_and(Moved::is_lost) && !visit.is_sandbox() => {
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

/// How many further entitlements are named.
const NAMED: usize = 2;

/// ` Also until 19 Dec by a grant; Archive, for good.`: what else gives the same, and the other entitlements that give access.
fn also(main: &Explanation, others: &[Explanation]) -> Sentence {
    let same = main.also.iter().cloned();
    let others: Vec<&Explanation> = others.iter().filter(|one| one.has_access).collect();
    let named = others.iter().take(NAMED).map(|one| one.headline.clone());
    let mut sentence = Sentence::default();
    for (index, one) in same.chain(named).enumerate() {
        sentence = sentence.words(if index == 0 { " Also: " } else { "; " }).then(one);
    }
    match others.len().saturating_sub(NAMED) {
        _ if sentence.is_empty() => sentence,
        0 => sentence.words("."),
        more => sentence.words(format!(" and {more} more.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::profile::entitlements::moved_example;
    use crate::pages::profile::testing;

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
