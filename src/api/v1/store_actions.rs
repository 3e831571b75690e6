//! Actions that servers request from the store of a purchase, such as refunds (§C3.13 to §C3.17).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::answer;
use crate::api::body::Limit;
use crate::api::store_actions::{Named, Progress, ask};
use crate::api::v1::customer_info;
use crate::api::{AuthorizedCall, Caller, body, customers, errors};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::stored_purchases;
use crate::db::Conn;
use crate::operations::requests::{Extent, Refusal, Wish, find_by_transaction};
use crate::projection::Purchase;
use crate::stores::ExtendCode;
use crate::web::Incoming;

/// `POST …/transactions/{transaction}/refund`: gives one payment back. Access ends with that of the current period.
pub async fn refund(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let transaction = caller.parameter("transaction")?.to_owned();
    let wish =
        Wish::Refund { transaction: Some(transaction), amount: None, currency: None, keeps_access: false, seen: None };
    act(caller, req, &[], NamedBy::Transaction("transaction"), wish).await
}

/// `POST …/subscriptions/{subscription}/revoke`: refunds the newest payment. The path names the product.
pub async fn revoke(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let wish = Wish::Refund { transaction: None, amount: None, currency: None, keeps_access: false, seen: None };
    act(caller, req, &[], NamedBy::Product, wish).await
}

/// `POST …/subscriptions/{subscription}/cancel`. The path names a transaction.
pub async fn cancel(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    act(caller, req, &[], NamedBy::Transaction("subscription"), Wish::Cancel { at_once: false }).await
}

/// `POST …/subscriptions/{subscription}/defer`. The path names the product, the body a later end or a number of days.
pub async fn defer(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let body = body::json(incoming, Limit::Small).await?;
    let whole = |name: &str| body.get(name).and_then(Value::as_i64);
    let days = whole("extend_by_days").filter(|days| (1..=365).contains(days)).map(Extent::Days);
    let until = whole("expiry_time_ms").map(|until| Extent::Until(Moment(until)));
    let (Some(extent), true) = (days.or(until), days.is_some() != until.is_some()) else {
        let message = "The body must have either an expiry_time_ms or extend_by_days from 1 to 365.";
        return Err(errors::malformed(message));
    };
    let wish = Wish::Extend { extent, code: ExtendCode::default() };
    act(caller, req, body.to_string().as_bytes(), NamedBy::Product, wish).await
}

/// `POST …/subscriptions/{subscription}/extend`. The path names a transaction.
pub async fn extend(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let body = body::json(incoming, Limit::Small).await?;
    let whole = |name: &str| body.get(name).and_then(Value::as_i64);
    let days = whole("extend_by_days").filter(|days| (1..=90).contains(days));
    let code = whole("extend_reason_code").and_then(ExtendCode::from_number);
    let (Some(days), Some(code)) = (days, code) else {
        let message = "The body must have extend_by_days from 1 to 90 and extend_reason_code from 0 to 3.";
        return Err(errors::malformed(message));
    };
    let wish = Wish::Extend { extent: Extent::Days(days), code };
    act(caller, req, body.to_string().as_bytes(), NamedBy::Transaction("subscription"), wish).await
}

/// What names the purchase in the path.
#[derive(Clone, Copy)]
enum NamedBy {
    /// The product, with or without the base plan that Google puts behind a colon.
    Product,
    /// The transaction of any payment, in the parameter with this name.
    Transaction(&'static str),
}

impl NamedBy {
    const fn parameter(self) -> &'static str {
        match self {
            NamedBy::Product => "subscription",
            NamedBy::Transaction(parameter) => parameter,
        }
    }

    fn find(self, conn: &mut Conn, customer: CustomerId, name: &str) -> Result<Option<Purchase>, Error> {
        if let NamedBy::Transaction(_) = self {
            return Ok(find_by_transaction(conn, customer, name)?);
        }
        let is_it = |purchase: &Purchase| {
            let id = &purchase.product_id;
            purchase.is_subscription() && (id == name || id.split_once(':').is_some_and(|(base, _)| base == name))
        };
        let all = stored_purchases::load(conn, stored_purchases::of(customer))?;
        Ok(all.into_iter().filter(is_it).max_by_key(|purchase| purchase.period_start))
    }
}

/// Asks for it, and answers with the customer as they are then.
async fn act(
    caller: Caller,
    req: HttpRequest,
    body: &[u8],
    named_by: NamedBy,
    wish: Wish,
) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let name = caller.parameter(named_by.parameter())?.to_owned();
    let find = {
        let id = id.clone();
        move |conn: &mut Conn, call: &AuthorizedCall| {
            let customer = customers::require(conn, call, &id)?;
            let purchase = named_by.find(conn, customer, &name)?;
            let purchase = purchase.ok_or_else(|| crate::api::store_actions::refused(&Refusal::NoSuchPurchase))?;
            Ok((Named { customer, app_user_id: id, purchase }, wish))
        }
    };
    let progress = ask(&caller, &req, body, find).await?;
    let customer_info = caller
        .read(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            customer_info::load(conn, call, customer)
        })
        .await?;
    let status = match progress {
        Progress::Done => StatusCode::OK,
        Progress::UnderWay => StatusCode::ACCEPTED,
    };
    answer::customer(&req, status, customer_info)
}
