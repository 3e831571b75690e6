//! The dialogs of the page.

use askama::Template;

use super::page::address;
use crate::actions::Opened;
use crate::auth::Member;
use crate::auth::invitations::{DAYS, Invitation};
use crate::auth::members::{self, FORMER, Line};
use crate::base::Permission::ManagePeople;
use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::Conn;
use crate::pages::settings::role_choice::{RoleChoice, choices, words_of_person};
use crate::web::{Dialog, filters};

#[derive(Template)]
#[template(path = "settings/people/invite.html")]
struct Invite {
    form: Opened,
    action: String,
}

/// Shows the link of a new invitation, once.
#[derive(Template)]
#[template(path = "settings/people/link.html")]
struct Link {
    form: Opened,
}

#[derive(Template)]
#[template(path = "settings/people/withdraw.html")]
struct Withdraw {
    form: Opened,
    action: String,
    invitation: Invitation,
}

#[derive(Template)]
#[template(path = "settings/people/role.html")]
struct ChangeRole {
    form: Opened,
    action: String,
    line: Line,
}

#[derive(Template)]
#[template(path = "settings/people/remove.html")]
struct Remove {
    form: Opened,
    action: String,
    line: Line,
}

#[derive(Template)]
#[template(path = "settings/people/require.html")]
struct Require {
    form: Opened,
    action: String,
    is_required: bool,
    without: Vec<String>,
    has_own: bool,
}

/// The dialog that `form` names; `None` for an unknown name, or a member or invitation that does not exist.
pub fn dialog(conn: &mut Conn, member: &Member, form: Opened, now: Moment) -> Result<Option<Dialog>, Error> {
    if !member.may(ManagePeople) {
        return Ok(None);
    }
    let lines = members::queries::list(conn, member.project.id)?;
    let line = lines.iter().find(|line| form.number() == Some(line.id)).cloned();
    let action = |path: &str| format!("{}/{path}", address(member));
    let invitations = format!("/projects/{}/settings/invitations", member.project.slug);
    match (form.name.as_str(), line) {
        ("member-invite", None) => Ok(Some(Dialog::new(Invite { action: invitations, form }))),
        ("invitation-link", None) if form.is_shown_once => Ok(Some(Dialog::new(Link { form }))),
        ("invitation-withdraw", None) => {
            let open = crate::auth::invitations::queries::list(conn, member.project.id, now)?;
            let Some(invitation) = open.into_iter().find(|one| form.number() == Some(one.id)) else { return Ok(None) };
            let action = format!("{invitations}/{}/delete", invitation.id);
            Ok(Some(Dialog::new(Withdraw { form, action, invitation })))
        }
        ("member-role", Some(line)) => {
            Ok(Some(Dialog::new(ChangeRole { action: action(&format!("{}/role", line.id)), form, line })))
        }
        ("member-remove", Some(line)) => {
            Ok(Some(Dialog::new(Remove { action: action(&format!("{}/delete", line.id)), form, line })))
        }
        ("factor-require", None) => {
            let without = lines.into_iter().filter(|line| !line.has_second_factor).map(|line| line.name);
            let (is_required, has_own) = (member.project.requires_second_factor, member.has_second_factor);
            let require =
                Require { action: action("second-factor"), form, is_required, without: without.collect(), has_own };
            Ok(Some(Dialog::new(require)))
        }
        _ => Ok(None),
    }
}

impl Invite {
    fn roles(&self) -> Vec<RoleChoice> {
        choices(self.form.value("role", Role::Support.name()), words_of_person)
    }
}

impl ChangeRole {
    fn roles(&self) -> Vec<RoleChoice> {
        choices(self.form.value("role", self.line.role.name()), words_of_person)
    }
}
