//! `GET …/customers/{id}/explanation`: why a customer has access or not, in the words of the page.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;

use super::fields::wrong;
use super::{answer, bought};
use crate::api::{Caller, customers};
use crate::base::error::Error;
use crate::catalog;
use crate::customers::{Asked, sandbox_access, state, stored_purchases};
use crate::db::schema;
use crate::events::Environment;
use crate::explanation::{Known, ShownAll, Writing, concerned, explain};
use crate::operations::evidence::Evidence;
use crate::stores::revenuecat::queries::connected;
use crate::web::form;

/// Of one environment: `environment=sandbox`, or production; with `at`, and `known=then`, as of a moment. The answers are in the
/// customer's language, or in that of `language`.
///
/// # Errors
/// [`Error::Parameter`] for a bad environment or moment; [`Error::Client`] for an unknown customer.
pub async fn show(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.app_user_id()?.to_owned(), caller.query.clone());
    let shown = caller
        .read(move |conn, call| {
            let asked = form::field(&query, "environment");
            let environment = asked.as_deref().map_or(Ok(Environment::Production), bought::environment)?;
            let (at, known) = (form::field(&query, "at"), form::field(&query, "known"));
            let asked = Asked::parse(at.as_deref(), known.as_deref(), call.ctx.now);
            let as_of = asked.map_err(|malformed| wrong("at", malformed.0))?.past();
            let customer = customers::require(conn, call, &id)?;
            let (project, now) = (call.ctx.project, call.ctx.now);
            let row = schema::customers::table.find(customer);
            let columns = (
                schema::customers::email,
                schema::customers::made_sandbox,
                schema::customers::status_purchase.is_not_null(),
            );
            let (email, made_sandbox, made_real): (Option<String>, bool, bool) = row.select(columns).first(conn)?;
            let columns = (schema::customers::locale, schema::customers::country, schema::customers::event_country);
            let (locale, country, billed_in): (Option<String>, Option<String>, Option<String>) =
                row.select(columns).first(conn)?;
            let writing = Writing::of(locale.as_deref(), country.or(billed_in).as_deref());
            let writing = writing.asked(form::field(&query, "language").as_deref());
            let catalog = catalog::queries::load(conn, project)?;
            let is_sandbox = environment == Environment::Sandbox;
            let (purchases, made_sandbox, made_real) = match as_of {
                Some(as_of) => {
                    let past = state::as_of(conn, project, customer, as_of)?;
                    let chosen = stored_purchases::choose(past.purchases, environment, &catalog);
                    (chosen, past.totals.made_sandbox, past.totals.status.is_some())
                }
                None => {
                    let chosen = stored_purchases::most_important(conn, project, customer, environment)?;
                    (chosen, made_sandbox, made_real)
                }
            };
            let now = as_of.map_or(now, |as_of| as_of.at);
            let of = concerned(&catalog, &purchases, now);
            let evidence = Evidence::load(conn, (project, customer), (environment, as_of), &of, email.as_deref())?;
            let all = explain(&Known {
                now,
                environment,
                catalog: &catalog,
                purchases: &purchases,
                evidence: &evidence,
                locked: if is_sandbox { sandbox_access::lock(conn, project, customer)? } else { None },
                connected: connected(conn, project)?,
                has_others: if is_sandbox { made_real } else { made_sandbox },
            });
            Ok(ShownAll::new(&id, (environment, now), &all, &writing))
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &shown))
}
