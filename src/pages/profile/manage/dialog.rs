//! The dialogs that delete and block the customer.

use askama::Template;

use super::model::Held;
use super::queries;
use crate::actions::Opened;
use crate::base::Permission::DeleteCustomers;
use crate::base::error::Error;
use crate::db::Conn;
use crate::pages::profile::visit::Visit;
use crate::web::{Dialog, filters};
use crate::wording::sentence::Sentence;

#[derive(Template)]
#[template(path = "profile/manage/delete.html")]
struct Delete {
    form: Opened,
    action: String,
    app_user_id: String,
    /// The heading over what is erased.
    erased_when: &'static str,
    version: String,
    held: Held,
    outside_effects: Vec<Sentence>,
}

#[derive(Template)]
#[template(path = "profile/manage/block.html")]
struct Block {
    form: Opened,
    action: String,
    app_user_id: String,
    /// The heading over what is erased.
    erased_when: &'static str,
    version: String,
    held: Held,
    outside_effects: Vec<Sentence>,
}

/// The dialog of this name; `None` when it does not exist or is not for this person.
pub fn dialog(conn: &mut Conn, visit: &Visit, form: Opened) -> Result<Option<Dialog>, Error> {
    let is_delete = match form.name.as_str() {
        "manage-delete" | "manage-block" if !visit.may(DeleteCustomers) => return Ok(None),
        "manage-delete" => true,
        "manage-block" => false,
        _ => return Ok(None),
    };
    let held = queries::held_with(conn, visit, visit.attributes_count())?;
    let outside_effects = held.outside_effects(visit.ctx.now, |purchase| visit.product_name(purchase).to_owned());
    let (app_user_id, version) = (visit.opened_as.clone(), held.version(visit.customer.id));
    let erased_when = match visit.connected {
        Some(_) => "Erased here as soon as RevenueCat has deleted the customer, and for ever",
        None => "Erased here, at once and for ever",
    };
    let dialog = if is_delete {
        let action = visit.action("delete");
        Dialog::new(Delete { form, action, app_user_id, erased_when, version, held, outside_effects })
    } else {
        let action = visit.action("block");
        Dialog::new(Block { form, action, app_user_id, erased_when, version, held, outside_effects })
    };
    Ok(Some(dialog))
}
