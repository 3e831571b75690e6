//! Clears one override.

use serde::Deserialize;

use super::page::{OverridesPage, address};
use crate::actions::{ActionForm, Done};
use crate::base::error::Error;
use crate::customers::overrides::{self, Override};
use crate::events::Environment;
use crate::pages::profile::acting::Outcome;
use crate::pages::profile::offering::{cleared, must_be_allowed};
use crate::pages::profile::subject::Subject;
use crate::wording::text;

#[derive(Deserialize)]
pub struct Draft {
    /// An App User ID of the customer.
    customer: String,
    /// The version that the person saw: when the override was set.
    seen: Option<i64>,
}

/// `POST /projects/{p}/overrides/clear`: clears the override of one customer.
pub async fn clear(form: ActionForm<Draft>) -> Outcome {
    form.run::<OverridesPage, _>("", |action, draft| {
        let (member, id) = (action.who, draft.customer.as_str());
        let found = Subject::find(action.conn, &action.ctx, id, Environment::Production, member.role)?;
        let subject = found.ok_or(Error::NotFound)?;
        must_be_allowed(&subject)?;
        let before = overrides::queries::find(action.conn, subject.customer.id)?;
        Override::must_be(before.as_ref(), draft.seen)?;
        let done = cleared(action, &subject, before, None, address(&member.project.slug, id))?;
        let message = match action.asked.get() {
            Some(_) => done.message,
            None => format!("{} gets the project's default again.", text::visible(id)),
        };
        Ok(Done { trace: done.trace.for_customer(subject.customer.id, id), message, ..done })
    })
    .await
}
