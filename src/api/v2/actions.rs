//! `POST …/customers/{id}/actions/…`: the same actions as on the page, with the same entries in the audit log.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::answer;
use super::customer;
use super::customer::Customer;
use super::fields::{Fields, wrong};
use crate::api::body::Limit;
use crate::api::v1::{grants, overrides};
use crate::api::{AuthorizedCall, Caller, asking, customers, errors};
use crate::audit::{Action, Trace};
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::identity;
use crate::db::Conn;
use crate::operations::grants::Length;
use crate::operations::transfer::{Move, Refusal, movable};
use crate::stores::CustomerAct;
use crate::web::Incoming;
use crate::wording::text::count;

#[derive(Serialize)]
struct Transferred {
    source_customer: Customer,
    target_customer: Customer,
}

pub async fn grant(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let fields = Fields::read(incoming, Limit::Small).await?;
    let (entitlement, until) = (fields.text("entitlement_id")?, fields.moment("expires_at")?);
    if until <= caller.now() {
        return Err(wrong("expires_at", "expires_at must be in the future."));
    }
    grants::ask_to_grant(&caller, &req, caller.app_user_id()?, &entitlement, Length::Until(until)).await?;
    let granted = change(&caller, move |conn, call, customer| {
        grants::grant(conn, call, customer, &entitlement, Length::Until(until))
    })
    .await?;
    Ok(answer::json(&caller, StatusCode::CREATED, &granted))
}

pub async fn revoke(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let entitlement = Fields::read(incoming, Limit::Small).await?.text("entitlement_id")?;
    grants::ask_to_revoke(&caller, &req, caller.app_user_id()?, &entitlement).await?;
    let revoked =
        change(&caller, move |conn, call, customer| grants::take_back(conn, call, customer, &entitlement)).await?;
    Ok(answer::json(&caller, StatusCode::OK, &revoked))
}

/// Sets the offering of a customer; `offering_id: null` returns to the project's default.
pub async fn assign(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let offering = Fields::read(incoming, Limit::Small).await?.text_or_null("offering_id")?;
    overrides::ask_to_assign(&caller, &req, offering.as_deref()).await?;
    let assigned =
        change(&caller, move |conn, call, customer| overrides::assign(conn, call, customer, offering.as_deref()))
            .await?;
    Ok(answer::json(&caller, StatusCode::OK, &assigned))
}

/// Moves every purchase except grants. When nothing is left to move the call succeeds, so that a program may repeat it.
pub async fn transfer(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let fields = Fields::read(incoming, Limit::Small).await?;
    let (id, target) = (caller.app_user_id()?.to_owned(), fields.text(TARGET)?);
    if fields.list("app_ids")?.is_some_and(|apps| !apps.is_empty()) {
        return Err(wrong("app_ids", "app_ids is not supported: the purchases of all apps move together."));
    }
    let to = target.clone();
    asking::ask(&caller, &req, &id, move |conn, call, from| {
        let receiver = identity::find(conn, call.ctx.project, &to)?;
        let is_something = receiver != Some(from) && movable(conn, from)? > 0;
        Ok(is_something.then_some(CustomerAct::Transfer { to }))
    })
    .await?;
    let transferred = caller
        .act(move |conn, call| {
            let from = customers::require(conn, call, &id)?;
            let to = identity::find(conn, call.ctx.project, &target)?;
            let to = to.ok_or_else(|| errors::missing("No customer has the id in target_customer_id."))?;
            let traces = match (Move { from, to }).make(conn, &call.ctx)? {
                Ok(moved) => vec![entry(moved.purchases, &target).for_customer(from, &id)],
                Err(Refusal::NoPurchases) => Vec::new(),
                Err(Refusal::Same) => return Err(wrong(TARGET, "Both ids belong to the same customer.")),
            };
            let source_customer = customer::load(conn, call, from, false)?;
            Ok((traces, Transferred { source_customer, target_customer: customer::load(conn, call, to, false)? }))
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &transferred))
}

const TARGET: &str = "target_customer_id";

fn entry(moved: i64, target: &str) -> Trace {
    let counted = count(moved, "purchase", "purchases");
    Trace::new(Action::PurchasesTransferred).before(counted).after(format!("moved to {target}"))
}

/// Runs one action on the customer in the path and returns them as they are afterwards. `work` returns no trace when it
/// changed nothing.
async fn change<W>(caller: &Caller, work: W) -> Result<Customer, Error>
where
    W: FnOnce(&mut Conn, &AuthorizedCall, CustomerId) -> Result<Option<Trace>, Error> + Send + 'static,
{
    let id = caller.app_user_id()?.to_owned();
    caller
        .act(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            let trace = work(conn, call, customer)?;
            let traces = trace.map(|trace| trace.for_customer(customer, &id)).into_iter().collect();
            Ok((traces, customer::load(conn, call, customer, false)?))
        })
        .await
}
