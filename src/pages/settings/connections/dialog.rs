//! The dialogs of the page. A key that was typed is never shown again, not even when the form is refused.

use askama::Template;

use super::page;
use crate::actions::Opened;
use crate::auth::Member;
use crate::stores::revenuecat::{BASE_URL, Connection};
use crate::web::{Dialog, filters};

/// Connects the project.
#[derive(Template)]
#[template(path = "settings/connections/connect.html")]
struct Connect {
    form: Opened,
    action: String,
}

/// Replaces the keys.
#[derive(Template)]
#[template(path = "settings/connections/keys.html")]
struct ReplaceKeys {
    form: Opened,
    action: String,
    has_v1_key: bool,
}

/// Lets a copy of a database act.
#[derive(Template)]
#[template(path = "settings/connections/resume.html")]
struct Resume {
    form: Opened,
    action: String,
}

#[derive(Template)]
#[template(path = "settings/connections/disconnect.html")]
struct Disconnect {
    form: Opened,
    action: String,
}

/// Keeps the catalog in step, or stops that.
#[derive(Template)]
#[template(path = "settings/connections/step.html")]
struct KeepInStep {
    form: Opened,
    action: String,
    in_step: bool,
}

/// The dialog that `form` names; `None` for an unknown name, or one that does not fit the connection.
pub fn dialog(member: &Member, connection: Option<&Connection>, form: Opened) -> Option<Dialog> {
    let at = |path: &str| format!("{}/revenuecat{path}", page::address(member));
    // After a refusal the dialog is shown in any case, with the reason.
    let fits = |is_fitting: bool| is_fitting || !form.is_of_address;
    match form.name.as_str() {
        "revenuecat-connect" if fits(connection.is_none()) => Some(Dialog::new(Connect { form, action: at("") })),
        "revenuecat-keys" if fits(connection.is_some()) => {
            let has_v1_key = connection.is_some_and(Connection::has_v1_key);
            Some(Dialog::new(ReplaceKeys { form, action: at("/keys"), has_v1_key }))
        }
        "revenuecat-resume" if fits(connection.is_some_and(|known| known.suspended_at.is_some())) => {
            Some(Dialog::new(Resume { form, action: at("/resume") }))
        }
        "revenuecat-disconnect" if fits(connection.is_some()) => {
            Some(Dialog::new(Disconnect { form, action: at("/disconnect") }))
        }
        "revenuecat-step" if fits(connection.is_some()) => {
            let in_step = connection.is_some_and(|known| known.catalog_in_step);
            Some(Dialog::new(KeepInStep { form, action: at("/catalog/step"), in_step }))
        }
        _ => None,
    }
}
