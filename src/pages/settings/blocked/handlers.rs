//! Blocking an id that was typed, and unblocking.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::page::{BlockedPage, address};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::customers::identity;
use crate::operations::erasure::blocking::{self, Problem};
use crate::web::form::NoFields;

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    app_user_id: String,
}

pub async fn block(form: ActionForm<Typed>) -> Result<HttpResponse, Error> {
    let work = |action: &mut ActionContext<'_>, typed: Typed| {
        let id = blocking::parse(&typed.app_user_id).map_err(refused)?;
        if identity::find(action.conn, action.ctx.project, id.as_str())?.is_some() {
            let known =
                "A customer has this id. Search for it, and block them on their profile: it shows what that deletes.";
            return Err(Refusal::new("app_user_id", known).into());
        }
        let done = blocking::block(action.conn, &action.ctx, &id)?.map_err(refused)?;
        let trace = Trace::new(Action::CustomerBlocked).about(format!("block {}", done.blocked));
        Ok(Done::new(trace, "Blocked. Nobody had this id.", address(action.who)))
    };
    form.run::<BlockedPage, _>("blocked-add", work).await
}

/// `POST C/unblock`
pub async fn unblock(form: ActionForm<NoFields>) -> Result<HttpResponse, Error> {
    let work = |action: &mut ActionContext<'_>, _| {
        let project = action.who.project.id;
        let blocked = blocking::find(action.conn, project, action.request.app_user_id()?)?.ok_or(Error::NotFound)?;
        blocking::unblock(action.conn, &action.ctx, blocked.id)?;
        let message = "Unblocked. Whoever uses the id from now on is a new customer.";
        let trace = Trace::new(Action::CustomerUnblocked).about(format!("block {}", blocked.id));
        Ok(Done::new(trace, message, address(action.who)))
    };
    form.run::<BlockedPage, _>("", work).await
}

fn refused(problem: Problem) -> Error {
    Refusal::new("app_user_id", problem.sentence()).into()
}
