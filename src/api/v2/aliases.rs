//! `GET …/customers/{id}/aliases`: every App User ID of a customer, the oldest first.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;
use serde::Serialize;

use super::answer;
use super::customer::address;
use super::list::Window;
use crate::api::{Caller, customers};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::schema::app_user_ids;

#[derive(Debug, Serialize)]
struct Alias {
    object: &'static str,
    id: String,
    created_at: Moment,
}

pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.app_user_id()?.to_owned(), caller.query.clone());
    let list = caller
        .read(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            let rows: Vec<(String, Moment)> = app_user_ids::table
                .filter(app_user_ids::customer_id.eq(customer))
                .order((app_user_ids::since, app_user_ids::key))
                .select((app_user_ids::app_user_id, app_user_ids::since))
                .load(conn)?;
            let aliases = rows.into_iter().map(|(id, created_at)| Alias { object: "customer.alias", id, created_at });
            let window = Window::parse(&query, format!("{}/aliases", address(call, &id)))?;
            window.cut(aliases.collect(), |alias| alias.id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}
