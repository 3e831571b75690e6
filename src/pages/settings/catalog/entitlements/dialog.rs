//! The dialogs of an entitlement.

use crate::actions::Opened;
use crate::auth::Member;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::catalog::rows::Entitlement;
use crate::db::Conn;
use crate::pages::settings::catalog::attach::{Attach, choices};
use crate::pages::settings::catalog::confirm::Confirm;
use crate::pages::settings::catalog::named::Write;
use crate::pages::settings::catalog::{address, queries, touched};
use crate::pages::settings::values::Values;
use crate::web::Dialog;
use crate::wording::sentence::Sentence;
use crate::wording::text::segment;

const HINT: &str = "Your app asks for the entitlement by this identifier. It cannot be changed later.";

/// What a link may fill in: the product that the dialog is about, which it names.
const DETACH_LINKS: [&str; 1] = ["product"];

/// The dialog that `form` names; `None` for an unknown name, an entitlement that does not exist, or a product that is not
/// attached to it.
pub fn dialog(conn: &mut Conn, member: &Member, form: Opened, now: Moment) -> Result<Option<Dialog>, Error> {
    let base = format!("{}/entitlements", address(member));
    let row = queries::entitlement(conn, member.project.id, &form.subject)?;
    let path = |row: &Entitlement, verb: &str| format!("{base}/{}{verb}", segment(&row.identifier));
    match (form.name.as_str(), row) {
        ("entitlement-add", None) => Ok(Some(Dialog::new(write(form, base, None)))),
        ("entitlement-edit", Some(row)) => Ok(Some(Dialog::new(write(form, path(&row, ""), Some(row))))),
        ("entitlement-delete", Some(row)) => {
            let action = path(&row, "/delete");
            delete(conn, form, action, &row, now)?.dialog()
        }
        ("entitlement-attach", Some(row)) => {
            let action = path(&row, "/attach");
            Ok(Some(Dialog::new(attach(conn, form, action, &row)?)))
        }
        ("entitlement-detach", Some(row)) => {
            let action = path(&row, "/detach");
            match detach(conn, form.filled_by_links(&DETACH_LINKS), action, &row, now)? {
                Some(confirm) => confirm.dialog(),
                None => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// An entitlement's settings in words.
pub fn values(row: &Entitlement) -> Values {
    Values(vec![("Name", row.display_name.clone())])
}

fn write(form: Opened, action: String, row: Option<Entitlement>) -> Write {
    Write {
        form,
        action,
        what: "an entitlement",
        current_values: row.as_ref().map(values).unwrap_or_default(),
        name: row.as_ref().map(|row| row.display_name.clone()).unwrap_or_default(),
        identifier: row.map(|row| row.identifier),
        place: None,
        usual: &[],
        hint: HINT,
    }
}

fn delete(conn: &mut Conn, form: Opened, action: String, row: &Entitlement, now: Moment) -> Result<Confirm, Error> {
    let touched = touched::by_entitlements(conn, row.project_id, now)?;
    let touched = touched.get(&row.identifier).copied().unwrap_or_default();
    let consequences = vec![
        Sentence::new(format!("{} it now.", touched.have())),
        Sentence::new(
            "Its products are detached. A product that is attached to nothing else unlocks what its events name again.",
        )
        .words(" Grants made by hand continue until their end, under the identifier."),
    ];
    let title = format!("Delete {}", row.display_name);
    let button = "Delete the entitlement";
    Ok(Confirm { form, action, title, consequences, button, is_danger: true, asks_proof: true, field: None })
}

fn attach(conn: &mut Conn, form: Opened, action: String, row: &Entitlement) -> Result<Attach, Error> {
    let attached = queries::attached(conn, row.project_id)?.remove(&row.identifier).unwrap_or_default();
    let consequences = vec![
        Sentence::new("Everybody who ever bought the product gets ")
            .name(&row.display_name)
            .words(" at once: while a subscription runs, or for ever after a one-time purchase that does not end."),
        Sentence::new("A product that is attached to nothing unlocks what its events name. Once it is attached to ")
            .words("something, it unlocks only that."),
    ];
    let title = format!("Attach a product to {}", row.display_name);
    let products = choices(conn, row.project_id, &attached)?;
    Ok(Attach { form, action, title, consequences, products, button: "Attach the product" })
}

fn detach(
    conn: &mut Conn,
    form: Opened,
    action: String,
    row: &Entitlement,
    now: Moment,
) -> Result<Option<Confirm>, Error> {
    let product = form.typed("product").unwrap_or_default().to_owned();
    let attached = queries::attached(conn, row.project_id)?;
    if !attached.get(&row.identifier).is_some_and(|products| products.contains(&product)) {
        return Ok(None);
    }
    let is_last = !attached.iter().any(|(other, products)| *other != row.identifier && products.contains(&product));
    let touched = touched::by_product(conn, row.project_id, &product, Some(now))?;
    let loss = Sentence::new(format!("{} it running now. Whoever does loses ", touched.have())).name(&row.display_name);
    let loss = loss.words(" at once, unless something else gives it.");
    let events = is_last.then(|| {
        Sentence::new(
            "It is attached to nothing else: from then on it unlocks what its events name, which may be the same.",
        )
    });
    Ok(Some(Confirm {
        title: format!("Detach {product} from {}", row.display_name),
        consequences: std::iter::once(loss).chain(events).collect(),
        button: "Detach the product",
        is_danger: true,
        asks_proof: false,
        field: Some(("product", product)),
        form,
        action,
    }))
}
