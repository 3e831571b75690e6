//! Undoing a choice of an offering, unless somebody has made another choice since.

use serde::{Deserialize, Serialize};

use super::handlers::must_be_allowed;
use crate::actions::{ActionContext, Done};
use crate::base::Permission::OverrideOffering;
use crate::base::error::{Error, Refusal};
use crate::customers::overrides::{self, Override};
use crate::pages::profile::subject::Subject;

/// What [`undo`] needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Undo {
    pub before: Option<Override>,
    pub after: Option<Override>,
}

pub fn undo(action: &mut ActionContext<'_>, subject: &Subject, undo: Undo) -> Result<Done, Error> {
    action.permit(OverrideOffering)?;
    must_be_allowed(subject)?;
    let customer = subject.customer.id;
    let now = overrides::queries::find(action.conn, customer)?;
    if Override::version(now.as_ref()) != Override::version(undo.after.as_ref()) {
        let by = now.map_or_else(|| "Somebody".to_owned(), |set| set.set_by);
        let sentence = format!("{by} changed the offering meanwhile. It stays as it is.");
        return Err(Refusal::new("", sentence).into());
    }
    // If the customer was merged since, the override belongs to the remaining customer.
    let before = undo.before.map(|set| Override { customer_id: customer, ..set });
    match &before {
        Some(before) => overrides::queries::put(action.conn, before)?,
        None => overrides::queries::remove(action.conn, customer)?,
    }
    let trace =
        crate::operations::overrides::entry(undo.after.as_ref(), before.as_ref()).because(Some("undone".into()));
    Ok(Done::new(trace, "The offering is as before.", subject.at("offering")))
}
