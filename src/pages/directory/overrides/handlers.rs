//! Shows the page, and clears one override from it.

use actix_web::http::header::ContentType;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::page::{address, rendered};
use crate::actions::{Act, Done};
use crate::auth::PageRequest;
use crate::base::error::Error;
use crate::customers::overrides::{self, Override};
use crate::db::Db;
use crate::events::Environment;
use crate::pages::profile::acting::Outcome;
use crate::pages::profile::offering::{cleared, must_be_allowed};
use crate::pages::profile::subject::Subject;
use crate::wording::text;

pub async fn index(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let query = req.query_string().to_owned();
    let html = db.read(move |conn| rendered(conn, &request, &query, None)).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}

#[derive(Deserialize)]
pub struct Draft {
    /// An App User ID of the customer.
    customer: String,
    /// The version that the person saw: when the override was set.
    seen: Option<i64>,
}

/// `POST /projects/{p}/overrides/clear`: clears the override of one customer.
pub async fn clear(act: Act<Draft>) -> Outcome {
    let page = |conn: &mut _, request: &_, opened| rendered(conn, request, "", Some(opened));
    act.run("", page, |doing, draft| {
        let (member, id) = (doing.member, draft.customer.as_str());
        let found = Subject::find(doing.conn, &doing.ctx, id, Environment::Production, member.role)?;
        let subject = found.ok_or(Error::NotFound)?;
        must_be_allowed(&subject)?;
        let before = overrides::queries::find(doing.conn, subject.customer.id)?;
        Override::must_be(before.as_ref(), draft.seen)?;
        let done = cleared(doing, before, None, address(&member.project.slug, id))?;
        let message = format!("{} gets the project's default again.", text::visible(id));
        Ok(Done { trace: done.trace.for_customer(subject.customer.id, id), message, ..done })
    })
    .await
}
