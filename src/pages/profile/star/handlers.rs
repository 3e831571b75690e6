//! Marks a customer as a test customer of the person, and removes the mark.

use serde::Deserialize;

use crate::actions::{ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::Permission::GrantEntitlements;
use crate::base::error::Refusal;
use crate::customers::{SandboxAccess, sandbox_access, stars};
use crate::pages::profile::acting::{Outcome, on_customer};

/// The form has no fields.
#[derive(Deserialize)]
pub struct Draft {}

pub async fn mark(form: ActionForm<Draft>) -> Outcome {
    on_customer(form, "", |action, subject, _| {
        if !stars::mark(action.conn, subject.customer.id, action.who.person.id, action.ctx.now)? {
            return Err(Refusal::new("", "This is already one of your test customers.").into());
        }
        let unlocks = action.who.may(GrantEntitlements)
            && sandbox_access::of_project(action.conn, action.ctx.project)? == SandboxAccess::TestCustomers;
        let message = match unlocks {
            true => "This is now one of your test customers, and sandbox purchases unlock for it.",
            false => "This is now one of your test customers. They come first when you search.",
        };
        Ok(Done::new(Trace::new(Action::TestCustomerMarked), message, subject.at("top")))
    })
    .await
}

pub async fn unmark(form: ActionForm<Draft>) -> Outcome {
    on_customer(form, "", |action, subject, _| {
        if !stars::unmark(action.conn, subject.customer.id, action.who.person.id)? {
            return Err(Refusal::new("", "This is not one of your test customers.").into());
        }
        let message = "This is no longer one of your test customers.";
        Ok(Done::new(Trace::new(Action::TestCustomerUnmarked), message, subject.at("top")))
    })
    .await
}
