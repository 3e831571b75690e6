//! What a dialog says about where its action arrives besides here.

use crate::wording::sentence::Stamp;

/// Where what a dialog asks for arrives.
#[derive(Debug, Clone, Default)]
pub enum Reach {
    /// Nowhere else, and nobody expects that.
    #[default]
    Nowhere,
    /// Nowhere else, although the app may need it: the project only takes webhooks. With the page on which it is connected,
    /// for those who may open it.
    WebhooksOnly { connections: Option<String> },
    /// RevenueCat is asked first.
    RevenueCat {
        is_suspended: bool,
        /// Until when it is left alone, because it does not answer.
        rests_until: Option<Stamp>,
        /// Whether nothing is to be sent later.
        refuses: bool,
    },
}
