//! Changing a balance.

use super::card::SANDBOX;
use super::dialog::EDIT;
use super::draft::{Adjustment, Draft};
use super::{Undo, queries};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::Trace;
use crate::base::error::{self, Error};
use crate::operations::currencies::{self, Amounts, Refusal, Request};
use crate::pages::profile::acting::{Outcome, on_customer};
use crate::pages::profile::asking::{self, Act};
use crate::pages::profile::page::ProfilePage;
use crate::pages::profile::subject::Subject;
use crate::pages::profile::undo;
use crate::projection::MAX_BALANCE;
use crate::stores::CustomerAct;
use crate::wording::text::{grouped, visible};

pub async fn adjust(form: ActionForm<Draft>) -> Outcome {
    let dialog = format!("{EDIT}.{}", form.parameter("code")?);
    on_customer(form, &dialog, |action, subject, draft| {
        let code = action.request.parameter("code")?.to_owned();
        let (project, customer, environment) = (subject.project.id, subject.customer.id, subject.environment);
        let held = queries::find(action.conn, project, customer, environment, &code)?.ok_or(Error::NotFound)?;
        let Adjustment { change, reason } = draft.parse()?;
        if let Some(asked) = ask(action, subject, &held, (&code, change), &reason)? {
            return Ok(asked);
        }
        let made = Undo { environment, code, change };
        let (trace, after) = carry_out(action, subject, &made)?;
        let amount = format!("{} {}", grouped(change.saturating_abs()), held.name);
        let what = if change < 0 { "taken away" } else { "added" };
        let message = format!("{amount} {what}. The balance is {after}.");
        let done = Done::new(trace.because(Some(reason)), message, subject.at("currencies"));
        Ok(done.with_undo(&undo::Undo::Currency(made.into())))
    })
    .await
}

/// Asks RevenueCat for the change, if the project is connected to it.
fn ask(
    action: &mut ActionContext<'_>,
    subject: &Subject,
    held: &queries::Held,
    (code, change): (&str, i64),
    reason: &str,
) -> Result<Option<Done>, Error> {
    if subject.connected.is_none() {
        return Ok(None);
    }
    if subject.is_sandbox() {
        return Err(error::Refusal::new("", SANDBOX).into());
    }
    match currencies::balance_after(code, held.amount.unwrap_or(0), change) {
        // What is known here may be less than there is: changes that sent no event are missing.
        Ok(_) | Err(Refusal::TooLow { .. }) => {}
        Err(refusal) => {
            let (field, sentence) = refused(&refusal, change);
            return Err(error::Refusal::new(field, sentence).into());
        }
    }
    let act = |amount: i64| CustomerAct::adjust(code, amount);
    let inverse = Some(act(change.saturating_neg()));
    let location = subject.at("currencies");
    asking::ask(action, subject, Act { act: act(change), inverse, reason: Some(reason.to_owned()), location })
}

/// `POST C/currencies/{code}/preview`: the dialog again, with the balance that would follow.
pub async fn preview(form: ActionForm<Draft>) -> Outcome {
    let dialog = format!("{EDIT}.{}", form.parameter("code")?);
    form.preview::<ProfilePage>(&dialog).await
}

/// Changes the balance. Returns the trace, and the balance that follows.
///
/// # Errors
/// [`error::Refusal`] when the balance would leave its bounds.
pub fn carry_out(action: &mut ActionContext<'_>, subject: &Subject, wanted: &Undo) -> Result<(Trace, String), Error> {
    let Undo { environment, code, change } = wanted;
    let amounts = Amounts::one(code, *change);
    let request = Request { environment: *environment, amounts, reference: None, once: None };
    let made = currencies::change(action.conn, &action.ctx, subject.customer.id, &request)?;
    let changed = made.map_err(|refusal| {
        let (field, sentence) = refused(&refusal, *change);
        error::Refusal::new(field, sentence)
    })?;
    let trace =
        changed.traces.into_iter().next().ok_or_else(|| Error::Internal("a change of a balance did nothing".into()))?;
    let after = trace.details.after.as_ref().and_then(|after| after.parse().ok()).map(grouped).unwrap_or_default();
    Ok((trace, after))
}

/// Why a change is refused, with the numbers, and the field that it is about.
pub fn refused(refusal: &Refusal, change: i64) -> (&'static str, String) {
    let sentence = match refusal {
        Refusal::TooLow { code, held: 0 } => format!("The customer has no {} that could be taken away.", visible(code)),
        Refusal::TooLow { code, held } => format!(
            "The balance is {held} {code}: {change} would take it below 0. At most {held} can be taken away.",
            held = grouped(*held),
            code = visible(code),
            change = grouped(change)
        ),
        Refusal::TooHigh { code, held } => format!(
            "The balance is {} {}. It can hold {} at most, so at most {} can be added.",
            grouped(*held),
            visible(code),
            grouped(MAX_BALANCE),
            grouped(MAX_BALANCE.saturating_sub(*held))
        ),
        Refusal::TooMany => "The project has as many virtual currencies as it may.".into(),
        Refusal::KeyUsed => "This was sent before, with something else.".into(),
    };
    ("change", sentence)
}
