//! `GET /projects/{p}/settings`: the project's settings, and the address to which its webhooks are sent.

use askama::Template;

use super::{Nav, project, queries, refunds, webhook};
use crate::actions::InProject;
use crate::actions::Opened;
use crate::actions::Page;
use crate::actions::View;
use crate::auth::Member;
use crate::base::Permission::{
    DeleteCustomers, DeleteTestAccounts, ManageConnections, ManageEndpoints, ManageKeys, ManageProject, ManageSecrets,
    ReadAudit, ReadPeople, ReadRejected, ReadSettings,
};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::Conn;
use crate::web::Dialog;
use crate::web::{Layout, Section, filters};
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "settings/index.html")]
pub struct Overview {
    layout: Layout,
    nav: Nav,
    slug: String,
    settings: project::Settings,
    refunds: refunds::RefundSettings,
    role: &'static str,
    webhook: String,
    secret: webhook::SecretStatus,
    last_delivery: Option<(Stamp, Stamp)>,
    may_manage: bool,
    may_replace: bool,
    now: Moment,
}

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings", member.project.slug)
}

impl Page for Overview {
    type Scope = InProject;

    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<Overview, Error> {
        let (member, now) = (view.who, view.request.now);
        let project = &member.project;
        let last = queries::last_delivery(conn, project.id)?;
        Ok(Overview {
            layout: member.layout("Settings", Section::Settings),
            nav: nav(conn, member, "")?,
            settings: project::load(conn, project.id)?,
            refunds: refunds::load(conn, project.id)?,
            role: member.role.name(),
            webhook: view.request.config().address_of(&format!("/webhooks/revenuecat/{}", project.slug)),
            secret: webhook::load(conn, project.id)?,
            last_delivery: last.map(|at| (Stamp::full(at), Stamp::relative(at, now))),
            may_manage: member.may(ManageProject),
            may_replace: member.may(ManageSecrets),
            slug: project.slug.clone(),
            now,
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn address(&self) -> String {
        self.nav.base.clone()
    }

    /// The name of a dialog begins with the part that it belongs to.
    fn dialog(&self, conn: &mut Conn, view: &View<'_, InProject>, opened: Opened) -> Result<Option<Dialog>, Error> {
        match opened.name.split('-').next() {
            Some("project") => project::dialog(conn, view.who, opened),
            Some("refunds") => refunds::dialog(conn, view.who, opened),
            Some("webhook") => webhook::dialog(conn, view.who, opened, self.now, &self.webhook),
            _ => Ok(None),
        }
    }
}

impl Overview {
    fn opens(&self, dialog: &str) -> String {
        format!("{}?dialog={dialog}", self.nav.base)
    }

    /// When the secret was replaced.
    fn replaced_at(&self) -> Option<Stamp> {
        self.secret.set_at.map(Stamp::full)
    }

    /// Until when the old secret counts; `None` when it does not count any more.
    fn overlap(&self) -> Option<(Stamp, Stamp)> {
        self.secret.overlap(self.now).map(|at| (Stamp::full(at), Stamp::relative(at, self.now).inside()))
    }
}

/// The navigation of the settings pages. `here` is the last part of the current page's path.
pub fn nav(conn: &mut Conn, member: &Member, here: &'static str) -> Result<Nav, Error> {
    let count = member.may(ReadRejected).then(|| queries::count_rejected(conn, member.project.id));
    Ok(Nav {
        base: address(member),
        catalog: format!("/projects/{}/catalog", member.project.slug),
        here,
        has_audit: member.may(ReadAudit),
        rejected: count.transpose()?,
        has_people: member.may(ReadPeople),
        has_overview: member.may(ReadSettings),
        has_keys: member.may(ManageKeys),
        has_blocked: member.may(DeleteCustomers),
        has_connections: member.may(ManageConnections),
        has_endpoints: member.may(ManageEndpoints),
        has_test_accounts: member.may(DeleteTestAccounts),
    })
}
