//! Actions on the customer that the address names: what the handlers of all cards share.

use actix_web::HttpResponse;

use super::page::ProfilePage;
use super::subject::Subject;
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::Error;
use crate::customers::identity;

/// The response of an action: a redirect to the page, or the page with the dialog open.
pub type Outcome = Result<HttpResponse, Error>;

/// Runs `work` for the customer in one transaction; the audit entry names the customer. A refusal opens `dialog` over
/// the page; if `dialog` is empty, the page shows the refusal in its corner.
///
/// # Errors
/// Those of [`ActionForm::run`].
pub async fn on_customer<T, W>(form: ActionForm<T>, dialog: &str, work: W) -> Outcome
where
    T: Send + 'static,
    W: FnOnce(&mut ActionContext<'_>, &Subject, T) -> Result<Done, Error> + Send + 'static,
{
    let name_customer = |trace: Trace, subject: &Subject| trace.for_customer(subject.customer.id, &subject.opened_as);
    at_customer(form, dialog, work, name_customer).await
}

/// Like [`on_customer`], for work that deletes the customer: the audit entry names only the number of the deleted row.
///
/// # Errors
/// Those of [`ActionForm::run`].
pub async fn on_deletion<T, W>(form: ActionForm<T>, dialog: &str, work: W) -> Outcome
where
    T: Send + 'static,
    W: FnOnce(&mut ActionContext<'_>, &Subject, T) -> Result<Done, Error> + Send + 'static,
{
    let name_customer = |trace: Trace, subject: &Subject| {
        if trace.action == Action::StoreActionAsked {
            // Nobody is deleted before it is answered; then this entry's details go with all others about the customer.
            return trace.for_customer(subject.customer.id, &subject.opened_as);
        }
        trace.of_erased(subject.customer.id)
    };
    at_customer(form, dialog, work, name_customer).await
}

async fn at_customer<T, W>(
    form: ActionForm<T>,
    dialog: &str,
    work: W,
    name_customer: fn(Trace, &Subject) -> Trace,
) -> Outcome
where
    T: Send + 'static,
    W: FnOnce(&mut ActionContext<'_>, &Subject, T) -> Result<Done, Error> + Send + 'static,
{
    let work = move |action: &mut ActionContext<'_>, draft| {
        if action.conn.locks_rows() {
            // Nobody else changes the customer until this transaction ends.
            identity::find(action.conn, action.ctx.project, action.request.app_user_id()?)?;
        }
        let subject = Subject::from_request(action.conn, action.request, action.who, action.query)?;
        let done = work(action, &subject, draft)?;
        Ok(Done { trace: name_customer(done.trace, &subject), ..done })
    };
    form.run::<ProfilePage, _>(dialog, work).await
}
