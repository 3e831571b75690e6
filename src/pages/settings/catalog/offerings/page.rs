//! `GET /projects/{p}/catalog/offerings/{offering}`: an offering with its packages.

use askama::Template;

use super::dialog::{Known, dialog};
use super::draft::indented;
use super::href;
use crate::actions::InProject;
use crate::actions::Opened;
use crate::actions::Page;
use crate::actions::View;
use crate::base::Permission::ManageCatalog;
use crate::base::error::Error;
use crate::catalog::rows::{Offering, Package};
use crate::db::Conn;
use crate::pages::settings::catalog::{packages, queries};
use crate::pages::settings::{Nav, overview};
use crate::web::{Dialog, Layout, Section, filters};
use crate::wording::text::segment;

#[derive(Template)]
#[template(path = "settings/catalog/offering.html")]
pub struct OfferingPage {
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

impl Page for OfferingPage {
    type Scope = InProject;

    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<OfferingPage, Error> {
        let (member, identifier, now) = (view.who, view.request.parameter("offering")?, view.request.now);
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

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn address(&self) -> String {
        self.href.clone()
    }

    /// The name of a dialog begins with the part that it belongs to.
    fn dialog(&self, conn: &mut Conn, view: &View<'_, InProject>, opened: Opened) -> Result<Option<Dialog>, Error> {
        let default = std::iter::once(&self.row).chain(&self.others).find(|offering| offering.is_default);
        let known = Known { row: &self.row, overrides: self.overrides, default, is_alone: self.others.is_empty() };
        match opened.name.split('-').next() {
            _ if !self.may_manage => Ok(None),
            Some("offering") => dialog(view.who, &known, opened),
            Some("package") => packages::dialog(conn, view.who, &self.href, &self.packages, opened),
            _ => Ok(None),
        }
    }
}

impl OfferingPage {
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
