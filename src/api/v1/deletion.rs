//! `DELETE /v1/subscribers/{id}`: the whole customer goes, whichever of their ids is named (§C3.10,
//! §12.1): the same action as on the page.

use actix_web::HttpResponse;
use serde_json::json;

use crate::api::{Caller, Inside, Needs, customers};
use crate::audit::{Action, Trace};
use crate::base::error::Error;
use crate::db::Conn;
use crate::operations::erasure::{self, cleanup};
use crate::projection::CustomerId;

pub async fn delete(caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let asked = id.clone();
    caller
        .act(Needs::Secret, move |conn, inside| {
            let customer = customers::known(conn, inside, &asked)?;
            Ok((vec![erase(conn, inside, customer)?], ()))
        })
        .await?;
    cleanup::soon(caller.db()).await;
    Ok(HttpResponse::Ok().json(json!({ "app_user_id": id, "deleted": true })))
}

/// Erases a customer; the entry names only the row that is gone.
pub fn erase(conn: &mut Conn, inside: &Inside<'_>, customer: CustomerId) -> Result<Trace, Error> {
    let erased = erasure::erase(conn, inside.project, &[customer], inside.now)?;
    Ok(Trace::new(Action::CustomerDeleted).about(erased.numbers()).of_erased(customer))
}
