//! Shows an event to people who may see the customer, and sends it again.

use actix_web::HttpResponse;

use super::page::EventPage;
use super::queries;
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::endpoints::{self, deliveries};
use crate::pages::profile::subject::Subject;
use crate::web::form::NoFields;
use crate::wording::text::segment;

/// Sends the event again to one of the webhook endpoints that it was queued for.
pub async fn resend(form: ActionForm<NoFields>) -> Result<HttpResponse, Error> {
    let work = |action: &mut ActionContext<'_>, _| {
        let subject = Subject::from_request(action.conn, action.request, action.who, action.query)?;
        let event_id = action.request.parameter("event_id")?;
        let found = queries::find(action.conn, &subject, event_id)?.ok_or(Error::NotFound)?;
        let delivery = action.request.parameter("delivery")?.parse().map_err(|_| Error::NotFound)?;
        if deliveries::event_of(action.conn, subject.project.id, delivery)? != Some(found.place.event) {
            return Err(Error::NotFound);
        }
        if !endpoints::resend(action.conn, &action.ctx, delivery)? {
            return Err(Refusal::new("", "The event is being sent right now.").into());
        }
        let trace =
            Trace::new(Action::WebhookResent).about(event_id).for_customer(subject.customer.id, &subject.opened_as);
        let at = format!("{}#deliveries", subject.action(&format!("events/{}", segment(event_id))));
        Ok(Done::new(trace, "The event will be sent again in a moment.", at))
    };
    form.run::<EventPage, _>("", work).await
}
