//! The page and the file. The audit log records each view and each download.

use actix_web::http::header::{CONTENT_DISPOSITION, ContentType};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::file::{Events, beginning};
use super::model::Held;
use super::page::ExportPage;
use crate::actions;
use crate::audit::{Action, Trace};
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::pages::profile::acting::Outcome;
use crate::pages::profile::visit::Visit;
use crate::web::file;

/// `GET C/export`
pub async fn show(request: PageRequest, req: HttpRequest) -> Outcome {
    let now = request.now;
    let read = move |conn: &mut Conn, member: &Member, visit: &Visit| {
        let held = Held::load(conn, visit, now)?;
        let page = ExportPage::load(conn, member, visit, &held)?;
        Ok(Bytes::from(page.render_with_values(&member.preferences())?))
    };
    let html = disclose(request, &req, "page", read).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}

/// `GET C/export.json`
pub async fn download(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Outcome {
    let now = request.now;
    let read = move |conn: &mut Conn, _: &Member, visit: &Visit| {
        let first = beginning(&Held::load(conn, visit, now)?)?;
        Ok((first, Events::new(visit.project.id, visit.customer.id, visit.as_of)))
    };
    let (first, events) = disclose(request, &req, "file", read).await?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file_name(now))))
        .streaming(file::stream(db.get_ref().clone(), first, events)))
}

/// Reads what is held and records that in the audit log.
async fn disclose<R, W>(request: PageRequest, req: &HttpRequest, form: &'static str, read: W) -> Result<R, Error>
where
    R: Send + 'static,
    W: FnOnce(&mut Conn, &Member, &Visit) -> Result<R, Error> + Send + 'static,
{
    let query = req.query_string().to_owned();
    actions::disclose(req, request, move |conn, member, request| {
        let visit = Visit::as_asked(conn, request, member, &query)?;
        let trace = Trace::new(Action::CustomerExported).for_customer(visit.customer.id, &visit.opened_as).about(form);
        Ok((read(conn, member, &visit)?, Some(trace)))
    })
    .await
}

/// The name of the file, which does not identify the customer.
fn file_name(now: Moment) -> String {
    let day = now.utc().map_or_else(String::new, |now| now.format("-%Y-%m-%d").to_string());
    format!("customer{day}.json")
}
