//! The dialogs that make a key, show it once, and revoke it.

use askama::Template;

use super::page::{address, kind};
use crate::actions::Opened;
use crate::auth::Member;
use crate::auth::api_keys::{Line, PLATFORMS, Platform, platform_of};
use crate::base::Permission::ManageKeys;
use crate::base::error::Error;
use crate::web::{Dialog, filters};

/// The choice for a server's key. The other choices are stores.
pub const SERVER: &str = "server";

#[derive(Template)]
#[template(path = "settings/keys/make.html")]
struct Make {
    form: Opened,
    action: String,
}

#[derive(Template)]
#[template(path = "settings/keys/shown.html")]
struct Shown {
    form: Opened,
    origin: String,
    platform: Option<Platform>,
}

#[derive(Template)]
#[template(path = "settings/keys/revoke.html")]
struct Revoke {
    form: Opened,
    action: String,
    line: Line,
    kind: String,
}

/// The dialog that `form` names; `None` for an unknown name, or a key that does not exist or is revoked.
pub fn dialog(member: &Member, form: Opened, keys: &[&Line], origin: &str) -> Result<Option<Dialog>, Error> {
    if !member.may(ManageKeys) {
        return Ok(None);
    }
    let line = keys.iter().find(|line| form.number() == Some(line.id) && line.counts());
    match (form.name.as_str(), line) {
        ("key-make", None) => Ok(Some(Dialog::new(Make { action: address(member), form }))),
        ("key-shown", None) if form.is_shown_once => {
            let platform = platform_of(form.value("for", SERVER));
            Ok(Some(Dialog::new(Shown { form, origin: origin.to_owned(), platform })))
        }
        ("key-revoke", Some(line)) => {
            let action = format!("{}/{}/revoke", address(member), line.id);
            Ok(Some(Dialog::new(Revoke { form, action, kind: kind(line), line: Line::clone(line) })))
        }
        _ => Ok(None),
    }
}

impl Make {
    /// The platforms, and whether each is chosen.
    fn apps(&self) -> impl Iterator<Item = (Platform, bool)> {
        let chosen = self.form.value("for", "").to_owned();
        PLATFORMS.into_iter().map(move |platform| (platform, platform.store == chosen))
    }

    fn is_for_server(&self) -> bool {
        self.form.value("for", "") == SERVER
    }
}

impl Shown {
    fn key(&self) -> &str {
        self.form.value("key", "")
    }

    /// The code with which a developer tries the key.
    fn code(&self) -> String {
        let (key, origin) = (self.key(), &self.origin);
        match self.platform.map(|platform| platform.store) {
            None => format!("curl -H 'Authorization: Bearer {key}' {origin}/v1/subscribers/APP_USER_ID"),
            Some("APP_STORE" | "MAC_APP_STORE") => {
                format!("Purchases.proxyURL = URL(string: \"{origin}\")\nPurchases.configure(withAPIKey: \"{key}\")")
            }
            Some("PLAY_STORE" | "AMAZON" | "GALAXY") => format!(
                "Purchases.proxyURL = URL(\"{origin}\")\n\
                 Purchases.configure(PurchasesConfiguration.Builder(context, \"{key}\").build())"
            ),
            Some(_) => format!(
                "Purchases.configure({{ apiKey: \"{key}\", appUserId, httpConfig: {{ proxyURL: \"{origin}\" }} }})"
            ),
        }
    }
}
