//! The dialog that changes the settings about refunds.

use askama::Template;

use super::model::{FIELDS, ROLES, RefundSettings};
use super::queries;
use crate::actions::Opened;
use crate::auth::Member;
use crate::base::Permission::ManageProject;
use crate::base::error::Error;
use crate::db::Conn;
use crate::web::{Dialog, filters};

#[derive(Template)]
#[template(path = "settings/refunds/edit.html")]
struct Edit {
    form: Opened,
    action: String,
    settings: RefundSettings,
}

/// The two fields of a role, each with what it holds.
struct Fields {
    role: &'static str,
    from: &'static str,
    from_value: String,
    per_day: &'static str,
    per_day_value: String,
}

/// The dialog that `form` names; `None` for an unknown name.
pub fn dialog(conn: &mut Conn, member: &Member, form: Opened) -> Result<Option<Dialog>, Error> {
    if !member.may(ManageProject) || form.name != "refunds-edit" {
        return Ok(None);
    }
    let action = format!("/projects/{}/settings/refunds", member.project.slug);
    Ok(Some(Dialog::new(Edit { form, action, settings: queries::load(conn, member.project.id)? })))
}

impl Edit {
    fn roles(&self) -> Vec<Fields> {
        let all = ROLES.into_iter().zip(FIELDS).zip(self.settings.rules);
        let fields = |((role, (from, per_day)), rule): ((crate::base::Role, (&'static str, &'static str)), _)| {
            let crate::operations::requests::Rule { from: amount, per_day: number } = rule;
            let amount = amount.map(|amount| amount.shown().replace(',', "")).unwrap_or_default();
            let number = number.map(|number| number.to_string()).unwrap_or_default();
            Fields {
                role: role.name(),
                from,
                from_value: self.form.value(from, &amount).to_owned(),
                per_day,
                per_day_value: self.form.value(per_day, &number).to_owned(),
            }
        };
        all.map(fields).collect()
    }

    /// A form omits unchecked boxes; the field `seen` is there when the form was sent.
    fn needs_reason(&self) -> bool {
        let was_sent = self.form.typed("seen").is_some();
        if was_sent { self.form.typed("needs_reason").is_some() } else { self.settings.needs_reason }
    }
}
