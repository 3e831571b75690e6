//! Actions that servers request from a store, such as refunds (§C3.13 to §C3.17). Dossier carries out those of the Test
//! Store; for any other store the answer says what is missing.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::answer;
use crate::api::v1::customer_info;
use crate::api::{AuthorizedCall, Caller, body, customers, errors};
use crate::audit::{Action, Trace};
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::events::Store;
use crate::operations::test_store;
use crate::projection::{Kind, Purchase};

/// The action that the server requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StoreAction {
    Refund,
    Revoke,
    Cancel,
    Defer,
    Extend,
}

/// `POST …/transactions/{transaction}/refund`
pub async fn refund(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    act(caller, req, StoreAction::Refund).await
}

/// `POST …/subscriptions/{subscription}/revoke`. The path names the product.
pub async fn revoke(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    act(caller, req, StoreAction::Revoke).await
}

/// `POST …/subscriptions/{subscription}/cancel`. The path names a transaction.
pub async fn cancel(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    act(caller, req, StoreAction::Cancel).await
}

/// `POST …/subscriptions/{subscription}/defer`. The path names the product, the body a later end or a number of days.
pub async fn defer(caller: Caller, req: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let body = body::json(payload).await?;
    let is_whole = |name: &str| body.get(name).and_then(Value::as_i64);
    let days = is_whole("extend_by_days").filter(|days| (1..=365).contains(days));
    match is_whole("expiry_time_ms").is_some() != days.is_some() {
        true => act(caller, req, StoreAction::Defer).await,
        false => Err(errors::malformed("The body must have either an expiry_time_ms or extend_by_days from 1 to 365.")),
    }
}

/// `POST …/subscriptions/{subscription}/extend`. The path names a transaction.
pub async fn extend(caller: Caller, req: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let body = body::json(payload).await?;
    let within = |name: &str, most: i64, least: i64| {
        body.get(name).and_then(Value::as_i64).is_some_and(|number| (least..=most).contains(&number))
    };
    match within("extend_by_days", 90, 1) && within("extend_reason_code", 3, 0) {
        true => act(caller, req, StoreAction::Extend).await,
        false => {
            Err(errors::malformed("The body must have extend_by_days from 1 to 90 and extend_reason_code from 0 to 3."))
        }
    }
}

async fn act(caller: Caller, req: HttpRequest, action: StoreAction) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let named =
        caller.parameter(if action == StoreAction::Refund { "transaction" } else { "subscription" })?.to_owned();
    let customer_info = caller
        .act(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            let purchase = action.find(customer_info::purchases_of(conn, customer)?, &named)?;
            let trace = action.carry_out(conn, call, customer, &purchase)?.for_customer(customer, &id);
            Ok((vec![trace], customer_info::load(conn, call, customer)?))
        })
        .await?;
    answer::customer(&req, StatusCode::OK, customer_info)
}

impl StoreAction {
    /// The newest purchase with the product or transaction that the path names.
    ///
    /// # Errors
    /// [`Error::Client`] when there is none, or when only the newest payment of its subscription could be refunded.
    fn find(self, all: Vec<Purchase>, named: &str) -> Result<Purchase, Error> {
        let is_named = |purchase: &Purchase| {
            let product =
                purchase.product_id.split_once(':').map_or(purchase.product_id.as_str(), |(product, _)| product);
            let by_product = purchase.product_id == named || product == named;
            let is = |transaction: &Option<String>| transaction.as_deref() == Some(named);
            match self {
                StoreAction::Revoke | StoreAction::Defer => by_product,
                // A subscription keeps only the transaction of its newest payment.
                StoreAction::Refund => is(&purchase.transaction_id),
                StoreAction::Cancel | StoreAction::Extend => {
                    is(&purchase.transaction_id) || is(&purchase.original_transaction_id)
                }
            }
        };
        let fits = |purchase: &Purchase| match self {
            StoreAction::Refund => true,
            StoreAction::Revoke => customer_info::is_subscription(purchase),
            StoreAction::Defer | StoreAction::Cancel | StoreAction::Extend => purchase.kind != Kind::OneTime,
        };
        let is_older = all.iter().any(|purchase| purchase.original_transaction_id.as_deref() == Some(named));
        let mut found: Vec<Purchase> = all.into_iter().filter(|one| is_named(one) && fits(one)).collect();
        found.sort_by_key(|purchase| purchase.period_start);
        found.pop().ok_or_else(|| match self == StoreAction::Refund && is_older {
            true => {
                let why = "This was an earlier payment of the subscription. Only the newest can be refunded here.";
                errors::refuse(StatusCode::BAD_REQUEST, errors::STORE_PROBLEM, why)
            }
            false => errors::refuse(StatusCode::NOT_FOUND, errors::NO_CUSTOMER, "This customer has no such purchase."),
        })
    }

