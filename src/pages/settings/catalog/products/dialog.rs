//! The dialogs of a product.

use askama::Template;

use super::draft::values;
use crate::actions::Opened;
use crate::auth::Member;
use crate::base::error::Error;
use crate::base::money::Micros;
use crate::catalog::rows::{Product, ProductKind};
use crate::db::Conn;
use crate::events::Store;
use crate::pages::settings::catalog::confirm::Confirm;
use crate::pages::settings::catalog::{address, queries, touched};
use crate::pages::settings::values::Values;
use crate::web::{Dialog, filters};
use crate::wording::sentence::Sentence;
use crate::wording::text::{listed, segment};

#[derive(Template)]
#[template(path = "settings/catalog/product.html")]
struct Write {
    form: Opened,
    action: String,
    /// The product that is changed; `None` for a new one.
    product: Option<Product>,
}

/// The dialog that `form` names; `None` for an unknown name or a product that does not exist.
pub fn dialog(conn: &mut Conn, member: &Member, form: Opened) -> Result<Option<Dialog>, Error> {
    let project = member.project.id;
    let product = match form.subject.split_once('/') {
        Some((store, identifier)) => queries::product(conn, project, store, identifier)?,
        None => None,
    };
    let base = format!("{}/products", address(member));
    let path = |one: &Product| format!("{base}/{}/{}", segment(&one.store), segment(&one.identifier));
    match (form.name.as_str(), product) {
        ("product-add", None) => Ok(Some(Dialog::new(Write { form, action: base, product: None }))),
        ("product-edit", Some(product)) => {
            Ok(Some(Dialog::new(Write { form, action: path(&product), product: Some(product) })))
        }
        ("product-delete", Some(product)) => {
            let action = format!("{}/delete", path(&product));
            delete(conn, form, action, &product)?.dialog()
        }
        _ => Ok(None),
    }
}

fn delete(conn: &mut Conn, form: Opened, action: String, product: &Product) -> Result<Confirm, Error> {
    let project = product.project_id;
    let touched = touched::by_product(conn, project, &product.identifier, None)?;
    let bought =
        Sentence::new(format!("{} bought it. Their purchases stay, and are called by the id ", count_of(touched)))
            .code(&product.identifier)
            .words(" from then on.");
    let attached = queries::attached(conn, project)?;
    let holders = attached.into_iter().filter(|(_, products)| products.contains(&product.identifier));
    let holders: Vec<String> = holders.map(|(entitlement, _)| entitlement).collect();
    let kept = (!holders.is_empty()).then(|| {
        Sentence::new("What it unlocks stays unlocked: it remains attached to ")
            .code(&listed(&holders))
            .words(". Detach it there first if it should not give access any more.")
    });
    Ok(Confirm {
        form,
        action,
        title: format!("Delete the product {}", product.identifier),
        consequences: std::iter::once(bought).chain(kept).collect(),
        button: "Delete the product",
        is_danger: true,
        asks_proof: true,
        field: None,
    })
}

fn count_of(touched: touched::Touched) -> String {
    if touched == touched::Touched::default() { "Nobody".into() } else { touched.count_in_words() }
}

impl Write {
    fn values(&self) -> Values {
        self.product.as_ref().map(values).unwrap_or_default()
    }

    /// The value of a field: what was typed, otherwise the product's current value.
    fn value_of(&self, field: &str) -> String {
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let current = self.product.as_ref().map_or_else(String::new, |product| match field {
            "name" => text(product.display_name.as_ref()),
            "kind" => product.kind.as_str().to_owned(),
            "duration" => text(product.duration.as_ref()),
            "amount" => product.price_micros.map(|micros| Micros(micros).decimal()).unwrap_or_default(),
            "currency" => text(product.currency.as_ref()),
            _ => String::new(),
        });
        self.form.typed(field).map_or(current, str::to_owned)
    }

    /// The word and the name of each store, and whether it is chosen.
    fn stores(&self) -> impl Iterator<Item = (&'static str, String, bool)> {
        let chosen = self.form.value("store", "APP_STORE").to_owned();
        let sold = Store::KNOWN.iter().copied().filter(|word| *word != Store::Promotional.as_str());
        sold.map(move |word| (word, Store::from(word.to_owned()).name().to_owned(), word == chosen))
    }

    fn kinds(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let chosen = self.value_of("kind");
        ProductKind::ALL.into_iter().map(move |kind| (kind.as_str(), kind.name(), kind.as_str() == chosen))
    }

    fn first(&self) -> &'static str {
        if self.product.is_some() { "name" } else { "identifier" }
    }
}
