//! Shows what a transfer would do, and makes it.

use serde::Deserialize;

use super::page::TransferPage;
use super::review;
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::base::ids::CustomerId;
use crate::operations::transfer::{self, Move};
use crate::pages::directory::overview;
use crate::pages::profile::acting::Outcome;
use crate::pages::profile::asking::{self, Act};
use crate::pages::profile::subject::{self, Subject};
use crate::pages::profile::transfer::recipient;
use crate::stores::CustomerAct;
use crate::wording::text;

/// The fields of the form that confirms the transfer.
#[derive(Debug, Deserialize)]
pub struct Draft {
    /// An App User ID of the receiving customer.
    to: String,
    /// The fingerprint of what both customers had when the page was shown.
    seen: Option<String>,
}

pub async fn make(form: ActionForm<Draft>) -> Outcome {
    form.run::<TransferPage, _>("transfer", |action, draft| {
        let subject = Subject::from_request(action.conn, action.request, action.who, action.query)?;
        let to = recipient::receiver(action.conn, &subject, &draft.to)??;
        let one = Move { from: subject.customer.id, to };
        if let Some(seen) = draft.seen.filter(|seen| !seen.is_empty())
            && review::fingerprint(&one.preview(action.conn, action.ctx.project, action.ctx.now)?) != seen
        {
            return Err(Refusal::stale().into());
        }
        if let Some(asked) = ask(action, &subject, one, &draft.to)? {
            return Ok(asked);
        }
        let moved = one.make(action.conn, &action.ctx)?.map_err(refused)?;
        done(action, &subject, to, moved.purchases)
    })
    .await
}

/// Asks RevenueCat for the transfer, if the project is connected to it.
fn ask(action: &mut ActionContext<'_>, subject: &Subject, one: Move, to: &str) -> Result<Option<Done>, Error> {
    if subject.connected.is_none() {
        return Ok(None);
    }
    if one.from == one.to {
        return Err(refused(transfer::Refusal::Same).into());
    }
    if transfer::movable(action.conn, one.from)? == 0 {
        return Err(refused(transfer::Refusal::NoPurchases).into());
    }
    let act = CustomerAct::Transfer { to: to.trim().to_owned() };
    let wanted = Act { act, inverse: None, reason: None, location: subject.at("requests") };
    let asked = asking::ask(action, subject, wanted)?;
    Ok(asked.map(|done| Done { trace: done.trace.for_customer(subject.customer.id, &subject.opened_as), ..done }))
}

/// Redirects to the customer who has the purchases now.
fn done(action: &mut ActionContext<'_>, subject: &Subject, to: CustomerId, moved: i64) -> Result<Done, Error> {
    let counted = text::count(moved, "purchase", "purchases");
    let message = format!("{counted} moved here from {}.", review::name(subject));
    let trace = Trace::new(Action::PurchasesTransferred).for_customer(subject.customer.id, &subject.opened_as);
    let id = overview::best_id(action.conn, subject.project.id, to)?.ok_or(Error::NotFound)?;
    let trace = trace.before(&counted).after(format!("moved to {id}"));
    let view = if subject.is_sandbox() { "?sandbox=1" } else { "" };
    let location = format!("{}{view}#entitlements", subject::href(&subject.project.slug, &id));
    Ok(Done::new(trace, message, location))
}

fn refused(why: transfer::Refusal) -> Refusal {
    match why {
        transfer::Refusal::Same => Refusal::new(recipient::TO, "This is the same customer. Choose another one."),
        transfer::Refusal::NoPurchases => Refusal::new("", "There are no purchases here to move."),
    }
}
