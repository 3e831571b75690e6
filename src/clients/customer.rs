//! `GET /v1/subscribers/{id}`: who the customer is and what they may use; made at the first contact.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use super::door::{Caller, Needs};
use super::sightings::Fetched;
use super::{answer, customers, envelope};
use crate::error::Error;

pub async fn show(req: HttpRequest, caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let asked = id.clone();
    let found = caller
        .read(Needs::Any, move |conn, inside| {
            let Some(known) = customers::find(conn, inside, &asked)? else { return Ok(None) };
            Ok(Some((inside.project, inside.key.is_secret(), envelope::of(conn, inside, known)?)))
        })
        .await?;
    if let Some((project, is_secret, envelope)) = found {
        if !is_secret {
            caller.saw(project, &id, Fetched::Info);
        }
        return answer::customer(&req, StatusCode::OK, envelope);
    }
    let asked = id.clone();
    let (project, is_new, is_secret, envelope) = caller
        .write(Needs::Any, move |conn, inside| {
            let (customer, is_new) = customers::found_or_made(conn, inside, &asked)?;
            Ok((inside.project, is_new, inside.key.is_secret(), envelope::of(conn, inside, customer)?))
        })
        .await?;
    if !is_secret {
        caller.saw(project, &id, Fetched::Info);
    }
    answer::customer(&req, if is_new { StatusCode::CREATED } else { StatusCode::OK }, envelope)
}
