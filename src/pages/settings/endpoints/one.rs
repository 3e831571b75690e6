//! The page of one endpoint: its settings, the state of its queue, and the newest deliveries.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::dialog::dialog;
use super::handlers::named;
use super::model;
use super::page::Last;
use crate::actions::{self, Opened, fresh_key};
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::EndpointId;
use crate::db::{Conn, Db};
use crate::endpoints::Endpoint;
use crate::endpoints::deliveries;
use crate::endpoints::queries::{self, Counts, EndpointWithTypes};
use crate::pages::delivery::Sent;
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::pages::settings::values::Values;
use crate::web::{Layout, Section, filters};
use crate::wording::sentence::Stamp;
use crate::wording::text::{count, grouped};

/// How many deliveries are shown.
const SHOWN: i64 = 20;

#[derive(Template)]
#[template(path = "settings/endpoints/one.html")]
struct EndpointPage {
    layout: Layout,
    nav: Nav,
    endpoint: Endpoint,
    values: Values,
    counts: Counts,
    deliveries: Vec<Sent>,
    /// The address of this page.
    here: String,
    /// The key with which each form of the page works only once.
    once: String,
    now: Moment,
}

pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    actions::page(request, &req, &db, load).await
}

/// Renders the page with a dialog open.
pub fn rendered(conn: &mut Conn, request: &PageRequest, opened: Opened) -> Result<Bytes, Error> {
    load(conn, request, "", Some(opened))
}

/// The path of an endpoint's page.
pub fn address(member: &Member, id: EndpointId) -> String {
    format!("{}/{id}", super::page::address(member))
}

fn load(conn: &mut Conn, request: &PageRequest, query: &str, opened: Option<Opened>) -> Result<Bytes, Error> {
    let member = request.authorize(conn)?;
    let asking = named(conn, request, member.project.id)?;
    let flash = actions::flash(conn, &member, query, request.now)?;
    let mut layout = member.layout(asking.0.name.clone(), Section::Settings).with_flash(flash);
    if let Some(opened) = opened {
        let problem = opened.all_problems();
        let dialog = dialog(&member, Some(&asking), opened.on(&member, address(&member, asking.0.id)))?;
        layout.show_dialog(dialog, problem);
    }
    let page = EndpointPage::load(conn, &member, layout, asking, request.now)?;
    Ok(Bytes::from(page.render_with_values(&member.preferences())?))
}

impl EndpointPage {
    fn load(
        conn: &mut Conn,
        member: &Member,
        layout: Layout,
        (endpoint, types): EndpointWithTypes,
        now: Moment,
    ) -> Result<EndpointPage, Error> {
        let deliveries = deliveries::to(conn, member.project.id, endpoint.id, SHOWN)?;
        Ok(EndpointPage {
            layout,
            nav: nav(conn, member, "endpoints")?,
            values: model::values(&endpoint, &types),
            counts: queries::counts(conn, member.project.id, endpoint.id)?,
            deliveries: deliveries.into_iter().map(|tried| Sent::to_endpoint(tried, now)).collect(),
            here: address(member, endpoint.id),
            once: fresh_key()?,
            endpoint,
            now,
        })
    }

    fn opens(&self, dialog: &str) -> String {
        format!("{}?dialog={dialog}.{}", self.here, self.endpoint.id)
    }

    /// When the current secret was made.
    fn secret_set_at(&self) -> Stamp {
        Stamp::full(self.endpoint.secret_set_at)
    }

    /// Until when deliveries carry a signature of the old secret as well.
    fn overlap(&self) -> Option<Stamp> {
        self.endpoint.overlap(self.now).map(Stamp::full)
    }

    fn last(&self) -> Option<(Stamp, Last)> {
        self.endpoint.last_at.map(|at| (Stamp::relative(at, self.now).inside(), Last::new(&self.endpoint)))
    }

    fn waiting(&self) -> String {
        grouped(self.counts.waiting)
    }

    fn failed(&self) -> String {
        count(self.counts.failed, "delivery", "deliveries")
    }
}
