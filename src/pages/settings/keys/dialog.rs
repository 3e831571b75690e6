//! The dialogs that make a key, show it once, change its role, make an admin answer for it, and revoke it.

use askama::Template;

use super::page::{address, kind};
use crate::actions::Opened;
use crate::auth::Member;
use crate::auth::api_keys::{Line, PLATFORMS, Platform, platform_of};
use crate::base::Permission::{ManageKeys, ManageSecretKeys};
use crate::base::Role;
use crate::base::error::Error;
use crate::pages::settings::role_choice::{RoleChoice, choices};
use crate::web::{Dialog, filters};

/// The choice for a server's key: this, a dot and its role. The other choices are stores.
pub const SERVER: &str = "server";

#[derive(Template)]
#[template(path = "settings/keys/make.html")]
struct Make {
    form: Opened,
    action: String,
    /// Whether the member may make secret keys.
    has_secret: bool,
}

#[derive(Template)]
#[template(path = "settings/keys/role.html")]
struct ChangeRole {
    form: Opened,
    action: String,
    line: Line,
}

#[derive(Template)]
#[template(path = "settings/keys/keep.html")]
struct Keep {
    form: Opened,
    action: String,
    line: Line,
    kind: String,
}

#[derive(Template)]
#[template(path = "settings/keys/shown.html")]
struct Shown {
    form: Opened,
    origin: String,
    platform: Option<Platform>,
    /// The role of a secret key.
    role: Option<Role>,
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
        ("key-make", None) => {
            let has_secret = member.may(ManageSecretKeys);
            Ok(Some(Dialog::new(Make { action: address(member), has_secret, form })))
        }
        ("key-shown", None) if form.is_shown_once => {
            let platform = platform_of(form.value("for", SERVER));
            let role = form.value("for", "").strip_prefix("server.").and_then(Role::parse);
            Ok(Some(Dialog::new(Shown { form, origin: origin.to_owned(), platform, role })))
        }
        ("key-revoke", Some(line)) if member.may(line.managed_by()) => {
            let action = format!("{}/{}/revoke", address(member), line.id);
            Ok(Some(Dialog::new(Revoke { form, action, kind: kind(line), line: Line::clone(line) })))
        }
        ("key-role", Some(line)) if line.role.is_some() && member.may(ManageSecretKeys) => {
            let action = format!("{}/{}/role", address(member), line.id);
            Ok(Some(Dialog::new(ChangeRole { form, action, line: Line::clone(line) })))
        }
        ("key-keep", Some(line)) if member.may(ManageSecretKeys) => {
            let action = format!("{}/{}/keep", address(member), line.id);
            Ok(Some(Dialog::new(Keep { form, action, kind: kind(line), line: Line::clone(line) })))
        }
        _ => Ok(None),
    }
}

/// What a server may do with a secret key of this role.
const fn words_of_key(role: Role) -> &'static str {
    match role {
        Role::Viewer => "reads customers, what they bought, and lists",
        Role::Support => "also changes customers: attributes, grants, offerings, transfers, refunds",
        Role::Developer => "the same as support: no call needs more",
        Role::Admin => "also deletes customers",
    }
}

impl Make {
    /// The platforms, and whether each is chosen.
    fn apps(&self) -> impl Iterator<Item = (Platform, bool)> {
        let chosen = self.form.value("for", "").to_owned();
        PLATFORMS.into_iter().map(move |platform| (platform, platform.store == chosen))
    }

    /// The roles of a secret key.
    fn servers(&self) -> Vec<RoleChoice> {
        choices(self.form.value("for", "").strip_prefix("server.").unwrap_or_default(), words_of_key)
    }
}

impl ChangeRole {
    fn roles(&self) -> Vec<RoleChoice> {
        choices(self.form.value("role", self.line.role.map_or("", Role::name)), words_of_key)
    }
}

impl Shown {
    /// What its role lets whoever has it do.
    fn may(&self) -> &'static str {
        self.role.map_or("", words_of_key)
    }

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
