//! Chooses the offering of one customer (§C3.6, §C3.7, §8). It is the same action as on the page.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use super::answer;
use crate::api::v1::customer_info::{self, CustomerInfo};
use crate::api::{AuthorizedCall, Caller, asking, customers, errors};
use crate::audit::Trace;
use crate::base::Role;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::overrides::{TEST_CUSTOMERS_ONLY, queries as customers_overrides};
use crate::db::Conn;
use crate::operations::overrides::{self, Refusal};
use crate::stores::CustomerAct;

/// `POST …/offerings/{offering}/override`
pub async fn choose(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let offering = caller.parameter("offering")?.to_owned();
    ask_to_assign(&caller, &req, Some(&offering)).await?;
    let customer_info = change(&caller, Some(offering)).await?;
    answer::customer(&req, StatusCode::CREATED, customer_info)
}

/// `DELETE …/offerings/override`
pub async fn clear(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    ask_to_assign(&caller, &req, None).await?;
    let customer_info = change(&caller, None).await?;
    answer::customer(&req, StatusCode::CREATED, customer_info)
}

async fn change(caller: &Caller, offering: Option<String>) -> Result<CustomerInfo, Error> {
    let id = caller.app_user_id()?.to_owned();
    caller
        .act(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            let trace = assign(conn, call, customer, offering.as_deref())?;
            let traces = trace.map(|trace| trace.for_customer(customer, &id)).into_iter().collect();
            Ok((traces, customer_info::load(conn, call, customer)?))
        })
        .await
}

/// In a connected project asks RevenueCat for the offering first. What it has done is then found to be there.
///
/// # Errors
/// Those of [`asking::ask`]; as [`assign`].
pub async fn ask_to_assign(caller: &Caller, req: &HttpRequest, offering: Option<&str>) -> Result<(), Error> {
    let (id, offering) = (caller.app_user_id()?.to_owned(), offering.map(str::to_owned));
    asking::ask(caller, req, &id, move |conn, call, customer| {
        must_be_allowed(conn, call, customer)?;
        let is_default = overrides::is_default(conn, &call.ctx, offering.as_deref())?.map_err(refused)?;
        Ok(Some(CustomerAct::Override { offering: offering.filter(|_| !is_default), until: None }))
    })
    .await
}

fn must_be_allowed(conn: &mut Conn, call: &AuthorizedCall, customer: CustomerId) -> Result<(), Error> {
    let role = call.key.role.unwrap_or(Role::Viewer);
    match customers_overrides::may_change(conn, call.ctx.project, customer, role)? {
        true => Ok(()),
        false => Err(errors::forbidden(errors::SECRET_KEY_NEEDED, TEST_CUSTOMERS_ONLY)),
    }
}

fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Unknown => errors::missing("The project has no such offering."),
        Refusal::Archived => errors::malformed("This offering is archived."),
    }
}

/// Sets the override of a customer, or clears it. Returns no trace when nothing changed.
///
/// # Errors
/// [`Error::Client`] when the project does not have the offering (status 404) or has archived it (status 400), or when the
/// key has the role of a developer and the customer is not a test customer (status 403).
pub fn assign(
    conn: &mut Conn,
    call: &AuthorizedCall,
    customer: CustomerId,
    offering: Option<&str>,
) -> Result<Option<Trace>, Error> {
    must_be_allowed(conn, call, customer)?;
    overrides::choose(conn, &call.ctx, customer, &call.key.name, offering)?.map_err(refused)
}
