//! Names in answers: only those that customers know. What has no display name is called what it is.

use super::Writing;
use super::message::{Argument, Arguments};
use crate::events::Store;

/// A product or an entitlement; without a display name the files of the languages say "your subscription" or "access".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named(pub Option<String>);

impl Argument for Named {
    #[cfg(test)]
    const VARIABLES: &'static [&'static str] = &["", "_known"];

    fn put(&self, name: &'static str, _: &Writing, into: &mut Arguments) {
        into.set(name, "_known", if self.0.is_some() { "yes" } else { "no" });
        into.set(name, "", self.0.clone().unwrap_or_default());
    }
}

/// The store that charges the customer, and where the customer changes what renews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charger(pub Option<Store>);

impl Charger {
    /// The word by which the files of the languages choose.
    const fn kind(&self) -> &'static str {
        match self.0 {
            Some(Store::AppStore | Store::MacAppStore) => "app-store",
            Some(Store::PlayStore) => "play-store",
            Some(
                Store::Stripe | Store::WebBilling | Store::Amazon | Store::Roku | Store::Paddle | Store::TestStore,
            ) => "named",
            Some(Store::Promotional | Store::Other(_)) | None => "unknown",
        }
    }
}

impl Argument for Charger {
    #[cfg(test)]
    const VARIABLES: &'static [&'static str] = &["", "_name"];

    fn put(&self, name: &'static str, _: &Writing, into: &mut Arguments) {
        into.set(name, "", self.kind());
        into.set(name, "_name", self.0.as_ref().map(Store::name).unwrap_or_default());
    }
}
