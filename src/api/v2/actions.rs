//! `POST …/customers/{id}/actions/…`: the same actions as on the page, with the same entries in the log.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Payload;
use serde::Serialize;

use super::customer;
use super::customer::Customer;
use super::fields::{Fields, wrong};
use crate::api::v1::{grants, overrides};
use crate::api::v2::project_call::{self, Within};
use crate::api::{Caller, customers, errors};
use crate::audit::{Action, Trace};
use crate::base::error::Error;
use crate::customers::identity;
use crate::db::Conn;
use crate::operations::grants::Length;
use crate::operations::transfer::{Move, Refusal};
use crate::projection::CustomerId;
use crate::wording::text::count;

#[derive(Serialize)]
struct Transferred {
    source_customer: Customer,
    target_customer: Customer,
}

pub async fn grant(caller: Caller, payload: Payload) -> Result<HttpResponse, Error> {
    project_call::authenticate(&caller).await?;
    let fields = Fields::read(payload).await?;
    let (entitlement, until) = (fields.text("entitlement_id")?, fields.moment("expires_at")?);
    if until <= caller.now {
        return Err(wrong("expires_at", "expires_at must be in the future."));
    }
    let granted = change(&caller, move |conn, within, customer| {
        grants::grant(conn, within.inside, customer, &entitlement, Length::Until(until))
    })
    .await?;
    Ok(project_call::answer(&caller, StatusCode::CREATED, &granted))
}

pub async fn revoke(caller: Caller, payload: Payload) -> Result<HttpResponse, Error> {
    project_call::authenticate(&caller).await?;
    let entitlement = Fields::read(payload).await?.text("entitlement_id")?;
    let revoked =
        change(&caller, move |conn, within, customer| grants::take_back(conn, within.inside, customer, &entitlement))
            .await?;
    Ok(project_call::answer(&caller, StatusCode::OK, &revoked))
}

/// An offering, or null for the project's default.
pub async fn assign(caller: Caller, payload: Payload) -> Result<HttpResponse, Error> {
    project_call::authenticate(&caller).await?;
    let offering = Fields::read(payload).await?.text_or_null("offering_id")?;
    let assigned = change(&caller, move |conn, within, customer| {
        overrides::assign(conn, within.inside, customer, offering.as_deref())
    })
    .await?;
    Ok(project_call::answer(&caller, StatusCode::OK, &assigned))
}

/// All that stores sold moves. Where nothing is left to move, it has moved: a program may ask twice.
pub async fn transfer(caller: Caller, payload: Payload) -> Result<HttpResponse, Error> {
    project_call::authenticate(&caller).await?;
    let fields = Fields::read(payload).await?;
    let (id, target) = (caller.app_user_id()?.to_owned(), fields.text(TARGET)?);
    if fields.list("app_ids")?.is_some_and(|apps| !apps.is_empty()) {
        return Err(wrong("app_ids", "app_ids is not supported: the purchases of all apps move together."));
    }
    let transferred = project_call::act(&caller, move |conn, within| {
        let from = customers::known(conn, within.inside, &id)?;
        let to = identity::find(conn, within.inside.project, &target)?;
        let to = to.ok_or_else(|| errors::missing("No customer has the id in target_customer_id."))?;
        let one = Move { project: within.inside.project, from, to, now: within.inside.now };
        let traces = match one.make(conn, within.inside.ids)? {
            Ok(moved) => vec![entry(moved, &target).for_customer(from, &id)],
            Err(Refusal::NoPurchases) => Vec::new(),
            Err(Refusal::Same) => return Err(wrong(TARGET, "Both ids are of one customer.")),
        };
        let source_customer = customer::load(conn, within, from, false)?;
        Ok((traces, Transferred { source_customer, target_customer: customer::load(conn, within, to, false)? }))
    })
    .await?;
    Ok(project_call::answer(&caller, StatusCode::OK, &transferred))
}

const TARGET: &str = "target_customer_id";

fn entry(moved: i64, target: &str) -> Trace {
    let counted = count(moved, "purchase", "purchases");
    Trace::new(Action::PurchasesTransferred).before(counted).after(format!("moved to {target}"))
}

/// One action on the customer of the path, and what they are afterwards. No trace: nothing changed.
async fn change<W>(caller: &Caller, work: W) -> Result<Customer, Error>
where
    W: FnOnce(&mut Conn, &Within<'_>, CustomerId) -> Result<Option<Trace>, Error> + Send + 'static,
{
    let id = caller.app_user_id()?.to_owned();
    project_call::act(caller, move |conn, within| {
        let customer = customers::known(conn, within.inside, &id)?;
        let trace = work(conn, within, customer)?;
        let traces = trace.map(|trace| trace.for_customer(customer, &id)).into_iter().collect();
        Ok((traces, customer::load(conn, within, customer, false)?))
    })
    .await
}
