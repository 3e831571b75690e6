//! The stores where purchases were made: what each can be asked to do with a purchase, and the words for what it cannot. A
//! folder for each store; nobody outside knows a store by its name. What is possible is pure; a store that is connected has
//! a [`StoreClient`] as well, which asks it.

mod amazon;
mod app_store;
mod capability;
mod client;
mod common;
mod customer_act;
mod lines;
mod order;
mod order_kind;
mod paddle;
mod play_store;
mod promotional;
pub mod revenuecat;
mod roku;
mod stripe;
pub mod test_store;
#[cfg(test)]
mod testing;
mod unknown;
mod web_billing;

pub use capability::{ActionKind, Capability, Limit, Obstacle};
pub use client::{Answer, Outcome, Proof, Reading, Sent, Snapshot, StoreClient, Unread};
pub use customer_act::CustomerAct;
pub use lines::{Line, Lines};
pub use order::{ExtendCode, Order, Refund, Side, Wanted};
pub use order_kind::OrderKind;

use crate::base::clock::Moment;
use crate::events::Store;
use crate::projection::Purchase;

/// A purchase about which something is asked, at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub purchase: &'a Purchase,
    pub now: Moment,
    /// Set when RevenueCat is asked, and not the store.
    pub connected: Option<Connected>,
}

/// What is known of a project that is connected to RevenueCat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connected {
    /// Whether there is a key for what only the first version of the API can do.
    pub has_v1_key: bool,
    /// Whether nothing is sent, because nobody has confirmed that this database may act there.
    pub is_suspended: bool,
}

