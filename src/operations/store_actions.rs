//! What a server can request from the store of a purchase (§C3.13 to §C3.17): one row per action says which purchase
//! is meant, in which stores the action exists, and what it does in the Test Store (§17). Dossier is connected to no
//! other store.

use std::borrow::Cow;

use super::test_store;
use crate::audit::{Action, Ctx, Trace};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::events::Store;
use crate::projection::{Kind, Purchase};

/// One action, as a row of the table below.
pub struct StoreAction {
    named_by: NamedBy,
    applies_to: fn(&Purchase) -> bool,
    only_in: Option<OnlyIn>,
    in_test_store: Option<InTestStore>,
}

/// Gives back the money of a payment and ends the access it paid for.
pub static REFUND: StoreAction = StoreAction {
    named_by: NamedBy::NewestPayment,
    applies_to: |_| true,
    only_in: None,
    in_test_store: Some(InTestStore {
        refused: |purchase, _| purchase.refunded_at.map(|_| "The purchase was refunded already."),
        execute: test_store::refund,
        recorded_as: Action::PurchaseRefunded,
    }),
};

/// Refunds the current period of a subscription, named by its product.
pub static REVOKE: StoreAction = StoreAction {
    named_by: NamedBy::Product,
    applies_to: Purchase::is_subscription,
    only_in: None,
    in_test_store: Some(InTestStore {
        refused: |purchase, now| match purchase.refunded_at {
            Some(_) => Some("The purchase was refunded already."),
            None => is_over(purchase, now),
        },
        execute: test_store::refund,
        recorded_as: Action::PurchaseRefunded,
    }),
};

/// Switches the renewal of a subscription off.
pub static CANCEL: StoreAction = StoreAction {
    named_by: NamedBy::AnyPayment,
    applies_to: can_renew,
    only_in: None,
    in_test_store: Some(InTestStore {
        refused: |purchase, now| {
            let is_off = purchase.unsubscribed_at.map(|_| "The renewal of the subscription is switched off already.");
            is_over(purchase, now).or(is_off)
        },
        execute: test_store::cancel,
        recorded_as: Action::SubscriptionCancelled,
    }),
};

/// Postpones the next payment of a subscription, named by its product.
pub static DEFER: StoreAction = StoreAction {
    named_by: NamedBy::Product,
    applies_to: can_renew,
    only_in: Some(OnlyIn { stores: &[Store::PlayStore], why: "Only subscriptions of Google Play can be deferred." }),
    in_test_store: None,
};

/// Lengthens the current period of a subscription.
pub static EXTEND: StoreAction = StoreAction {
    named_by: NamedBy::AnyPayment,
    applies_to: can_renew,
    only_in: Some(OnlyIn {
        stores: &[Store::AppStore, Store::MacAppStore],
        why: "Only subscriptions of the App Store can be extended.",
    }),
    in_test_store: None,
};

/// What names a purchase in a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NamedBy {
    /// The product, with or without the base plan that Google puts behind a colon.
    Product,
    /// The transaction of the first or of the newest payment.
    AnyPayment,
    /// The transaction of the newest payment: a subscription keeps no other that could be refunded.
    NewestPayment,
}

/// The stores that know an action, and the sentence for every other store.
struct OnlyIn {
    stores: &'static [Store],
    why: &'static str,
}

/// What an action does to a purchase of the Test Store.
struct InTestStore {
    /// Why there is nothing to change, if so.
    refused: fn(&Purchase, Moment) -> Option<&'static str>,
    execute: fn(&mut Conn, &Ctx, CustomerId, &Purchase) -> Result<(), Error>,
    recorded_as: Action,
}

/// Why an action was not carried out.
#[derive(Debug)]
pub enum StoreActionError {
    NoSuchPurchase,
    /// Only the newest payment of a subscription can be refunded, and the request names an earlier one.
    EarlierPayment,
    /// The store does not support the action, is not connected, or there is nothing to change. The sentence says which.
    Refused(Cow<'static, str>),
    Failed(Error),
}

impl From<Error> for StoreActionError {
    fn from(error: Error) -> StoreActionError {
        StoreActionError::Failed(error)
    }
}

impl StoreAction {
    /// Carries the action out on the newest purchase of the customer with this product or transaction.
    pub fn execute(
        &self,
        conn: &mut Conn,
        ctx: &Ctx,
        customer: CustomerId,
        all: Vec<Purchase>,
        name: &str,
    ) -> Result<Trace, StoreActionError> {
        let purchase = self.find(all, name)?;
        let in_test_store = self.check_store(&purchase).map_err(StoreActionError::Refused)?;
        if let Some(why) = (in_test_store.refused)(&purchase, ctx.now) {
            return Err(StoreActionError::Refused(why.into()));
        }
        (in_test_store.execute)(conn, ctx, customer, &purchase)?;
        Ok(Trace::new(in_test_store.recorded_as).about(&purchase.product_id))
    }

    fn find(&self, all: Vec<Purchase>, name: &str) -> Result<Purchase, StoreActionError> {
        let is_earlier =
            self.named_by == NamedBy::NewestPayment && all.iter().any(|one| is(&one.original_transaction_id, name));
        let found = all.into_iter().filter(|one| self.named_by.matches(one, name) && (self.applies_to)(one));
        found.max_by_key(|one| one.period_start).ok_or(match is_earlier {
            true => StoreActionError::EarlierPayment,
            false => StoreActionError::NoSuchPurchase,
        })
    }

    /// What the action does to this purchase, or why its store cannot do it.
    fn check_store(&self, purchase: &Purchase) -> Result<&InTestStore, Cow<'static, str>> {
        let store = purchase.store.as_ref();
        if store == Some(&Store::Promotional) {
            return Err("This was granted, not bought. Use revoke_promotionals instead.".into());
        }
        if let Some(only_in) = &self.only_in
            && !store.is_some_and(|store| only_in.stores.contains(store))
        {
            return Err(only_in.why.into());
        }
        let known = self.in_test_store.as_ref().filter(|_| store == Some(&Store::TestStore));
        known.ok_or_else(|| {
            let name = store.map(Store::name).filter(|name| !name.is_empty()).unwrap_or("the store");
            format!(
                "This installation has no connection to {name}, so nothing was changed. Do it in the store's own console."
            )
            .into()
        })
    }
}

impl NamedBy {
    fn matches(self, purchase: &Purchase, name: &str) -> bool {
        match self {
            NamedBy::Product => {
                purchase.product_id == name || purchase.product_id.split_once(':').is_some_and(|(id, _)| id == name)
            }
            NamedBy::AnyPayment => is(&purchase.transaction_id, name) || is(&purchase.original_transaction_id, name),
            NamedBy::NewestPayment => is(&purchase.transaction_id, name),
        }
    }
}

fn is(transaction: &Option<String>, name: &str) -> bool {
    transaction.as_deref() == Some(name)
}

fn can_renew(purchase: &Purchase) -> bool {
    purchase.kind != Kind::OneTime
}

fn is_over(purchase: &Purchase, now: Moment) -> Option<&'static str> {
    (!purchase.is_active(now)).then_some("The subscription is over already.")
}
