//! Shows an event to people who may see the customer, and sends it again.

use actix_web::http::header::ContentType;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::page::EventPage;
use super::queries;
use crate::actions::{self, Act, Doing, Done, Opened};
use crate::audit::{Action, Trace};
use crate::auth::PageRequest;
use crate::base::error::{Error, Refusal};
use crate::db::{Conn, Db};
use crate::endpoints::{self, deliveries};
use crate::pages::profile::subject::Subject;
use crate::pages::profile::visit::Visit;
use crate::web::Flash;
use crate::web::form::NoFields;
use crate::wording::text::segment;

/// The query field `sandbox` says which view of the profile the page links back to.
pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let query = req.query_string().to_owned();
    let html = db.read(move |conn| load(conn, &request, &query, None)).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}

fn load(conn: &mut Conn, request: &PageRequest, query: &str, refused: Option<Opened>) -> Result<Bytes, Error> {
    let member = request.authorize(conn)?;
    let visit = Visit::from_request(conn, request, &member, query)?;
    let flash = match refused {
        Some(refused) => Some(Flash::problem(refused.all_problems())),
        None => actions::flash(conn, &member, query, request.now)?,
    };
    let page = EventPage::load(conn, &visit, &member, request.parameter("event_id")?)?.with_flash(flash);
    Ok(Bytes::from(page.render_with_values(&member.preferences())?))
}

/// Sends the event again to one of the webhook endpoints that it was queued for.
pub async fn resend(act: Act<NoFields>) -> Result<HttpResponse, Error> {
    let query = act.query.clone();
    let again = query.clone();
    let page = move |conn: &mut Conn, request: &PageRequest, refused| load(conn, request, &again, Some(refused));
    let work = move |doing: &mut Doing<'_>, _| {
        let subject = Subject::from_request(doing.conn, doing.request, doing.member, &query)?;
        let event_id = doing.request.parameter("event_id")?;
        let found = queries::find(doing.conn, &subject, event_id)?.ok_or(Error::NotFound)?;
        let delivery = doing.request.parameter("delivery")?.parse().map_err(|_| Error::NotFound)?;
        if deliveries::event_of(doing.conn, subject.project.id, delivery)? != Some(found.place.event) {
            return Err(Error::NotFound);
        }
        if !endpoints::resend(doing.conn, &doing.ctx, delivery)? {
            return Err(Refusal::new("", "The event is being sent right now.").into());
        }
        let trace =
            Trace::new(Action::WebhookResent).about(event_id).for_customer(subject.customer.id, &subject.opened_as);
        let at = format!("{}#deliveries", subject.action(&format!("events/{}", segment(event_id))));
        Ok(Done::new(trace, "The event will be sent again in a moment.", at))
    };
    act.run("", page, work).await
}
