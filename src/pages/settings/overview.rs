//! `GET /projects/{p}/settings`: the project's settings, and the address to which its webhooks are sent.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Nav, project, queries, webhook};
use crate::actions::{self, Opened};
use crate::auth::{Member, PageRequest};
use crate::base::Permission::{
    BlockCustomers, DeleteTestAccounts, ManageEndpoints, ManageKeys, ManageProject, ManageSecrets, ReadAudit,
    ReadPeople, ReadRejected, ReadSettings,
};
use crate::base::clock::Moment;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::web::{Layout, Section, filters};
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "settings/index.html")]
struct Overview {
    layout: Layout,
    nav: Nav,
    slug: String,
    settings: project::Settings,
    role: &'static str,
    webhook: String,
    secret: webhook::SecretStatus,
    last_delivery: Option<(Stamp, Stamp)>,
    may_manage: bool,
    may_replace: bool,
    now: Moment,
}

pub async fn show(
    request: PageRequest,
    req: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
) -> Result<HttpResponse, Error> {
    actions::page(request, &req, &db, move |conn, request, query, opened| load(conn, request, &config, query, opened))
        .await
}

/// Renders the page with a dialog open, for an action.
pub fn page(
    config: Data<Config>,
) -> impl FnOnce(&mut Conn, &PageRequest, Opened) -> Result<Bytes, Error> + Send + 'static {
    move |conn, request, opened| load(conn, request, &config, "", Some(opened))
}

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings", member.project.slug)
}

fn load(
    conn: &mut Conn,
    request: &PageRequest,
    config: &Config,
    query: &str,
    opened: Option<Opened>,
) -> Result<Bytes, Error> {
    let member = request.authorize(conn)?;
    let mut page = Overview::load(conn, &member, config, request.now)?;
    page.layout.flash = actions::flash(conn, &member, query, request.now)?;
    if let Some(opened) = opened {
        page.open(conn, &member, opened)?;
    }
    Ok(Bytes::from(page.render_with_values(&member.preferences())?))
}

impl Overview {
    fn load(conn: &mut Conn, member: &Member, config: &Config, now: Moment) -> Result<Overview, Error> {
        let project = &member.project;
        let last = queries::last_delivery(conn, project.id)?;
        Ok(Overview {
            layout: member.layout("Settings", Section::Settings),
            nav: nav(conn, member, "")?,
            settings: project::load(conn, project.id)?,
            role: member.role.name(),
            webhook: config.address_of(&format!("/webhooks/revenuecat/{}", project.slug)),
            secret: webhook::load(conn, project.id)?,
            last_delivery: last.map(|at| (Stamp::full(at), Stamp::relative(at, now))),
            may_manage: member.may(ManageProject),
            may_replace: member.may(ManageSecrets),
            slug: project.slug.clone(),
            now,
        })
    }

    /// The name of a dialog begins with the part that it belongs to.
    fn open(&mut self, conn: &mut Conn, member: &Member, opened: Opened) -> Result<(), Error> {
        let problem = opened.all_problems();
        let opened = opened.on(member, address(member));
        let dialog = match opened.name.split('-').next() {
            Some("project") => project::dialog(conn, member, opened)?,
            Some("webhook") => webhook::dialog(conn, member, opened, (self.now, &self.webhook))?,
            _ => None,
        };
        self.layout.show_dialog(dialog, problem);
        Ok(())
    }

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
        has_blocked: member.may(BlockCustomers),
        has_endpoints: member.may(ManageEndpoints),
        has_test_accounts: member.may(DeleteTestAccounts),
    })
}
