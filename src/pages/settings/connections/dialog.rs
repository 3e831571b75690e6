//! The dialogs of the page. A key that was typed is never shown again, not even when the form is refused.

use askama::Template;

use super::page;
use crate::actions::Opened;
use crate::auth::Member;
use crate::base::error::Error;
use crate::db::Conn;
use crate::operations::requests::open;
use crate::stores::revenuecat::{BASE_URL, Connection};
use crate::web::{Dialog, filters};
use crate::wording::text::count;

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

/// Ends the connection, and says what becomes of what is under way.
#[derive(Template)]
#[template(path = "settings/connections/disconnect.html")]
struct Disconnect {
    form: Opened,
    action: String,
    unsent: usize,
    sent: usize,
    is_suspended: bool,
}

/// Keeps the catalog in step, or stops that.
#[derive(Template)]
#[template(path = "settings/connections/step.html")]
struct KeepInStep {
    form: Opened,
    action: String,
    in_step: bool,
}

impl Disconnect {
    fn unsent_words(&self) -> String {
        let (verb, them) = if self.unsent == 1 { ("is", "it") } else { ("are", "them") };
        format!("{} {verb} not sent yet. What becomes of {them}?", requests(self.unsent))
    }

    fn sent_words(&self) -> String {
        format!("{} may have been sent, and what came of it is not known.", requests(self.sent))
    }

    fn is_chosen(&self, choice: &str) -> &'static str {
        if self.form.typed("waiting") == Some(choice) { " checked" } else { "" }
    }
}

fn requests(number: usize) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX), "request", "requests")
}

/// The dialog that `form` names; `None` for an unknown name, or one that does not fit the connection.
///
/// # Errors
/// When the database fails.
pub fn dialog(
    conn: &mut Conn,
    member: &Member,
    connection: Option<&Connection>,
    form: Opened,
) -> Result<Option<Dialog>, Error> {
    let at = |path: &str| format!("{}/revenuecat{path}", page::address(member));
    // After a refusal the dialog is shown in any case, with the reason.
    let fits = |is_fitting: bool| is_fitting || !form.is_of_address;
    Ok(match form.name.as_str() {
        "revenuecat-connect" if fits(connection.is_none()) => Some(Dialog::new(Connect { form, action: at("") })),
        "revenuecat-keys" if fits(connection.is_some()) => {
            let has_v1_key = connection.is_some_and(Connection::has_v1_key);
            Some(Dialog::new(ReplaceKeys { form, action: at("/keys"), has_v1_key }))
        }
        "revenuecat-resume" if fits(connection.is_some_and(|known| known.suspended_at.is_some())) => {
            Some(Dialog::new(Resume { form, action: at("/resume") }))
        }
        "revenuecat-disconnect" if fits(connection.is_some()) => {
            let open = open(conn, member.project.id)?;
            let is_suspended = connection.is_some_and(|known| known.suspended_at.is_some());
            let (unsent, sent) = (open.unsent.len(), open.sent.len());
            Some(Dialog::new(Disconnect { form, action: at("/disconnect"), unsent, sent, is_suspended }))
        }
        "revenuecat-step" if fits(connection.is_some()) => {
            let in_step = connection.is_some_and(|known| known.catalog_in_step);
            Some(Dialog::new(KeepInStep { form, action: at("/catalog/step"), in_step }))
        }
        _ => None,
    })
}
