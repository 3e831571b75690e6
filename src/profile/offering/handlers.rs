//! `POST C/offering`: another offering for this customer, or the default again.

use serde::Deserialize;

use super::Undo;
use super::card::may_change;
use super::chosen::Chosen;
use crate::acts::{Act, Doing, Done};
use crate::clock::Moment;
use crate::customers::overrides::acts::{By, Wish};
use crate::customers::overrides::{self, HELD, Override};
use crate::error::{Error, Refusal};
use crate::page::times;
use crate::profile::acting::{Outcome, on_customer};
use crate::profile::undo;
use crate::profile::visit::Visit;

/// What was chosen.
#[derive(Deserialize)]
pub struct Draft {
    /// The identifier; empty for the default.
    #[serde(default)]
    offering: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    reason: String,
    /// The state that was seen: when it was set; 0 without an override.
    seen: Option<i64>,
}

pub async fn choose(act: Act<Draft>) -> Outcome {
    on_customer(act, "offering-choose", |doing, visit, draft| {
        must_be_allowed(visit)?;
        let before = current(doing, visit)?;
        let offerings = overrides::queries::offerings_of(doing.conn, visit.project.id)?;
        let chosen = Chosen::parse((&draft.offering, &draft.until, &draft.reason), &offerings, doing.now)?;
        Override::must_be(before.as_ref(), draft.seen)?;
        let Some((offering, until)) = chosen.set else {
            return cleared(doing, before, chosen.reason, visit.at("offering"));
        };
        let wish = Wish { offering: &offering, until, reason: chosen.reason.as_deref() };
        let by = By { name: &doing.member.person.name, id: Some(doing.member.person.id) };
        let who = (visit.project.id, visit.customer.id);
        let changed = overrides::acts::choose(doing.conn, who, &wish, &by, (doing.ids, doing.now))?;
        let changed = changed.ok().flatten().ok_or(Error::NotFound)?;
        let name = offerings.iter().find(|one| one.identifier == offering).map(|one| one.display_name.as_str());
        let told = told(name.unwrap_or(&offering), until);
        let trace = changed.trace().because(chosen.reason);
        let undo = undo::Undo::Offering(Undo { before: changed.before, after: changed.after }.into());
        Ok(Done::new(trace, told, visit.at("offering")).with_undo(&undo))
    })
    .await
}

/// Takes an override back.
///
/// # Errors
/// A refusal where none holds.
pub fn cleared(
    doing: &mut Doing<'_>,
    before: Option<Override>,
    reason: Option<String>,
    location: String,
) -> Result<Done, Error> {
    let none = || Refusal::of("offering", "The app gets the project's default already: nothing is changed.");
    let set = before.filter(|set| !set.is_over(doing.now)).ok_or_else(none)?;
    overrides::queries::remove(doing.conn, set.customer_id)?;
    let trace = overrides::acts::trace(Some(&set), None).because(reason);
    let undo = undo::Undo::Offering(Undo { before: Some(set), after: None }.into());
    Ok(Done::new(trace, "The app gets the project's default again.", location).with_undo(&undo))
}

/// # Errors
/// A refusal for a developer who is held to test customers.
pub fn must_be_allowed(visit: &Visit) -> Result<(), Refusal> {
    if may_change(visit) { Ok(()) } else { Err(Refusal::of("", HELD)) }
}

/// The override there is. One that is over, without the history saying so yet, is told first: what takes its place would
/// hide its end.
fn current(doing: &mut Doing<'_>, visit: &Visit) -> Result<Option<Override>, Error> {
    overrides::acts::tell_end(doing.conn, visit.project.id, visit.customer.id, doing.ids, doing.now)?;
    Ok(overrides::queries::of(doing.conn, visit.customer.id)?)
}

fn told(name: &str, until: Option<Moment>) -> String {
    match until {
        Some(until) => format!("The app gets {name} until {}.", times::day(until)),
        None => format!("The app gets {name} now."),
    }
}
