//! Acting on the customer of an address: what the handlers of all cards share.

use actix_web::HttpResponse;

use super::page;
use super::visit::Visit;
use crate::actions::{Act, Doing, Done};
use crate::audit::Trace;
use crate::base::error::Error;

/// What an action answers: on to the page again, or the page with its dialog open.
pub type Outcome = Result<HttpResponse, Error>;

/// Does `work` for the customer, in one transaction, and enters it in the log as done to them. A refusal opens `dialog`
/// over the page; without a dialog's name it is told in the corner.
///
/// # Errors
/// As [`Act::run`].
pub async fn on_customer<T, W>(act: Act<T>, dialog: &str, work: W) -> Outcome
where
    T: Send + 'static,
    W: FnOnce(&mut Doing<'_>, &Visit, T) -> Result<Done, Error> + Send + 'static,
{
    let entered = |trace: Trace, visit: &Visit| trace.for_customer(visit.customer.id, &visit.opened_as);
    at_customer(act, dialog, work, entered).await
}

/// The same, for what leaves no customer: the entry names only the row that is gone.
///
/// # Errors
/// As [`Act::run`].
pub async fn on_vanishing<T, W>(act: Act<T>, dialog: &str, work: W) -> Outcome
where
    T: Send + 'static,
    W: FnOnce(&mut Doing<'_>, &Visit, T) -> Result<Done, Error> + Send + 'static,
{
    at_customer(act, dialog, work, |trace, visit| trace.of_erased(visit.customer.id)).await
}

async fn at_customer<T, W>(act: Act<T>, dialog: &str, work: W, entered: fn(Trace, &Visit) -> Trace) -> Outcome
where
    T: Send + 'static,
    W: FnOnce(&mut Doing<'_>, &Visit, T) -> Result<Done, Error> + Send + 'static,
{
    let query = act.query.clone();
    let again = query.clone();
    let page = move |conn: &mut _, request: &_, opened| page::rendered(conn, request, &again, Some(opened));
    let work = move |doing: &mut Doing<'_>, draft| {
        let visit = Visit::entered(doing.conn, doing.request, doing.member, &query)?;
        let done = work(doing, &visit, draft)?;
        Ok(Done { trace: entered(done.trace, &visit), ..done })
    };
    act.run(dialog, page, work).await
}

/// Changes nothing: the page with `dialog` open again, which shows what the choices in it would do.
///
/// # Errors
/// As [`Act::again`].
pub async fn preview_dialog<T>(act: Act<T>, dialog: &str) -> Outcome {
    let query = act.query.clone();
    act.again(dialog, move |conn, request, opened| page::rendered(conn, request, &query, Some(opened))).await
}
