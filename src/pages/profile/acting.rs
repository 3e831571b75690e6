//! Actions on the customer that the address names: what the handlers of all cards share.

use actix_web::HttpResponse;

use super::page;
use super::subject::Subject;
use crate::actions::{Act, Doing, Done};
use crate::audit::Trace;
use crate::base::error::Error;

/// The response of an action: a redirect to the page, or the page with the dialog open.
pub type Outcome = Result<HttpResponse, Error>;

/// Runs `work` for the customer in one transaction; the audit entry names the customer. A refusal opens `dialog` over
/// the page; if `dialog` is empty, the page shows the refusal in its corner.
///
/// # Errors
/// Those of [`Act::run`].
pub async fn on_customer<T, W>(act: Act<T>, dialog: &str, work: W) -> Outcome
where
    T: Send + 'static,
    W: FnOnce(&mut Doing<'_>, &Subject, T) -> Result<Done, Error> + Send + 'static,
{
    let name_customer = |trace: Trace, subject: &Subject| trace.for_customer(subject.customer.id, &subject.opened_as);
    at_customer(act, dialog, work, name_customer).await
}

/// Like [`on_customer`], for work that deletes the customer: the audit entry names only the number of the deleted row.
///
/// # Errors
/// Those of [`Act::run`].
pub async fn on_deletion<T, W>(act: Act<T>, dialog: &str, work: W) -> Outcome
where
    T: Send + 'static,
    W: FnOnce(&mut Doing<'_>, &Subject, T) -> Result<Done, Error> + Send + 'static,
{
    at_customer(act, dialog, work, |trace, subject| trace.of_erased(subject.customer.id)).await
}

async fn at_customer<T, W>(act: Act<T>, dialog: &str, work: W, name_customer: fn(Trace, &Subject) -> Trace) -> Outcome
where
    T: Send + 'static,
    W: FnOnce(&mut Doing<'_>, &Subject, T) -> Result<Done, Error> + Send + 'static,
{
    let query = act.query.clone();
    let again = query.clone();
    let page = move |conn: &mut _, request: &_, opened| page::rendered(conn, request, &again, Some(opened));
    let work = move |doing: &mut Doing<'_>, draft| {
        let subject = Subject::from_request(doing.conn, doing.request, doing.member, &query)?;
        let done = work(doing, &subject, draft)?;
        Ok(Done { trace: name_customer(done.trace, &subject), ..done })
    };
    act.run(dialog, page, work).await
}

/// Answers with the page and `dialog` open, which shows what its choices would do. Changes nothing.
///
/// # Errors
/// Those of [`Act::again`].
pub async fn preview_dialog<T>(act: Act<T>, dialog: &str) -> Outcome {
    let query = act.query.clone();
    act.again(dialog, move |conn, request, opened| page::rendered(conn, request, &query, Some(opened))).await
}
