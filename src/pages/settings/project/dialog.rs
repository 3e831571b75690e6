//! The dialog that changes the settings.

use askama::Template;

use super::model::{LONGEST_NOTE, MOST_NOTES, MOST_TESTERS, Settings, exporters};
use super::queries;
use crate::actions::Opened;
use crate::auth::Member;
use crate::base::Permission::ManageProject;
use crate::base::Role;
use crate::base::error::Error;
use crate::customers::{SandboxAccess, TransferBehavior};
use crate::db::Conn;
use crate::web::{Dialog, filters};

#[derive(Template)]
#[template(path = "settings/project/edit.html")]
struct Edit {
    form: Opened,
    action: String,
    settings: Settings,
}

/// The dialog that `form` names; `None` for an unknown name.
pub fn dialog(conn: &mut Conn, member: &Member, form: Opened) -> Result<Option<Dialog>, Error> {
    if !member.may(ManageProject) || form.name != "project-edit" {
        return Ok(None);
    }
    let action = format!("/projects/{}/settings/project", member.project.slug);
    Ok(Some(Dialog::new(Edit { form, action, settings: queries::load(conn, member.project.id)? })))
}

impl Edit {
    /// The options: value, name, and whether each is chosen.
    fn options(&self, field: &str) -> Vec<(&'static str, &'static str, bool)> {
        let (offered, current) = match field {
            "transfer_behavior" => (self.settings.choices(), Some(self.settings.transfer_behavior)),
            _ => (self.settings.sandbox_choices(), self.settings.sandbox_transfer_behavior),
        };
        let chosen = self.form.value(field, current.map_or("", TransferBehavior::as_str)).to_owned();
        let option = |one: TransferBehavior| (one.as_str(), one.name(), one.as_str() == chosen);
        offered.into_iter().map(option).collect()
    }

    /// For whom sandbox purchases unlock: value, name, and whether it is chosen.
    fn sandbox_options(&self) -> Vec<(&'static str, &'static str, bool)> {
        let chosen = self.form.value("sandbox_access", self.settings.sandbox_access.as_str()).to_owned();
        let option = |one: SandboxAccess| (one.as_str(), one.name(), one.as_str() == chosen);
        SandboxAccess::ALL.into_iter().map(option).collect()
    }

    /// Who may download lists: value, name, and whether it is chosen.
    fn export_options(&self) -> Vec<(&'static str, &'static str, bool)> {
        let chosen = self.form.value("list_export_role", self.settings.list_export_role.name()).to_owned();
        Role::ALL.into_iter().rev().map(|role| (role.name(), exporters(role), role.name() == chosen)).collect()
    }

    fn others_may_delete(&self) -> bool {
        self.is_checked("others_may_delete", self.settings.others_may_delete)
    }

    fn overrides_only_tests(&self) -> bool {
        self.is_checked("overrides_only_tests", self.settings.overrides_only_tests)
    }

    /// A form omits unchecked boxes; the field `seen` is there when the form was sent.
    fn is_checked(&self, field: &str, current: bool) -> bool {
        if self.form.typed("seen").is_some() { self.form.typed(field).is_some() } else { current }
    }
}