/// A store, as far as pages and clients need to know it.
pub trait StoreRules: Sync {
    /// What the store can do with a purchase to which nothing general stands in the way.
    fn capability(&self, action: ActionKind, target: Target<'_>) -> Capability;
}

/// Whether `action` can be asked for this purchase, and if not, why not and what can be done instead (§7.4).
pub fn capability(action: ActionKind, target: Target<'_>) -> Capability {
    let rules = rules_of(target.purchase.store.as_ref());
    if let Some(obstacle) = common::obstacle(action, target) {
        return Capability::Impossible(obstacle);
    }
    let own = rules.capability(action, target);
    match target.connected {
        Some(connected) => revenuecat::rules::capability(action, target.purchase.store.as_ref(), own, connected),
        None => own,
    }
}

/// Whether a refund that ends access ends renewal too, in this store.
pub fn refund_ends_renewal(store: Option<&Store>) -> bool {
    matches!(store, Some(Store::TestStore | Store::WebBilling))
}

/// The name of a store in a sentence: `the Test Store`, `Stripe`.
pub fn spoken(store: Option<&Store>) -> String {
    let name = store.map(Store::name).filter(|name| !name.is_empty()).unwrap_or("store");
    match store {
        Some(Store::AppStore | Store::MacAppStore | Store::TestStore) | None => {
            format!("the {name}")
        }
        Some(
            Store::PlayStore
            | Store::Stripe
            | Store::WebBilling
            | Store::Amazon
            | Store::Roku
            | Store::Paddle
            | Store::Promotional
            | Store::Other(_),
        ) => name.to_owned(),
    }
}

/// Who charges for what is bought in a store: `Apple`.
pub fn company(store: Option<&Store>) -> String {
    match store {
        Some(Store::AppStore | Store::MacAppStore) => "Apple".to_owned(),
        Some(Store::PlayStore) => "Google".to_owned(),
        Some(Store::Amazon) => "Amazon".to_owned(),
        Some(
            Store::Stripe
            | Store::WebBilling
            | Store::Roku
            | Store::Paddle
            | Store::TestStore
            | Store::Promotional
            | Store::Other(_),
        )
        | None => spoken(store),
    }
}

/// Whether a store can be asked for anything by this program: by itself, or over RevenueCat.
pub fn is_connected(store: Option<&Store>, connected: Option<Connected>) -> bool {
    match connected {
        Some(_) => revenuecat::rules::reaches(store),
        None => matches!(store, Some(Store::TestStore)),
    }
}

fn rules_of(store: Option<&Store>) -> &'static dyn StoreRules {
    match store {
        Some(Store::AppStore | Store::MacAppStore) => &app_store::AppStore,
        Some(Store::PlayStore) => &play_store::PlayStore,
        Some(Store::Stripe) => &stripe::Stripe,
        Some(Store::WebBilling) => &web_billing::WebBilling,
        Some(Store::Amazon) => &amazon::Amazon,
        Some(Store::Roku) => &roku::Roku,
        Some(Store::Paddle) => &paddle::Paddle,
        Some(Store::Promotional) => &promotional::Promotional,
        Some(Store::TestStore) => &test_store::TestStore,
        Some(Store::Other(_)) | None => &unknown::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::projection::testing::{NOW, purchase};

    /// Purchases of each status, as changes to one that runs and was paid.
    fn states() -> Vec<(&'static str, Value)> {
        let (ahead, over) = (NOW.plus_days(18), NOW.plus_days(-4));
        let paid = json!({ "net": 53_990_000, "payments": 1, "refunds": 0, "prices_missing": 0 });
        let running = json!({ "expires_at": ahead, "revenue": paid });
        let with = |more: Value| {
            let mut all = running.clone();
            let fields = more.as_object().cloned().unwrap_or_default();
            fields.into_iter().for_each(|(name, value)| all[name] = value);
            all
        };
        vec![
            ("active", running.clone()),
            ("renewal off", with(json!({ "unsubscribed_at": over }))),
            ("trial", with(json!({ "period_type": "TRIAL", "paid": null, "revenue": nothing_paid() }))),
            ("prepaid", with(json!({ "period_type": "PREPAID" }))),
            ("grace", with(json!({ "expires_at": over, "grace_expires_at": ahead, "billing_issue_at": over }))),
            ("billing retry", with(json!({ "expires_at": over, "expiration_reason": "BILLING_ERROR" }))),
            ("paused", with(json!({ "expires_at": over, "expiration_reason": "SUBSCRIPTION_PAUSED" }))),
            ("expired", with(json!({ "expires_at": over, "expiration_reason": "UNSUBSCRIBE" }))),
            ("refunded", with(json!({ "expires_at": over, "refunded_at": over, "revenue": nothing_paid() }))),
            ("old", with(json!({ "period_start": NOW.plus_days(-1_200) }))),
            ("one-time", with(json!({ "kind": "one_time", "expires_at": null }))),
            ("family", with(json!({ "is_family_share": true }))),
        ]
    }

    fn nothing_paid() -> Value {
        json!({ "net": 0, "payments": 0, "refunds": 1, "prices_missing": 0 })
    }

    fn words(capability: &Capability) -> String {
        let obstacle = |kind: &str, obstacle: &Obstacle| {
            let Obstacle { because, instead, tell } = obstacle;
            let part = |label: &str, text: &Option<String>| {
                text.as_ref().map_or(String::new(), |text| format!("\n      {label}: {text}"))
            };
            format!("{kind}: {because}{}{}", part("instead", instead), part("tell", tell))
        };
        match capability {
            Capability::Possible(Limit { words, .. }) => format!("possible {}", words.clone().unwrap_or_default()),
            Capability::Impossible(why) => obstacle("impossible", why),
            Capability::NotConnected(why) => obstacle("not connected", why),
        }
    }

    const STORES: [&str; 10] = [
        "APP_STORE",
        "PLAY_STORE",
        "STRIPE",
        "RC_BILLING",
        "AMAZON",
        "ROKU",
        "PADDLE",
        "PROMOTIONAL",
        "TEST_STORE",
        "GALAXY",
    ];

    /// What each store answers for each action, with the states in which it does.
    fn table(connected: Option<Connected>) -> String {
        let mut table = String::new();
        for store in STORES {
            for action in ActionKind::ALL {
                table.push_str(&format!("{store} {}\n", action.name()));
                let mut told: Vec<(String, Vec<&str>)> = Vec::new();
                for (state, mut changes) in states() {
                    changes["store"] = json!(store);
                    if store == "PROMOTIONAL" {
                        changes["kind"] = json!("grant");
                    }
                    let one = purchase(changes);
                    let answer = words(&capability(action, Target { purchase: &one, now: NOW, connected }));
                    match told.iter_mut().find(|(known, _)| *known == answer) {
                        Some((_, states)) => states.push(state),
                        None => told.push((answer, vec![state])),
                    }
                }
                told.iter()
                    .for_each(|(answer, states)| table.push_str(&format!("  {}: {answer}\n", states.join(", "))));
            }
        }
        table
    }

    #[test]
    fn every_store_answers_for_every_action_and_state() {
        insta::assert_snapshot!(table(None));
    }

    /// The lines that a connection changes, for those who read them.
    #[test]
    fn a_connected_project_can_do_more() {
        let connected = |has_v1_key| table(Some(Connected { has_v1_key, is_suspended: false }));
        let (apart, with, without) = (table(None), connected(true), connected(false));
        let new = |text: &str, known: &str| {
            let known: Vec<&str> = known.lines().collect();
            let is_shown = |line: &&str| !line.starts_with(' ') || !known.contains(line);
            text.lines().filter(is_shown).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!("with_a_v1_key", new(&with, &apart));
        insta::assert_snapshot!("without_a_v1_key", new(&without, &with));
    }
}
