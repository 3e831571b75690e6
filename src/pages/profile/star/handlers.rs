//! Putting the mark on a customer, and taking it off.

use serde::Deserialize;

use crate::actions::{Act, Done};
use crate::audit::{Action, Trace};
use crate::base::error::Refusal;
use crate::customers::stars;
use crate::pages::profile::acting::{Outcome, on_customer};

/// The button says it all.
#[derive(Deserialize)]
pub struct Draft {}

pub async fn mark(act: Act<Draft>) -> Outcome {
    on_customer(act, "", |doing, visit, _| {
        if !stars::mark(doing.conn, visit.customer.id, doing.member.person.id, doing.now)? {
            return Err(Refusal::new("", "This is one of your test customers already.").into());
        }
        let message = "Now one of your test customers: they come first when you search.";
        Ok(Done::new(Trace::new(Action::TestCustomerMarked), message, visit.at("top")))
    })
    .await
}

pub async fn unmark(act: Act<Draft>) -> Outcome {
    on_customer(act, "", |doing, visit, _| {
        if !stars::unmark(doing.conn, visit.customer.id, doing.member.person.id)? {
            return Err(Refusal::new("", "This is none of your test customers.").into());
        }
        Ok(Done::new(Trace::new(Action::TestCustomerUnmarked), "No test customer of yours any more.", visit.at("top")))
    })
    .await
}
