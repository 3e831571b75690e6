//! `GET /projects/{p}/catalog`: the whole catalog on one page.

use std::collections::HashMap;

use askama::Template;

use super::touched::Touched;
use super::{entitlements, offerings, products, queries, touched};
use crate::actions::InProject;
use crate::actions::Opened;
use crate::actions::Page;
use crate::actions::View;
use crate::auth::Member;
use crate::base::Permission::ManageCatalog;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::catalog::rows::{Entitlement, Offering, Product};
use crate::db::Conn;
use crate::events::Store;
use crate::pages::settings::values::Values;
use crate::pages::settings::{Nav, overview};
use crate::pages::store_badge::StoreBadge;
use crate::web::{Dialog, Layout, Section, filters};
use crate::wording::text::segment;

#[derive(Template)]
#[template(path = "settings/catalog/page.html")]
pub struct CatalogPage {
    layout: Layout,
    nav: Nav,
    entitlements: Vec<EntitlementRow>,
    offerings: Vec<OfferingRow>,
    products: Vec<ProductRow>,
    may_manage: bool,
    slug: String,
}

struct EntitlementRow {
    row: Entitlement,
    products: Vec<String>,
    touched: Touched,
}

struct OfferingRow {
    row: Offering,
    href: String,
    packages: i64,
    overrides: i64,
}

struct ProductRow {
    row: Product,
    store: StoreBadge,
    values: Values,
    attached: Vec<String>,
    touched: Touched,
}

/// The name of a dialog begins with the part that it belongs to.
fn dialog(conn: &mut Conn, member: &Member, opened: Opened, now: Moment) -> Result<Option<Dialog>, Error> {
    match opened.name.split('-').next() {
        _ if !member.may(ManageCatalog) => Ok(None),
        Some("product") => products::dialog(conn, member, opened),
        Some("entitlement") => entitlements::dialog(conn, member, opened, now),
        Some("offering") => offerings::dialog_to_add(member, opened),
        _ => Ok(None),
    }
}

impl Page for CatalogPage {
    type Scope = InProject;

    /// Runs eight queries besides those that load the member, whatever the size of the catalog.
    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<CatalogPage, Error> {
        let (member, now) = (view.who, view.request.now);
        let project = member.project.id;
        let attached = queries::attached(conn, project)?;
        let touched = touched::by_products(conn, project)?;
        let products =
            queries::products(conn, project)?.into_iter().map(|row| ProductRow::new(row, &attached, &touched));
        let products = products.collect();
        let touched = touched::by_entitlements(conn, project, now)?;
        let entitlements = queries::entitlements(conn, project)?.into_iter().map(|row| EntitlementRow {
            products: attached.get(&row.identifier).cloned().unwrap_or_default(),
            touched: touched.get(&row.identifier).copied().unwrap_or_default(),
            row,
        });
        let entitlements = entitlements.collect();
        let (packages, overrides) = (queries::package_counts(conn, project)?, queries::overrides(conn, project, now)?);
        let count = |counts: &HashMap<String, i64>, row: &Offering| counts.get(&row.identifier).copied().unwrap_or(0);
        let offerings = queries::offerings(conn, project)?.into_iter().map(|row| OfferingRow {
            href: offerings::href(member, &row.identifier),
            packages: count(&packages, &row),
            overrides: count(&overrides, &row),
            row,
        });
        Ok(CatalogPage {
            offerings: offerings.collect(),
            layout: member.layout("Catalog", Section::Settings),
            nav: overview::nav(conn, member, "catalog")?,
            may_manage: member.may(ManageCatalog),
            slug: member.project.slug.clone(),
            entitlements,
            products,
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn address(&self) -> String {
        self.nav.catalog.clone()
    }

    fn dialog(&self, conn: &mut Conn, view: &View<'_, InProject>, opened: Opened) -> Result<Option<Dialog>, Error> {
        dialog(conn, view.who, opened, view.request.now)
    }
}

impl CatalogPage {
    /// The address of the page with this dialog open.
    fn opens(&self, dialog: &str) -> String {
        format!("{}?dialog={}", self.nav.catalog, segment(dialog))
    }

    fn opens_of(&self, dialog: &str, identifier: &str) -> String {
        self.opens(&format!("{dialog}.{identifier}"))
    }

    fn detaches(&self, entitlement: &str, product: &str) -> String {
        format!("{}&product={}", self.opens_of("entitlement-detach", entitlement), segment(product))
    }
}

impl ProductRow {
    fn new(
        row: Product,
        attached: &std::collections::BTreeMap<String, Vec<String>>,
        touched: &HashMap<(String, String), Touched>,
    ) -> ProductRow {
        let holders = attached.iter().filter(|(_, products)| products.contains(&row.identifier));
        ProductRow {
            store: StoreBadge::new(Some(&Store::from(row.store.clone()))),
            values: products::values(&row),
            attached: holders.map(|(entitlement, _)| entitlement.clone()).collect(),
            touched: touched.get(&(row.store.clone(), row.identifier.clone())).copied().unwrap_or_default(),
            row,
        }
    }

    fn key(&self) -> String {
        format!("{}/{}", self.row.store, self.row.identifier)
    }

    fn value(&self, name: &str) -> &str {
        self.values.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}
