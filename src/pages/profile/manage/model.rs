//! What deleting erases and what continues outside Dossier, as sentences; and the confirmation that it requires.

use serde::Deserialize;

use super::beside::{Beside, Line};
use crate::base::clock::Moment;
use crate::base::error::Refusal;
use crate::base::ids::CustomerId;
use crate::events::{Environment, Store};
use crate::explanation::status_line::is_unsettled;
use crate::projection::Purchase;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::{capitalised, count, listed};

/// Everything that is held on a customer, in numbers.
#[derive(Debug, Clone, Default)]
pub struct Held {
    pub ids: i64,
    pub events: i64,
    pub purchases: i64,
    pub grants: i64,
    pub attributes: i64,
    pub beside: Beside,
    /// Recent subscriptions of both environments.
    pub live: Vec<Purchase>,
}

impl Held {
    /// Whether only the ids are known.
    pub fn is_bare(&self) -> bool {
        self.erased().len() <= 1
    }

    /// What deleting would erase here, one sentence per line, the ids first.
    pub fn erased(&self) -> Vec<String> {
        let some = |number: i64, one, many| (number > 0).then(|| count(number, one, many));
        let together =
            |parts: Vec<String>, tail: &str| (!parts.is_empty()).then(|| format!("{}{tail}", listed(&parts)));
        let bought = [some(self.events, "event", "events"), some(self.purchases, "purchase", "purchases")];
        let given = [
            some(self.attributes, "attribute", "attributes"),
            some(self.grants, "granted entitlement", "granted entitlements"),
        ];
        let written = self.beside.in_words(Line::Written).into_iter().chain(given.into_iter().flatten());
        let found_by = if self.ids == 1 { "it" } else { "them" };
        let lines = [
            Some(format!("{} and everything found by {found_by}", self.ids_counted())),
            together(bought.into_iter().flatten().collect(), ", in production and in sandbox"),
            together(written.collect(), ""),
            together(self.beside.in_words(Line::Other), ""),
        ];
        lines.into_iter().flatten().map(|line| capitalised(&line)).collect()
    }

    /// `3 App User IDs`
    pub fn ids_counted(&self) -> String {
        count(self.ids, "App User ID", "App User IDs")
    }

    /// What happens to each subscription that is active or may come back.
    pub fn outside_effects(&self, now: Moment, name_of: impl Fn(&Purchase) -> String) -> Vec<Sentence> {
        let live = self.live.iter().filter(|purchase| purchase.is_active(now) || is_unsettled(purchase, now));
        live.map(|purchase| effect_in_store(purchase, now, name_of(purchase))).collect()
    }

    /// A summary of the state, such as `7.3.14.3.2.8.4`: the number of the customer's row, then the counts. It shows
    /// whether anything has changed since the dialog was opened.
    pub fn version(&self, customer: CustomerId) -> String {
        let others = self.beside.total() - self.beside.notes;
        let bought = self.purchases + self.grants;
        let numbers = [customer.0, self.ids, self.events, bought, self.beside.notes, self.attributes, others];
        numbers.map(|number| number.to_string()).join(".")
    }

    /// Whether there are purchases from a store, which a restore in the app could bring back.
    pub fn can_return(&self) -> bool {
        self.purchases > 0
    }
}

/// The fields of the form that deletes a customer.
#[derive(Debug, Deserialize)]
pub struct Confirmation {
    #[serde(default)]
    pub confirm: String,
    /// The [`Held::version`] that the dialog showed.
    pub seen: Option<String>,
}

impl Confirmation {
    /// # Errors
    /// A refusal when the typed id is not exactly the customer's; [`Refusal::stale`] when anything has changed since
    /// the dialog was opened.
    pub fn check(&self, app_user_id: &str, held: &Held, customer: CustomerId) -> Result<(), Refusal> {
        if self.confirm != app_user_id && self.confirm.trim() != app_user_id {
            let sentence = "That is not the id. Type it letter by letter as shown above, capitals included.";
            return Err(Refusal::new("confirm", sentence));
        }
        match &self.seen {
            Some(seen) if *seen != held.version(customer) => Err(Refusal::stale()),
            _ => Ok(()),
        }
    }
}

