//! Blocking an id that was typed, and unblocking.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::page::{BlockedPage, address};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::operations::erasure::blocking::{self, Problem, Ticked};
use crate::operations::erasure::cleanup;
use crate::web::form::NoFields;

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    app_user_id: String,
    #[serde(flatten)]
    ticked: Ticked,
}

pub async fn block(form: ActionForm<Typed>) -> Result<HttpResponse, Error> {
    let work = |action: &mut ActionContext<'_>, typed: Typed| {
        let id = blocking::parse(&typed.app_user_id).map_err(refused)?;
        typed.ticked.check()?;
        let done = blocking::block(action.conn, &action.ctx, &id)?.map_err(refused)?;
        let message = match done.customer {
            Some(_) => {
                let free_space = cleanup::sentence(action.ctx.now);
                format!("Blocked, and the customer deleted: {}. {free_space}", done.erased.numbers())
            }
            None => "Blocked. Nobody had this id.".into(),
        };
        let trace =
            Trace::new(Action::CustomerBlocked).about(format!("block {}", done.blocked)).after(done.erased.numbers());
        let trace = done.customer.into_iter().fold(trace, Trace::of_erased);
        Ok(Done::new(trace, message, address(action.who)))
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