    fn carry_out(
        self,
        conn: &mut Conn,
        call: &AuthorizedCall,
        customer: CustomerId,
        purchase: &Purchase,
    ) -> Result<Trace, Error> {
        self.check_possible(call, purchase)?;
        let action = match self {
            StoreAction::Cancel => {
                test_store::cancel(conn, &call.ctx, customer, purchase)?;
                Action::SubscriptionCancelled
            }
            StoreAction::Refund | StoreAction::Revoke => {
                test_store::refund(conn, &call.ctx, customer, purchase)?;
                Action::PurchaseRefunded
            }
            StoreAction::Defer | StoreAction::Extend => {
                return Err(Error::Internal("the Test Store does not defer or extend".into()));
            }
        };
        Ok(Trace::new(action).about(&purchase.product_id))
    }

    /// # Errors
    /// [`Error::Client`] with code 7101 when the store does not support the action, is not connected, or the action has
    /// nothing to change.
    fn check_possible(self, call: &AuthorizedCall, purchase: &Purchase) -> Result<(), Error> {
        let store = purchase.store.clone().unwrap_or(Store::Other(String::new()));
        match (self, &store) {
            (_, Store::Promotional) => refused("This was granted, not bought. Use revoke_promotionals instead."),
            (StoreAction::Defer, _) if store != Store::PlayStore => refused(ONLY_GOOGLE_DEFERS),
            (StoreAction::Extend, _) if !matches!(store, Store::AppStore | Store::MacAppStore) => {
                refused(ONLY_APPLE_EXTENDS)
            }
            (_, Store::TestStore) => self.check_in_test_store(call, purchase),
            (
                StoreAction::Refund
                | StoreAction::Revoke
                | StoreAction::Cancel
                | StoreAction::Defer
                | StoreAction::Extend,
                store,
            ) => {
                let name = if store.name().is_empty() { "the store" } else { store.name() };
                refused(&format!(
                    "This installation has no connection to {name}, so nothing was changed. Do it in the store's own \
                     console."
                ))
            }
        }
    }

    fn check_in_test_store(self, call: &AuthorizedCall, purchase: &Purchase) -> Result<(), Error> {
        let is_over = !purchase.is_active(call.ctx.now);
        match self {
            StoreAction::Refund | StoreAction::Revoke if purchase.refunded_at.is_some() => {
                refused("The purchase was refunded already.")
            }
            StoreAction::Revoke | StoreAction::Cancel if is_over => refused("The subscription is over already."),
            StoreAction::Cancel if purchase.unsubscribed_at.is_some() => {
                refused("The renewal of the subscription is switched off already.")
            }
            StoreAction::Refund | StoreAction::Revoke | StoreAction::Cancel => Ok(()),
            StoreAction::Defer => refused(ONLY_GOOGLE_DEFERS),
            StoreAction::Extend => refused(ONLY_APPLE_EXTENDS),
        }
    }
}

const ONLY_GOOGLE_DEFERS: &str = "Only subscriptions of Google Play can be deferred.";
const ONLY_APPLE_EXTENDS: &str = "Only subscriptions of the App Store can be extended.";

fn refused(why: &str) -> Result<(), Error> {
    Err(errors::refuse(StatusCode::BAD_REQUEST, errors::STORE_PROBLEM, why))
}