/// What happens to a subscription in its store when the customer is deleted here (§12.1).
fn effect_in_store(purchase: &Purchase, now: Moment, name: String) -> Sentence {
    let store = purchase.store.as_ref().map_or("its store", Store::name);
    let sentence = Sentence::default().name(name);
    let sentence = match (&purchase.unknown_environment, purchase.environment) {
        (Some(word), _) => sentence.words(" (unknown environment “").name(word).words("”)"),
        (None, Environment::Sandbox) => sentence.words(" (sandbox)"),
        (None, Environment::Production) => sentence,
    };
    let sentence = sentence.words(format!(", {store}: "));
    if purchase.is_family_share {
        return sentence.words("not touched. It belongs to a relative who shares it.");
    }
    if purchase.store == Some(Store::TestStore) {
        return sentence.words("ends with the customer; it is a test and costs nothing.");
    }
    if !may_charge_again(purchase, now) {
        let end = Stamp::relative(purchase.access_ends_at(), now);
        return sentence.words("not changed; it ends ").time(end).words(".");
    }
    sentence.words(match &purchase.store {
        Some(Store::AppStore | Store::MacAppStore) => {
            "not cancelled. Only the customer can do that, in their Apple account."
        }
        Some(Store::PlayStore) => "not cancelled. Cancel it, or refund and revoke it, in Google Play first.",
        Some(Store::Stripe) => "not cancelled. Cancel it in Stripe first.",
        Some(Store::WebBilling) => {
            "not cancelled. Deleting the customer at the billing provider cancels it at once."
        }
        None
        | Some(
            Store::Amazon
            | Store::Paddle
            | Store::Promotional
            | Store::Roku
            | Store::TestStore
            | Store::Other(_),
        ) => "not cancelled. The store keeps charging until the customer cancels there.",
    })
}

/// Whether the store will charge again, or is retrying a payment.
fn may_charge_again(purchase: &Purchase, now: Moment) -> bool {
    let is_failing = purchase.billing_issue_at.is_some() && purchase.unsubscribed_at.is_none();
    purchase.will_renew() || is_unsettled(purchase, now) || (is_failing && purchase.is_active(now))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::projection::testing::{NOW, purchase};

    #[test]
    fn the_erased_data_is_listed_in_numbers() {
        let held = Held {
            ids: 3,
            events: 14,
            purchases: 2,
            grants: 1,
            attributes: 8,
            beside: Beside { notes: 2, balances: 2, experiments: 1, overrides: 1, ..Beside::default() },
            live: Vec::new(),
        };
        insta::assert_snapshot!(held.erased().join("\n"), @"
        3 App User IDs and everything found by them
        14 events and 2 purchases, in production and in sandbox
        2 notes, 8 attributes and 1 granted entitlement
        The offering override, 2 currency balances and 1 experiment enrolment
        ");
        assert!(!held.is_bare());
        assert_eq!(held.version(CustomerId(7)), "7.3.14.3.2.8.4");
        assert!(Held { ids: 1, ..Held::default() }.is_bare());
    }

    #[test]
    fn the_id_must_be_typed_exactly_and_the_state_must_be_unchanged() {
        let held = Held { ids: 1, ..Held::default() };
        let check = |confirm: &str, seen: Option<String>| {
            Confirmation { confirm: confirm.into(), seen }.check("Lena", &held, CustomerId(7)).err()
        };
        assert_eq!(check(" Lena\n", None), None);
        assert_eq!(check("Lena", Some(held.version(CustomerId(7)))), None);
        assert_eq!(check("Lena", Some(held.version(CustomerId(8)))), Some(Refusal::stale()));
        for typed in ["lena", "", "Len", "Lena2"] {
            let field = check(typed, None).map(|refusal| refusal.problems[0].field);
            assert_eq!(field, Some("confirm"), "{typed}");
        }
    }

    #[test]
    fn each_store_has_its_own_sentence() {
        let stores = ["APP_STORE", "PLAY_STORE", "STRIPE", "RC_BILLING", "AMAZON", "TEST_STORE"];
        let mut live: Vec<Purchase> = stores.iter().map(|store| purchase(json!({ "store": store }))).collect();
        live.push(purchase(json!({ "unsubscribed_at": NOW.plus_days(-1) })));
        live.push(purchase(json!({ "expires_at": NOW.plus_days(-9), "expiration_reason": "UNSUBSCRIBE" })));
        live.push(purchase(json!({ "expires_at": NOW.plus_days(-9), "expiration_reason": "BILLING_ERROR" })));
        let (two_days_ago, in_two_weeks) = (NOW.plus_days(-2), NOW.plus_days(14));
        live.push(purchase(json!({
            "expires_at": two_days_ago, "billing_issue_at": two_days_ago, "grace_expires_at": in_two_weeks,
        })));
        live.push(purchase(json!({ "is_family_share": true })));
        let held = Held { live, ..Held::default() };
        let effects: Vec<String> = held.outside_effects(NOW, |_| "Pro".into()).iter().map(Sentence::plain).collect();
        insta::assert_snapshot!(effects.join("\n"), @"
        Pro, App Store: not cancelled. Only the customer can do that, in their Apple account.
        Pro, Google Play: not cancelled. Cancel it, or refund and revoke it, in Google Play first.
        Pro, Stripe: not cancelled. Cancel it in Stripe first.
        Pro, Web Billing: not cancelled. Deleting the customer at the billing provider cancels it at once.
        Pro, Amazon Appstore: not cancelled. The store keeps charging until the customer cancels there.
        Pro, Test Store: ends with the customer; it is a test and costs nothing.
        Pro, App Store: not changed; it ends in 18 days.
        Pro, App Store: not cancelled. Only the customer can do that, in their Apple account.
        Pro, App Store: not cancelled. Only the customer can do that, in their Apple account.
        Pro, App Store: not touched. It belongs to a relative who shares it.
        ");
    }
}
