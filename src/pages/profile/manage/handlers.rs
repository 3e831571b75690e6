//! Deleting and blocking. Both redirect to the list of customers, because the profile no longer exists.

use serde::Deserialize;

use super::model::Confirmation;
use super::queries;
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::operations::erasure::blocking::{self, Ticked};
use crate::operations::erasure::{self, cleanup};
use crate::pages::profile::acting::{Outcome, on_deletion};
use crate::pages::profile::asking::{self, Act};
use crate::pages::profile::subject::Subject;
use crate::stores::CustomerAct;

pub async fn delete(form: ActionForm<Confirmation>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, subject: &Subject, confirmation: Confirmation| {
        let held = queries::held(action.conn, subject)?;
        confirmation.check(&subject.opened_as, &held, subject.customer.id)?;
        if let Some(asked) = ask(action, subject, false)? {
            return Ok(asked);
        }
        let erased = erasure::erase(action.conn, &action.ctx, &[subject.customer.id])?;
        let message =
            format!("Customer deleted: {}. {}", erased.numbers(), cleanup::sentence(action.conn, action.ctx.now));
        let trace = Trace::new(Action::CustomerDeleted).about(erased.numbers()).erasing(erased.audited);
        Ok(Done::new(trace, message, list(subject)))
    };
    on_deletion(form, "manage-delete", work).await
}

/// The fields of the form that blocks a customer: as for deleting, and the boxes to tick.
#[derive(Debug, Deserialize)]
pub struct Block {
    #[serde(flatten)]
    confirmation: Confirmation,
    #[serde(flatten)]
    ticked: Ticked,
}

pub async fn block(form: ActionForm<Block>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, subject: &Subject, typed: Block| {
        let held = queries::held(action.conn, subject)?;
        typed.confirmation.check(&subject.opened_as, &held, subject.customer.id)?;
        typed.ticked.check()?;
        let id = blocking::parse(&subject.opened_as).map_err(refused)?;
        blocking::may_block(action.conn, subject.project.id, &id)?.map_err(refused)?;
        if let Some(asked) = ask(action, subject, true)? {
            return Ok(asked);
        }
        let done = blocking::block(action.conn, &action.ctx, &id)?.map_err(refused)?;
        let erased = done.erased.numbers();
        let message =
            format!("Customer blocked and deleted: {erased}. {}", cleanup::sentence(action.conn, action.ctx.now));
        let trace = Trace::new(Action::CustomerBlocked).about(erased).erasing(done.erased.audited);
        Ok(Done::new(trace, message, list(subject)))
    };
    on_deletion(form, "manage-block", work).await
}

/// Asks RevenueCat to delete the customer, if the project is connected to it. Here they are erased when that is done: until then
/// the page of requests says how far it is.
fn ask(action: &mut ActionContext<'_>, subject: &Subject, blocks: bool) -> Result<Option<Done>, Error> {
    if subject.connected.is_none() {
        return Ok(None);
    }
    erasure::must_be_settled(action.conn, &[subject.customer.id])?;
    let location = format!("/projects/{}/requests", subject.project.slug);
    asking::ask(action, subject, Act { act: CustomerAct::Delete { blocks }, inverse: None, reason: None, location })
}

fn list(subject: &Subject) -> String {
    format!("/projects/{}/customers", subject.project.slug)
}

fn refused(problem: blocking::Problem) -> Error {
    Refusal::new("", problem.sentence()).into()
}
