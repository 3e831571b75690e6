//! The page of connections.

use askama::Template;

use super::dialog::dialog;
use super::model::values;
use super::{catalog, customers, only_here};
use crate::actions::{InProject, Opened, Page, View, fresh_key};
use crate::auth::Member;
use crate::base::clock::Moment;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::db::Conn;
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::pages::settings::values::Values;
use crate::stores::revenuecat::{Connection, Finding, queries};
use crate::web::{Dialog, Layout, Section, filters};
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "settings/connections/page.html")]
pub struct ConnectionsPage {
    layout: Layout,
    nav: Nav,
    /// The key that makes the form of the check work once.
    once: String,
    connection: Option<Shown>,
    webhook: String,
}

/// A connection as the page shows it.
struct Shown {
    connection: Connection,
    values: Values,
    keys_set: Stamp,
    checked: Option<Stamp>,
    suspended: Option<Stamp>,
    findings: Vec<Finding>,
    customers: customers::Card,
    catalog: catalog::Card,
    only_here: only_here::Card,
}

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings/connections", member.project.slug)
}

impl Page for ConnectionsPage {
    type Scope = InProject;

    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<ConnectionsPage, Error> {
        let (member, now) = (view.who, view.request.now);
        let config: &Config = view.request.config();
        let once = fresh_key()?;
        let connection = queries::find(conn, member.project.id)?;
        let connection =
            connection.map(|connection| Shown::load(conn, member, connection, (&once, now))).transpose()?;
        Ok(ConnectionsPage {
            layout: member.layout("Connections", Section::Settings),
            nav: nav(conn, member, "connections")?,
            once,
            connection,
            webhook: config.address_of(&format!("/webhooks/revenuecat/{}", member.project.slug)),
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn address(&self) -> String {
        format!("{}/connections", self.nav.base)
    }

    fn dialog(&self, conn: &mut Conn, view: &View<'_, InProject>, opened: Opened) -> Result<Option<Dialog>, Error> {
        dialog(conn, view.who, self.connection.as_ref().map(|shown| &shown.connection), opened)
    }
}

impl Shown {
    fn load(
        conn: &mut Conn,
        member: &Member,
        connection: Connection,
        (once, now): (&str, Moment),
    ) -> Result<Shown, Error> {
        Ok(Shown {
            values: values(&connection),
            keys_set: Stamp::day(connection.keys_set_at),
            checked: connection.checked_at.map(|at| Stamp::relative(at, now).inside()),
            suspended: connection.suspended_at.map(Stamp::full),
            findings: connection.findings().0,
            customers: customers::Card::load(conn, member, &connection, (once, now))?,
            catalog: catalog::Card::load(conn, member, &connection, (once, now))?,
            only_here: only_here::Card::load(conn, member, &connection, now)?,
            connection,
        })
    }
}

impl ConnectionsPage {
    fn opens(&self, dialog: &str) -> String {
        format!("{}/connections?dialog={dialog}", self.nav.base)
    }
}
