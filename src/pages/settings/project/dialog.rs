//! The dialog that changes the settings.

use askama::Template;

use super::model::{LONGEST_NOTE, MOST_NOTES, Settings};
use super::queries;
use crate::actions::Opened;
use crate::auth::Member;
use crate::base::Permission::ManageProject;
use crate::base::error::Error;
use crate::customers::transfer_behavior::words;
use crate::db::Conn;
use crate::web::Dialog;

#[derive(Template)]
#[template(path = "settings/project/edit.html")]
struct Edit {
    form: Opened,
    action: String,
    now: Settings,
}

/// The dialog of this name; `None` when there is none.
pub fn dialog(conn: &mut Conn, member: &Member, form: Opened) -> Result<Option<Dialog>, Error> {
    if !member.may(ManageProject) || form.name != "project-edit" {
        return Ok(None);
    }
    let action = format!("/projects/{}/settings/project", member.project.slug);
    Dialog::render(&Edit { form, action, now: queries::load(conn, member.project.id)? }).map(Some)
}

impl Edit {
    /// The options with names, meanings, and which is chosen.
    fn options(&self, field: &str) -> Vec<(&'static str, &'static str, bool)> {
        let (offered, current) = match field {
            "transfer_behavior" => (self.now.choices(), self.now.transfer_behavior.as_str()),
            _ => (self.now.sandbox_choices(), self.now.sandbox_transfer_behavior.as_deref().unwrap_or("")),
        };
        let chosen = self.form.value(field, current).to_owned();
        offered.into_iter().map(|option| (option, words(option).0, option == chosen)).collect()
    }

    fn lets_others_delete(&self) -> bool {
        self.is_checked("others_may_delete", self.now.others_may_delete)
    }

    fn lets_developers_override_tests_alone(&self) -> bool {
        self.is_checked("overrides_only_tests", self.now.overrides_only_tests)
    }

    /// A form leaves out what is not checked.
    fn is_checked(&self, field: &str, current: bool) -> bool {
        if self.form.typed("seen").is_some() { self.form.typed(field).is_some() } else { current }
    }
}
