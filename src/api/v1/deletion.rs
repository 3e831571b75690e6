//! `DELETE /v1/subscribers/{id}`: erases the whole customer, whichever of their ids the path names (§C3.10, §12.1). It
//! is the same action as on the page.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::api::{AuthorizedCall, Caller, asking, customers};
use crate::audit::{Action, Trace};
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::operations::erasure::{self, cleanup};
use crate::stores::CustomerAct;
use crate::wording::times;

pub async fn delete(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let is_asked = ask_to_delete(&caller, &req, &id).await?;
    let asked = id.clone();
    let overwritten_by = caller
        .act(move |conn, call| {
            let by = cleanup::deadline(conn, call.ctx.now).map(times::machine);
            if is_asked {
                return Ok((Vec::new(), by));
            }
            let customer = customers::require(conn, call, &asked)?;
            Ok((vec![erase(conn, call, customer)?], by))
        })
        .await?;
    let answer = json!({ "app_user_id": id, "deleted": true, "free_space_overwritten_by": overwritten_by });
    Ok(HttpResponse::Ok().json(answer))
}

/// In a connected project asks RevenueCat to delete the customer; then they are erased here too. Returns whether it did.
///
/// # Errors
/// Those of [`asking::ask`]; [`Error::Refused`] while something else is under way.
pub async fn ask_to_delete(caller: &Caller, req: &HttpRequest, id: &str) -> Result<bool, Error> {
    asking::ask_if_connected(caller, req, id, |conn, _, customer| {
        erasure::must_be_settled(conn, &[customer])?;
        Ok(Some(CustomerAct::Delete { blocks: false }))
    })
    .await
}

/// Erases a customer. The audit entry names only the number of the erased row, no App User ID.
pub fn erase(conn: &mut Conn, call: &AuthorizedCall, customer: CustomerId) -> Result<Trace, Error> {
    let erased = erasure::erase(conn, &call.ctx, &[customer])?;
    Ok(Trace::new(Action::CustomerDeleted).about(erased.numbers()).of_erased(customer).erasing(erased.audited))
}
