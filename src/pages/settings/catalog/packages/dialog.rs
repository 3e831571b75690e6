//! The dialogs of a package.

use crate::actions::Opened;
use crate::auth::Member;
use crate::base::error::Error;
use crate::catalog::rows::Package;
use crate::db::Conn;
use crate::pages::settings::catalog::attach::{Attach, choices};
use crate::pages::settings::catalog::confirm::Confirm;
use crate::pages::settings::catalog::named::Write;
use crate::pages::settings::values::Values;
use crate::web::Dialog;
use crate::wording::sentence::Sentence;
use crate::wording::text::segment;

/// The identifiers that SDKs know (§1), with their names.
const USUAL: [(&str, &str); 7] = [
    ("$rc_lifetime", "Lifetime"),
    ("$rc_annual", "Annual"),
    ("$rc_six_month", "Six months"),
    ("$rc_three_month", "Three months"),
    ("$rc_two_month", "Two months"),
    ("$rc_monthly", "Monthly"),
    ("$rc_weekly", "Weekly"),
];

const HINT: &str = "One of those that SDKs know, or your own. It cannot be changed later.";

/// What a link may fill in: the product that the dialog is about, which it names.
const DETACH_LINKS: [&str; 1] = ["product"];

/// The dialog that `form` names; `None` for an unknown name, a package that does not exist, or a product that is not in
/// it. `offering` is the path of the offering's page.
pub fn dialog(
    conn: &mut Conn,
    member: &Member,
    offering: &str,
    packages: &[(Package, Vec<String>)],
    form: Opened,
) -> Result<Option<Dialog>, Error> {
    let place = packages.iter().position(|(package, _)| package.identifier == form.subject);
    let found = place.and_then(|at| packages.get(at).map(|(package, products)| (at + 1, package, products)));
    let base = format!("{offering}/packages");
    let path = |package: &Package, verb: &str| format!("{base}/{}{verb}", segment(&package.identifier));
    match (form.name.as_str(), found) {
        ("package-add", None) => Ok(Some(Dialog::new(write(form, base, None, 0)))),
        ("package-edit", Some((place, package, _))) => {
            Ok(Some(Dialog::new(write(form, path(package, ""), Some((place, package)), packages.len()))))
        }
        ("package-attach", Some((_, package, products))) => Ok(Some(Dialog::new(Attach {
            action: path(package, "/attach"),
            title: format!("Put a product into {}", package.display_name),
            consequences: vec![Sentence::new(
                "Apps of its store offer it in this place. It changes what is offered, not what is owned.",
            )],
            products: choices(conn, member.project.id, products)?,
            button: "Put it in",
            form,
        }))),
        ("package-detach", Some((_, package, products))) => {
            let form = form.filled_by_links(&DETACH_LINKS);
            match products.iter().find(|product| form.typed("product") == Some(product.as_str())).cloned() {
                Some(product) => take_out(form, path(package, "/detach"), package, product).dialog(),
                None => Ok(None),
            }
        }
        ("package-delete", Some((_, package, products))) => {
            let action = path(package, "/delete");
            delete(form, action, package, products.len()).dialog()
        }
        _ => Ok(None),
    }
}

/// A package's settings in words. `place` counts from 1.
pub fn values(row: &Package, place: usize) -> Values {
    Values(vec![("Name", row.display_name.clone()), ("Place", place.to_string())])
}

fn write(form: Opened, action: String, package: Option<(usize, &Package)>, count: usize) -> Write {
    Write {
        form,
        action,
        what: "a package",
        current_values: package.map(|(place, package)| values(package, place)).unwrap_or_default(),
        name: package.map(|(_, package)| package.display_name.clone()).unwrap_or_default(),
        identifier: package.map(|(_, package)| package.identifier.clone()),
        place: package.map(|(place, _)| (place, count)),
        usual: &USUAL,
        hint: HINT,
    }
}

fn take_out(form: Opened, action: String, package: &Package, product: String) -> Confirm {
    let consequences =
        Sentence::new("Apps of its store have nothing to offer in this place until another product is put in. ")
            .words("Customers who bought it keep it.");
    Confirm {
        title: format!("Take {product} out of {}", package.display_name),
        consequences: vec![consequences],
        button: "Take it out",
        is_danger: true,
        asks_proof: false,
        field: Some(("product", product)),
        form,
        action,
    }
}

fn delete(form: Opened, action: String, package: &Package, products: usize) -> Confirm {
    let holds = match products {
        0 => "It holds no product.".to_owned(),
        1 => "It holds 1 product.".to_owned(),
        many => format!("It holds {many} products."),
    };
    Confirm {
        title: format!("Delete the package {}", package.display_name),
        consequences: vec![Sentence::new(format!(
            "{holds} Apps do not show this place any more. What customers own stays as it is."
        ))],
        button: "Delete the package",
        is_danger: true,
        asks_proof: true,
        field: None,
        form,
        action,
    }
}
