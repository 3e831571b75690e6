//! `POST C/offering`: sets another offering for this customer, or the default again.

use super::Undo;
use super::card::may_change;
use super::chosen::{Chosen, Draft};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::customers::overrides::{self, Override, TEST_CUSTOMERS_ONLY};
use crate::pages::profile::acting::{Outcome, on_customer};
use crate::pages::profile::asking::{self, Act};
use crate::pages::profile::subject::Subject;
use crate::pages::profile::undo;
use crate::stores::CustomerAct;
use crate::wording::times;

pub async fn choose(form: ActionForm<Draft>) -> Outcome {
    on_customer(form, "offering-choose", |action, subject, draft| {
        must_be_allowed(subject)?;
        let before = crate::operations::overrides::current(action.conn, &action.ctx, subject.customer.id)?;
        let offerings = overrides::queries::offerings_of(action.conn, subject.project.id)?;
        let chosen = Chosen::parse(&draft, &offerings, action.ctx.now)?;
        Override::must_be(before.as_ref(), draft.seen)?;
        let Some((offering, until)) = chosen.set else {
            return cleared(action, subject, before, chosen.reason, subject.at("offering"));
        };
        let wanted = act(Some((offering.clone(), until)), before.as_ref());
        let wanted = Act { reason: chosen.reason.clone(), location: subject.at("offering"), ..wanted };
        if let Some(asked) = asking::ask(action, subject, wanted)? {
            return Ok(asked);
        }
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
    subject: &Subject,
    before: Option<Override>,
    reason: Option<String>,
    location: String,
) -> Result<Done, Error> {
    let none = || Refusal::new("offering", "The app already gets the project's default. Nothing was changed.");
    let set = before.filter(|set| !set.is_over(action.ctx.now)).ok_or_else(none)?;
    let wanted = act(None, Some(&set));
    let wanted = Act { reason: reason.clone(), location: location.clone(), ..wanted };
    if let Some(asked) = asking::ask(action, subject, wanted)? {
        return Ok(asked);
    }
    overrides::queries::remove(action.conn, set.customer_id)?;
    let trace = crate::operations::overrides::entry(Some(&set), None).because(reason);
    let undo = undo::Undo::Offering(Undo { before: Some(set), after: None }.into());
    Ok(Done::new(trace, "The app gets the project's default again.", location).with_undo(&undo))
}

/// What RevenueCat is asked for: this offering, or the default again. Its inverse is what counts `before`.
fn act(chosen: Option<(String, Option<Moment>)>, before: Option<&Override>) -> Act {
    let of = |set: Option<(String, Option<Moment>)>| {
        let (offering, until) = set.map_or((None, None), |(offering, until)| (Some(offering), until));
        CustomerAct::Override { offering, until }
    };
    let former = before.map(|set| (set.offering.clone(), set.until));
    Act { act: of(chosen), inverse: Some(of(former)), reason: None, location: String::new() }
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
