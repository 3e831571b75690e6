//! Shows what a transfer would do, and makes it.

use actix_web::http::header::ContentType;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{page, review};
use crate::actions::{Act, Doing, Done, Opened};
use crate::audit::{Action, Trace};
use crate::auth::PageRequest;
use crate::base::error::{Error, Refusal};
use crate::base::ids::CustomerId;
use crate::db::Db;
use crate::operations::transfer::{self, Move};
use crate::pages::directory::overview;
use crate::pages::profile::acting::Outcome;
use crate::pages::profile::subject::{self, Subject};
use crate::pages::profile::transfer::recipient;
use crate::wording::text;

/// The fields of the form that confirms the transfer.
#[derive(Debug, Deserialize)]
pub struct Draft {
    /// An App User ID of the receiving customer.
    to: String,
    /// The fingerprint of what both customers had when the page was shown.
    seen: Option<String>,
}

/// The query field `to` names the receiving customer: an App User ID, or any text that the search finds.
pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let query = req.query_string().to_owned();
    let opened = Opened::from_query(&format!("dialog=transfer&{query}"))?.ok_or(Error::NotFound)?;
    let html = db.read(move |conn| page::rendered(conn, &request, &query, opened)).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}

pub async fn make(act: Act<Draft>) -> Outcome {
    let query = act.query.clone();
    let again = query.clone();
    let page = move |conn: &mut _, request: &_, opened| page::rendered(conn, request, &again, opened);
    act.run("transfer", page, move |doing, draft| {
        let subject = Subject::from_request(doing.conn, doing.request, doing.member, &query)?;
        let to = recipient::receiver(doing.conn, &subject, &draft.to)??;
        let one = Move { from: subject.customer.id, to };
        if let Some(seen) = draft.seen.filter(|seen| !seen.is_empty())
            && review::fingerprint(&one.preview(doing.conn, doing.ctx.now)?) != seen
        {
            return Err(Refusal::stale().into());
        }
        let moved = one.make(doing.conn, &doing.ctx)?.map_err(refused)?;
        done(doing, &subject, to, moved)
    })
    .await
}

/// Redirects to the customer who has the purchases now.
fn done(doing: &mut Doing<'_>, subject: &Subject, to: CustomerId, moved: i64) -> Result<Done, Error> {
    let counted = text::count(moved, "purchase", "purchases");
    let message = format!("{counted} moved here from {}.", review::name(subject));
    let trace = Trace::new(Action::PurchasesTransferred).for_customer(subject.customer.id, &subject.opened_as);
    let id = overview::best_id(doing.conn, subject.project.id, to)?.ok_or(Error::NotFound)?;
    let trace = trace.before(&counted).after(format!("moved to {id}"));
    let view = if subject.is_sandbox() { "?sandbox=1" } else { "" };
    let location = format!("{}{view}#entitlements", subject::href(&subject.project.slug, &id));
    Ok(Done::new(trace, message, location))
}

fn refused(why: transfer::Refusal) -> Refusal {
    match why {
        transfer::Refusal::Same => Refusal::new(recipient::TO, "This is the same customer. Choose another one."),
        transfer::Refusal::NoPurchases => Refusal::new("", "There are no purchases here to move."),
    }
}
