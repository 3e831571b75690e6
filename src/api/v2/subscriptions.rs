//! Subscriptions: every purchase with an end, including grants.

use serde::Serialize;

use super::bought::{Bought, Renderer, Shown, store, transaction};
use super::money::Amount;
use super::sold::Product;
use crate::api::v1::customer_info;
use crate::base::clock::Moment;
use crate::projection::{Purchase, Status};

#[derive(Debug, Serialize)]
pub struct Subscription {
    object: &'static str,
    #[serde(flatten)]
    bought: Bought,
    starts_at: Moment,
    current_period_starts_at: Moment,
    current_period_ends_at: Option<Moment>,
    ends_at: Option<Moment>,
    gives_access: bool,
    /// Whether the store is still trying to collect a payment.
    pending_payment: bool,
    auto_renewal_status: &'static str,
    status: &'static str,
    total_revenue_in_usd: Amount,
    store_subscription_identifier: String,
    management_url: Option<&'static str>,
    pending_changes: Option<PendingChanges>,
}

/// What changes at the end of the period.
#[derive(Debug, Serialize)]
struct PendingChanges {
    product: Product,
}

impl Shown for Subscription {
    const PREFIX: &'static str = "sub";
    const PATH: &'static str = "subscriptions";
    const IDENTIFIER: &'static str = "store_subscription_identifier";

    fn is(purchase: &Purchase) -> bool {
        purchase.is_subscription()
    }

    fn render(renderer: &Renderer, purchase: &Purchase) -> Subscription {
        let state = purchase.status(renderer.now);
        let pending = purchase.pending_product.as_ref().filter(|_| renewal(purchase) == WILL_CHANGE);
        let product = |id: &String| renderer.sold.subscription(store(purchase), id);
        Subscription {
            object: "subscription",
            bought: renderer.bought::<Subscription>(purchase),
            starts_at: purchase.first_purchased_at,
            current_period_starts_at: purchase.period_start,
            current_period_ends_at: purchase.expires_at,
            ends_at: purchase.expires_at,
            gives_access: renderer.gives_access(purchase),
            pending_payment: matches!(state, Status::Grace | Status::GraceInTrial | Status::BillingRetry),
            auto_renewal_status: renewal(purchase),
            status: status(state),
            total_revenue_in_usd: renderer.ledger.total(purchase),
            store_subscription_identifier: transaction(purchase),
            management_url: customer_info::management_url(purchase, renderer.now),
            pending_changes: pending.map(|id| PendingChanges { product: product(id) }),
        }
    }
}

/// The word of v2 for the status of a purchase.
fn status(state: Status) -> &'static str {
    match state {
        Status::Trial | Status::TrialCancelled => "trialing",
        Status::Grace | Status::GraceInTrial => "in_grace_period",
        Status::BillingRetry => "in_billing_retry",
        Status::Paused => "paused",
        Status::Intro
        | Status::Active
        | Status::Cancelled
        | Status::Prepaid
        | Status::Granted
        | Status::Owned
        | Status::Temporary => "active",
        Status::Refunded | Status::Expired | Status::GrantOver => "expired",
    }
}

const WILL_CHANGE: &str = "will_change_product";

/// What happens at the end of the period.
fn renewal(purchase: &Purchase) -> &'static str {
    match purchase {
        one if !one.will_renew() => "will_not_renew",
        one if one.pending_product.is_some() => WILL_CHANGE,
        one if one.pause_asked_at.is_some() => "will_pause",
        _ => "will_renew",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::projection::testing::{NOW, purchase};

    #[test]
    fn the_words_follow_from_the_status_of_a_purchase() {
        let states = |changes| {
            let one = purchase(changes);
            (status(one.status(NOW)), renewal(&one))
        };
        let (ahead, over) = (NOW.plus_days(3), NOW.plus_days(-3));
        assert_eq!(states(json!({ "expires_at": ahead })), ("active", "will_renew"));
        assert_eq!(states(json!({ "expires_at": ahead, "period_type": "TRIAL" })), ("trialing", "will_renew"));
        let left = json!({ "expires_at": ahead, "unsubscribed_at": over });
        assert_eq!(states(left), ("active", "will_not_renew"));
        let failing = json!({ "expires_at": over, "grace_expires_at": ahead, "billing_issue_at": over });
        assert_eq!(states(failing), ("in_grace_period", "will_not_renew"));
        assert_eq!(states(json!({ "expires_at": over, "billing_issue_at": over })).0, "in_billing_retry");
        assert_eq!(states(json!({ "expires_at": ahead, "pending_product": "pro" })), ("active", "will_change_product"));
        assert_eq!(states(json!({ "expires_at": ahead, "pause_asked_at": over })), ("active", "will_pause"));
        assert_eq!(states(json!({ "expires_at": over, "unsubscribed_at": over })), ("expired", "will_not_renew"));
    }
}
