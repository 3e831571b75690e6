//! `GET /projects/{p}/catalog/offerings/{offering}`: an offering with its packages.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::dialog::{Known, dialog};
use super::draft::indented;
use super::href;
use crate::actions::{self, Opened};
use crate::auth::{Member, PageRequest};
use crate::base::Permission::ManageCatalog;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::catalog::rows::{Offering, Package};
use crate::db::{Conn, Db};
use crate::pages::settings::catalog::{packages, queries};
use crate::pages::settings::{Nav, overview};
use crate::web::{Dialog, Layout, Section, filters};
use crate::wording::text::segment;

#[derive(Template)]
#[template(path = "settings/catalog/offering.html")]
struct OfferingPage {
    layout: Layout,
    nav: Nav,
    row: Offering,
    metadata: String,
    packages: Vec<(Package, Vec<String>)>,
    overrides: i64,
    others: Vec<Offering>,
    may_manage: bool,
    href: String,
}

pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    actions::page(request, &req, &db, load).await
}

/// Renders the page with a dialog open.
pub fn rendered(conn: &mut Conn, request: &PageRequest, opened: Opened) -> Result<Bytes, Error> {
    load(conn, request, "", Some(opened))
}

fn load(conn: &mut Conn, request: &PageRequest, query: &str, opened: Option<Opened>) -> Result<Bytes, Error> {
    let member = request.authorize(conn)?;
    let mut page = OfferingPage::load(conn, &member, request.parameter("offering")?, request.now)?;
    page.layout.flash = actions::flash(conn, &member, query, request.now)?;
    if let Some(opened) = opened {
        let problem = opened.all_problems();
        let dialog = page.dialog(conn, &member, opened.on(&member, page.href.clone()))?;
        page.layout.show_dialog(dialog, problem);
    }
    Ok(Bytes::from(page.render_with_values(&member.preferences())?))
}

impl OfferingPage {
    fn load(conn: &mut Conn, member: &Member, identifier: &str, now: Moment) -> Result<OfferingPage, Error> {
        let project = member.project.id;
        let (own, others): (Vec<Offering>, Vec<Offering>) =
            queries::offerings(conn, project)?.into_iter().partition(|offering| offering.identifier == identifier);
        let row = own.into_iter().next().ok_or(Error::NotFound)?;
        let mut packed = queries::packed(conn, project, identifier)?;
        let packages = queries::packages(conn, project, identifier)?.into_iter();
        let packages = packages.map(|package| {
            let products = packed.remove(&package.identifier).unwrap_or_default();
            (package, products)
        });
        Ok(OfferingPage {
            packages: packages.collect(),
            layout: member.layout(&row.display_name, Section::Settings),
            nav: overview::nav(conn, member, "catalog")?,
            overrides: queries::overrides(conn, project, now)?.get(identifier).copied().unwrap_or(0),
            metadata: indented(&row.metadata),
            may_manage: member.may(ManageCatalog),
            href: href(member, identifier),
            others,
            row,
        })
    }

    /// The name of a dialog begins with the part that it belongs to.
    fn dialog(&self, conn: &mut Conn, member: &Member, opened: Opened) -> Result<Option<Dialog>, Error> {
        let default = std::iter::once(&self.row).chain(&self.others).find(|offering| offering.is_default);
        let known = Known { row: &self.row, overrides: self.overrides, default, is_alone: self.others.is_empty() };
        match opened.name.split('-').next() {
            _ if !self.may_manage => Ok(None),
            Some("offering") => dialog(member, &known, opened),
            Some("package") => packages::dialog(conn, member, (&self.href, &self.packages), opened),
            _ => Ok(None),
        }
    }

    /// The address of the page with this dialog open.
    fn opens(&self, dialog: &str) -> String {
        format!("{}?dialog={}", self.href, segment(dialog))
    }

    fn opens_of(&self, dialog: &str, identifier: &str) -> String {
        self.opens(&format!("{dialog}.{identifier}"))
    }

    fn takes_out(&self, package: &str, product: &str) -> String {
        format!("{}&product={}", self.opens_of("package-detach", package), segment(product))
    }

    fn may_delete(&self) -> bool {
        !self.row.is_default || self.others.is_empty()
    }
}
