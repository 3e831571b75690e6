//! The dialog that asks for the password before the export, for people whose log-in is not recent.

use askama::Template;

use crate::actions::Opened;
use crate::base::Permission::ExportCustomers;
use crate::base::error::Error;
use crate::pages::profile::visit::Visit;
use crate::web::{Dialog, filters};

#[derive(Template)]
#[template(path = "profile/export/prove.html")]
struct Prove {
    form: Opened,
    action: String,
}

/// The dialog of this name; `None` when it does not exist or is not for this person.
pub fn dialog(visit: &Visit, form: Opened) -> Result<Option<Dialog>, Error> {
    if form.name != "export-prove" || !visit.may(ExportCustomers) {
        return Ok(None);
    }
    Ok(Some(Dialog::new(Prove { form, action: visit.action("export") })))
}
