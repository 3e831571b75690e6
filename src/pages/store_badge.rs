//! The icon of the store in which a purchase was made, with the store's name for screen readers.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::events::Store;
use crate::web::filters;

#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "profile/store_badge.html")]
pub struct StoreBadge {
    name: String,
    icon: &'static str,
    /// A class for what is not a real shop: ` store--promotional`, ` store--test`; empty for the others.
    variant: &'static str,
}

impl HtmlSafe for StoreBadge {}

impl StoreBadge {
    pub fn new(store: Option<&Store>) -> StoreBadge {
        let Some(store) = store else {
            return StoreBadge { name: "Store unknown".into(), icon: "unknown", variant: "" };
        };
        let (icon, variant) = match store {
            Store::Amazon => ("store-amazon", ""),
            Store::AppStore => ("store-app-store", ""),
            Store::MacAppStore => ("store-mac-app-store", ""),
            Store::Paddle => ("store-paddle", ""),
            Store::PlayStore => ("store-play-store", ""),
            Store::Promotional => ("grant", " store--promotional"),
            Store::WebBilling => ("store-web", ""),
            Store::Roku => ("store-roku", ""),
            Store::Stripe => ("store-stripe", ""),
            Store::TestStore => ("experiment", " store--test"),
            Store::Other(_) => ("unknown", ""),
        };
        StoreBadge { name: store.name().to_owned(), icon, variant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_store_has_an_icon_in_the_sprite() {
        let sprite = include_str!("../../static/icons/sprite.svg");
        for word in Store::KNOWN.iter().chain(&["NEW_STORE"]) {
            let badge = StoreBadge::new(Some(&Store::from((*word).to_owned())));
            assert!(sprite.contains(&format!("id=\"{}\"", badge.icon)), "{word}");
        }
    }
}
