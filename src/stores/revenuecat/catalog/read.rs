//! Which lists make a catalog. Inner lists come with the outer ones where RevenueCat includes them, and by calls of their own where
//! it does not.

use serde_json::Value;

use super::model::{Found, Listed, With, text};
use crate::stores::revenuecat::http::segment;
use crate::stores::revenuecat::lists::{Failure, Lists, Pace};
use crate::stores::revenuecat::session::Session;

/// Reads all that the project sells there.
///
/// # Errors
/// [`Failure`] when one of the lists cannot be read to its end.
pub fn read(session: &Session<'_>, pace: &dyn Pace) -> Result<Found, Failure> {
    let lists = Lists::of_catalog(session, pace);
    let apps = lists.all("apps", "/apps?limit=100")?;
    let products = lists.all("products", "/products?limit=100")?;
    let mut entitlements = Vec::new();
    for item in lists.including("entitlements", "items.product")? {
        let path = format!("/entitlements/{}/products", segment(text(&item, "id")));
        let inner = lists.inner("products of entitlements", &item, "products", &path)?;
        entitlements.push(With { item, inner });
    }
    let mut offerings = Vec::new();
    for item in lists.including("offerings", "items.package.product")? {
        let path = format!("/offerings/{}/packages", segment(text(&item, "id")));
        let mut packages = Vec::new();
        for package in lists.inner("packages of offerings", &item, "packages", &path)? {
            let path = format!("/packages/{}/products", segment(text(&package, "id")));
            let inner = lists.inner("products of packages", &package, "products", &path)?;
            packages.push(With { item: package, inner });
        }
        offerings.push(With { item, inner: packages });
    }
    Ok(Found::of(&Listed { apps, products, entitlements, offerings }))
}

impl Lists<'_> {
    /// A list with what `expand` includes, if an answer may be so large; else without.
    fn including(&self, what: &str, expand: &str) -> Result<Vec<Value>, Failure> {
        let included = self.all(what, &format!("/{what}?limit=100&expand={expand}"));
        included.or_else(|_| self.all(what, &format!("/{what}?limit=100")))
    }

    /// A list inside an item.
    fn inner(&self, what: &str, item: &Value, name: &str, path: &str) -> Result<Vec<Value>, Failure> {
        match item.get(name).filter(|list| list.get("items").is_some_and(Value::is_array)) {
            Some(list) => self.rest(what, list),
            None => self.all(what, &format!("{path}?limit=100")),
        }
    }
}
