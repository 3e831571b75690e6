//! Undoing a change of an attribute, unless somebody has changed it since.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::handlers::{label, must_have_room};
use crate::actions::{ActionContext, Done};
use crate::base::Permission::EditAttributes;
use crate::base::error::{Error, Refusal};
use crate::customers::attributes::{AttributeKey, Stored, queries};
use crate::customers::state;
use crate::pages::profile::subject::Subject;

/// What [`undo`] needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Undo {
    pub before: Option<Stored>,
    pub after: Stored,
}

/// Restores the earlier value with its author and time, as if the change had not happened. Events that arrived in the
/// meantime count as if it had not.
pub fn undo(action: &mut ActionContext<'_>, subject: &Subject, undo: Undo) -> Result<Done, Error> {
    action.permit(EditAttributes)?;
    let (customer, key) = (subject.customer.id, undo.after.key.clone());
    // If the customer was merged since, the attribute belongs to the remaining customer.
    let of_customer = |stored: Stored| Stored { customer_id: customer, ..stored };
    let (before, after) = (undo.before.map(of_customer), of_customer(undo.after));
    if !queries::find(action.conn, customer, &key)?.is_some_and(|now| now.is_same(&after)) {
        let sentence = format!("{} was changed meanwhile. It stays as it is.", label(&key));
        return Err(Refusal::new("", sentence).into());
    }
    let is_back = before.as_ref().is_some_and(|before| !before.is_deleted);
    if let Some(key) = AttributeKey::parse(&key).ok().filter(|_| is_back && after.is_deleted) {
        must_have_room(action, subject, &key)?;
    }
    queries::take_back(action.conn, customer, &key, before.clone())?;
    state::refresh_names(action.conn, &BTreeSet::from([customer]))?;
    let trace = crate::operations::trace(Some(&after), before.as_ref()).because(Some("undone".into()));
    let message = format!("{} is as before.", label(&key));
    Ok(Done::new(trace, message, subject.at("attributes")))
}
