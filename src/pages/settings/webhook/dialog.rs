//! The dialogs that replace the value, end the old one, and show the new one once.

use askama::Template;

use super::model::{OVERLAPS, SHORT_WARNING, Secret};
use super::queries;
use crate::actions::Opened;
use crate::auth::Member;
use crate::base::Permission::ManageSecrets;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::Conn;
use crate::web::{Dialog, filters};
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "settings/webhook/replace.html")]
struct Replace {
    form: Opened,
    action: String,
    /// Until when the previous value counts. Replacing the current one ends it.
    overlap: Option<Stamp>,
}

#[derive(Template)]
#[template(path = "settings/webhook/end.html")]
struct End {
    form: Opened,
    action: String,
    until: Stamp,
}

#[derive(Template)]
#[template(path = "settings/webhook/secret.html")]
struct Shown {
    form: Opened,
    address: String,
}

/// The dialog that `form` names; `None` for an unknown name, or when there is nothing to end or to show.
pub fn dialog(
    conn: &mut Conn,
    member: &Member,
    form: Opened,
    now: Moment,
    address: &str,
) -> Result<Option<Dialog>, Error> {
    if !member.may(ManageSecrets) {
        return Ok(None);
    }
    let action = format!("/projects/{}/settings/webhook/secret", member.project.slug);
    let overlap = queries::load(conn, member.project.id)?.overlap(now).map(Stamp::full);
    match (form.name.as_str(), overlap) {
        ("webhook-replace", overlap) => Ok(Some(Dialog::new(Replace { form, action, overlap }))),
        ("webhook-end", Some(until)) => Ok(Some(Dialog::new(End { form, action: format!("{action}/end"), until }))),
        ("webhook-secret", _) if form.is_shown_once => {
            Ok(Some(Dialog::new(Shown { form, address: address.to_owned() })))
        }
        _ => Ok(None),
    }
}

impl Shown {
    /// The warning about a chosen value that can be guessed.
    fn warning(&self) -> Option<&'static str> {
        let value = Secret::parse(self.form.value("value", ""));
        value.is_ok_and(|value| value.is_short()).then_some(SHORT_WARNING)
    }
}

impl Replace {
    /// The choices: hours, words, and whether each is chosen.
    fn overlaps(&self) -> impl Iterator<Item = (i64, &'static str, bool)> {
        let chosen = self.form.value("overlap", "24").to_owned();
        OVERLAPS.into_iter().map(move |(hours, words)| (hours, words, hours.to_string() == chosen))
    }
}
