//! The page, the file, and the password that they require. The audit log records each view and each download.

use actix_web::http::header::{CONTENT_DISPOSITION, ContentType, LOCATION};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::file::{Events, beginning};
use super::model::Held;
use super::page::ExportPage;
use crate::actions::{self, ActionForm};
use crate::audit::{Action, Trace};
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::pages::profile::acting::Outcome;
use crate::pages::profile::page::ProfilePage;
use crate::pages::profile::subject;
use crate::pages::profile::visit::Visit;
use crate::web::file;
use crate::web::form::NoFields;

/// `GET C/export`
pub async fn show(request: PageRequest, req: HttpRequest) -> Outcome {
    let read = |conn: &mut Conn, member: &Member, visit: &Visit| {
        let held = Held::load(conn, visit)?;
        let page = ExportPage::load(conn, member, visit, &held)?;
        Ok(Bytes::from(page.render_with_values(&member.preferences())?))
    };
    match disclose(request, &req, "page", read).await? {
        Disclosed::Data(html) => Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html)),
        Disclosed::Unproven(address) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, address)).finish()),
    }
}

/// `GET C/export.json`
pub async fn download(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Outcome {
    let now = request.now;
    let read = |conn: &mut Conn, _: &Member, visit: &Visit| {
        let first = beginning(&Held::load(conn, visit)?)?;
        Ok((first, Events::new(visit.project.id, visit.customer.id)))
    };
    match disclose(request, &req, "file", read).await? {
        Disclosed::Data((first, events)) => Ok(HttpResponse::Ok()
            .content_type(ContentType::json())
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file_name(now))))
            .streaming(file::stream(db.get_ref().clone(), first, events))),
        Disclosed::Unproven(address) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, address)).finish()),
    }
}

/// `POST C/export`: the password, then the page.
pub async fn prove(form: ActionForm<NoFields>) -> Outcome {
    let on = format!("{}/export", subject::href(&form.parameter("p")?, &form.parameter("id")?));
    form.only_prove::<ProfilePage>("export-prove", on).await
}

/// The result of [`disclose`].
enum Disclosed<R> {
    Data(R),
    /// The address of the dialog in which the person authenticates again first.
    Unproven(String),
}

/// Reads what is held and records that in the audit log; or asks for a fresh authentication first.
async fn disclose<R, W>(
    request: PageRequest,
    req: &HttpRequest,
    form: &'static str,
    read: W,
) -> Result<Disclosed<R>, Error>
where
    R: Send + 'static,
    W: FnOnce(&mut Conn, &Member, &Visit) -> Result<R, Error> + Send + 'static,
{
    let query = req.query_string().to_owned();
    actions::disclose(req, request, move |conn, member, request| {
        let visit = Visit::from_request(conn, request, member, &query)?;
        if !member.is_proven {
            return Ok((Disclosed::Unproven(visit.dialog("export-prove")), None));
        }
        let trace = Trace::new(Action::CustomerExported).for_customer(visit.customer.id, &visit.opened_as).about(form);
        Ok((Disclosed::Data(read(conn, member, &visit)?), Some(trace)))
    })
    .await
}

/// The name of the file, which does not identify the customer.
fn file_name(now: Moment) -> String {
    let day = now.utc().map_or_else(String::new, |now| now.format("-%Y-%m-%d").to_string());
    format!("customer{day}.json")
}
