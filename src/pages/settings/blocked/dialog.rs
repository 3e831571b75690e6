//! The dialogs of the page.

use askama::Template;

use super::page::address;
use crate::actions::Opened;
use crate::auth::Member;
use crate::base::error::Error;
use crate::operations::erasure::blocking::Blocked;
use crate::web::{Dialog, filters};
use crate::wording::text::segment;

#[derive(Template)]
#[template(path = "settings/blocked/block.html")]
struct Block {
    form: Opened,
    action: String,
}

#[derive(Template)]
#[template(path = "settings/blocked/unblock.html")]
struct Unblock {
    form: Opened,
    action: String,
    blocked: Blocked,
}

/// The dialog that `form` names; `None` for an unknown name or a block that does not exist.
pub fn dialog(member: &Member, all: &[&Blocked], form: Opened) -> Result<Option<Dialog>, Error> {
    let blocked = all.iter().find(|one| form.number() == Some(one.id)).map(|one| Blocked::clone(one));
    match (form.name.as_str(), blocked) {
        ("blocked-add", None) => Ok(Some(Dialog::new(Block { action: address(member), form }))),
        ("blocked-end", Some(blocked)) => {
            let id = segment(&blocked.app_user_id);
            let action = format!("/projects/{}/customers/{id}/unblock", member.project.slug);
            Ok(Some(Dialog::new(Unblock { form, action, blocked })))
        }
        _ => Ok(None),
    }
}
