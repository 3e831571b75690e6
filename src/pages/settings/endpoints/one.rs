//! The page of one endpoint: its settings, the state of its queue, and the newest deliveries.

use askama::Template;

use super::dialog::dialog;
use super::handlers::named;
use super::model;
use super::page::Last;
use crate::actions::InProject;
use crate::actions::Page;
use crate::actions::View;
use crate::actions::{Opened, fresh_key};
use crate::auth::Member;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::EndpointId;
use crate::db::Conn;
use crate::endpoints::Endpoint;
use crate::endpoints::deliveries;
use crate::endpoints::queries::{self, Counts};
use crate::pages::delivery::Sent;
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::pages::settings::values::Values;
use crate::web::Dialog;
use crate::web::{Layout, Section, filters};
use crate::wording::sentence::Stamp;
use crate::wording::text::{count, grouped};

/// How many deliveries are shown.
const SHOWN: i64 = 20;

#[derive(Template)]
#[template(path = "settings/endpoints/one.html")]
pub struct EndpointPage {
    layout: Layout,
    nav: Nav,
    endpoint: Endpoint,
    /// The types of events that it gets.
    types: Vec<String>,
    values: Values,
    counts: Counts,
    deliveries: Vec<Sent>,
    /// The address of this page.
    here: String,
    /// The key with which each form of the page works only once.
    once: String,
    now: Moment,
}

/// The path of an endpoint's page.
pub fn address(member: &Member, id: EndpointId) -> String {
    format!("{}/{id}", super::page::address(member))
}

impl Page for EndpointPage {
    type Scope = InProject;

    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<EndpointPage, Error> {
        let (member, now) = (view.who, view.request.now);
        let (endpoint, types) = named(conn, view.request, member.project.id)?;
        let deliveries = deliveries::to(conn, member.project.id, endpoint.id, SHOWN)?;
        Ok(EndpointPage {
            layout: member.layout(endpoint.name.clone(), Section::Settings),
            nav: nav(conn, member, "endpoints")?,
            values: model::values(&endpoint, &types),
            counts: queries::counts(conn, member.project.id, endpoint.id)?,
            deliveries: deliveries.into_iter().map(|tried| Sent::to_endpoint(tried, now)).collect(),
            here: address(member, endpoint.id),
            once: fresh_key()?,
            endpoint,
            types,
            now,
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn address(&self) -> String {
        self.here.clone()
    }

    fn dialog(&self, _: &mut Conn, view: &View<'_, InProject>, opened: Opened) -> Result<Option<Dialog>, Error> {
        dialog(view.who, Some(&(self.endpoint.clone(), self.types.clone())), opened)
    }
}

impl EndpointPage {
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
