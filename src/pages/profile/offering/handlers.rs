//! `POST C/offering`: sets another offering for this customer, or the default again.

use super::Undo;
use super::card::may_change;
use super::chosen::{Chosen, Draft};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::customers::overrides::{self, Override, TEST_CUSTOMERS_ONLY};
use crate::pages::profile::acting::{Outcome, on_customer};
use crate::pages::profile::subject::Subject;
use crate::pages::profile::undo;
use crate::wording::times;

pub async fn choose(form: ActionForm<Draft>) -> Outcome {
    on_customer(form, "offering-choose", |action, subject, draft| {
        must_be_allowed(subject)?;
        let before = crate::operations::overrides::current(action.conn, &action.ctx, subject.customer.id)?;
        let offerings = overrides::queries::offerings_of(action.conn, subject.project.id)?;
        let chosen = Chosen::parse(&draft, &offerings, action.ctx.now)?;
        Override::must_be(before.as_ref(), draft.seen)?;
        let Some((offering, until)) = chosen.set else {
            return cleared(action, before, chosen.reason, subject.at("offering"));
        };
        let set = Override {
            customer_id: subject.customer.id,
            project_id: subject.project.id,
            offering,
            set_by: action.who.person.name.clone(),
            set_by_id: Some(action.who.person.id),
            set_at: action.ctx.now,
            until,
            reason: chosen.reason,
            is_end_recorded: false,
        };
        overrides::queries::put(action.conn, &set)?;
        let name = offerings.iter().find(|one| one.identifier == set.offering).map(|one| one.display_name.as_str());
        let message = set_until(name.unwrap_or(&set.offering), until);
        let trace = crate::operations::overrides::entry(before.as_ref(), Some(&set)).because(set.reason.clone());
        let undo = undo::Undo::Offering(Undo { before, after: Some(set) }.into());
        Ok(Done::new(trace, message, subject.at("offering")).with_undo(&undo))
    })
    .await
}

/// Removes an override.
///
/// # Errors
/// A refusal when there is no override, or it has ended.
pub fn cleared(
    action: &mut ActionContext<'_>,
    before: Option<Override>,
    reason: Option<String>,
    location: String,
) -> Result<Done, Error> {
    let none = || Refusal::new("offering", "The app already gets the project's default. Nothing was changed.");
    let set = before.filter(|set| !set.is_over(action.ctx.now)).ok_or_else(none)?;
    overrides::queries::remove(action.conn, set.customer_id)?;
    let trace = crate::operations::overrides::entry(Some(&set), None).because(reason);
    let undo = undo::Undo::Offering(Undo { before: Some(set), after: None }.into());
    Ok(Done::new(trace, "The app gets the project's default again.", location).with_undo(&undo))
}

/// # Errors
/// A refusal for a developer who may change only test customers.
pub fn must_be_allowed(subject: &Subject) -> Result<(), Refusal> {
    if may_change(subject) { Ok(()) } else { Err(Refusal::new("", TEST_CUSTOMERS_ONLY)) }
}

fn set_until(name: &str, until: Option<Moment>) -> String {
    match until {
        Some(until) => format!("The app gets {name} until {}.", times::day(until)),
        None => format!("The app gets {name} now."),
    }
}
