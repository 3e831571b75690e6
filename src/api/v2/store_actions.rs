//! `POST …/subscriptions/{purchase}/actions/…`, `…/transactions/{transaction}/actions/refund` and
//! `…/purchases/{purchase}/actions/refund`: what is asked of the store of a purchase. The same requests as the page's (§C6).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::bought::{self, Shown};
use super::fields::wrong;
use super::purchases::OneTime;
use super::subscriptions::Subscription;
use super::{answer, finding, transactions};
use crate::api::body::Limit;
use crate::api::store_actions::{Named, Progress, ask};
use crate::api::{AuthorizedCall, Caller, body};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::customers::subject;
use crate::db::Conn;
use crate::operations::requests::{Extent, Wish};
use crate::stores::ExtendCode;
use crate::web::Incoming;

/// Switches renewal off: access lasts until the period ends.
pub async fn cancel(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let progress = act::<Subscription>(&caller, &req, &[], Wish::Cancel { at_once: false }).await?;
    shown::<Subscription>(caller, progress).await
}

/// Refunds the newest payment of a subscription, and ends access.
pub async fn refund(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let progress = act::<Subscription>(&caller, &req, &[], whole(None, false)).await?;
    shown::<Subscription>(caller, progress).await
}

/// Refunds a one-time purchase, and ends access.
pub async fn refund_purchase(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let progress = act::<OneTime>(&caller, &req, &[], whole(None, false)).await?;
    shown::<OneTime>(caller, progress).await
}

/// Refunds one payment of a subscription. It neither cancels nor ends access.
pub async fn refund_transaction(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let transaction = caller.parameter("transaction")?.to_owned();
    let progress = act::<Subscription>(&caller, &req, &[], whole(Some(transaction.clone()), true)).await?;
    let id = caller.parameter("purchase")?.to_owned();
    let period = caller.read(move |conn, call| transactions::one(conn, call, &id, &transaction)).await?;
    Ok(answer::json(&caller, status(progress), &period))
}

/// Moves the end of the period by days or to a moment.
pub async fn extend(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let body = body::json(incoming, Limit::Small).await?;
    let number = |name: &'static str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| wrong(name, format!("{name} must be a whole number."))),
    };
    let extent = match (number("extend_by_days")?, number("extend_until_ms")?) {
        (Some(days), None) => Extent::Days(days),
        (None, Some(until)) => Extent::Until(Moment(until)),
        _ => return Err(wrong("extend_by_days", "Send either extend_by_days or extend_until_ms.")),
    };
    let code = match body.get("extend_reason_code") {
        None | Some(Value::Null) => Some(ExtendCode::default()),
        Some(code) => code.as_str().and_then(ExtendCode::parse),
    };
    let known = "extend_reason_code must be undeclared, customer_satisfaction, other or service_issue_or_outage.";
    let code = code.ok_or_else(|| wrong("extend_reason_code", known))?;
    let wish = Wish::Extend { extent, code };
    let progress = act::<Subscription>(&caller, &req, body.to_string().as_bytes(), wish).await?;
    shown::<Subscription>(caller, progress).await
}

fn whole(transaction: Option<String>, keeps_access: bool) -> Wish {
    Wish::Refund { transaction, amount: None, currency: None, keeps_access, seen: None }
}

async fn act<T: Shown>(caller: &Caller, req: &HttpRequest, body: &[u8], wish: Wish) -> Result<Progress, Error> {
    let id = caller.parameter("purchase")?.to_owned();
    let find = move |conn: &mut Conn, call: &AuthorizedCall| {
        let (customer, purchase) = finding::by_id(conn, call, T::PREFIX, &id)?;
        if !T::is(&purchase) {
            return Err(finding::missing());
        }
        let app_user_id = subject::load(conn, customer)?.app_user_id;
        Ok((Named { customer, app_user_id, purchase }, wish))
    };
    ask(caller, req, body, find).await
}

/// Answers with the purchase as it is then.
async fn shown<T: Shown>(caller: Caller, progress: Progress) -> Result<HttpResponse, Error> {
    let id = caller.parameter("purchase")?.to_owned();
    let shown = caller
        .read(move |conn, call| {
            let (renderer, purchase) = bought::find::<T>(conn, call, &id)?;
            Ok(T::render(&renderer, &purchase))
        })
        .await?;
    Ok(answer::json(&caller, status(progress), &shown))
}

const fn status(progress: Progress) -> StatusCode {
    match progress {
        Progress::Done => StatusCode::OK,
        Progress::UnderWay => StatusCode::ACCEPTED,
    }
}
