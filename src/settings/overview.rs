//! `GET /projects/{p}/settings`: the project, and where its deliveries go.

use actix_web::web::Data;
use askama::Template;

use super::{Nav, queries};
use crate::clock::Moment;
use crate::config::Config;
use crate::customers::transfer_behavior;
use crate::db::{Conn, Db};
use crate::error::Error;
use crate::page::sentence::Stamp;
use crate::page::{Layout, Page, Section};
use crate::people::Permission::{BlockCustomers, ReadAudit, ReadPeople, ReadRejected, ReadSettings};
use crate::people::{Door, Member};

#[derive(Template)]
#[template(path = "settings/index.html")]
pub struct Overview {
    layout: Layout,
    nav: Nav,
    name: String,
    slug: String,
    transfer_behavior: &'static str,
    role: &'static str,
    webhook: String,
    last_delivery: Option<(Stamp, Stamp)>,
}

pub async fn show(door: Door, db: Data<Db>, config: Data<Config>) -> Result<Page<Overview>, Error> {
    let load = move |conn: &mut Conn| {
        let member = door.enter(conn)?;
        Overview::load(conn, &member, &config, door.now)
    };
    db.read(load).await.map(Page)
}

impl Overview {
    fn load(conn: &mut Conn, member: &Member, config: &Config, now: Moment) -> Result<Overview, Error> {
        let project = &member.project;
        let last = queries::last_delivery(conn, project.id)?;
        Ok(Overview {
            layout: member.layout("Settings", Section::Settings),
            nav: nav(conn, member, "")?,
            transfer_behavior: transfer_behavior::words(&queries::transfer_behavior(conn, project.id)?).0,
            role: member.role.name(),
            webhook: config.address_of(&format!("/webhooks/revenuecat/{}", project.slug)),
            last_delivery: last.map(|at| (Stamp::full(at), Stamp::relative(at, now))),
            name: project.name.clone(),
            slug: project.slug.clone(),
        })
    }
}

/// The navigation of the settings pages; `here` is the last part of the current one's address.
pub fn nav(conn: &mut Conn, member: &Member, here: &'static str) -> Result<Nav, Error> {
    let count = member.may(ReadRejected).then(|| queries::count_rejected(conn, member.project.id));
    Ok(Nav {
        base: format!("/projects/{}/settings", member.project.slug),
        here,
        has_audit: member.may(ReadAudit),
        rejected: count.transpose()?,
        has_people: member.may(ReadPeople),
        has_overview: member.may(ReadSettings),
        has_blocked: member.may(BlockCustomers),
    })
}
