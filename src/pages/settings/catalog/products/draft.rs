//! The fields of the form of a product, and the product that they make.

use serde::Deserialize;

use crate::base::error::{Problem, Refusal};
use crate::base::ids::ProjectId;
use crate::base::money::{Micros, Money};
use crate::catalog::rows::Product;
use crate::catalog::rules;
use crate::events::Store;
use crate::pages::settings::values::Values;
use crate::wording::text::sentence;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub store: String,
    pub identifier: String,
    pub name: String,
    pub kind: String,
    pub duration: String,
    pub amount: String,
    pub currency: String,
    pub seen: String,
}

impl Draft {
    /// A new product. Reports every problem at once.
    ///
    /// # Errors
    /// A [`Refusal`] with a [`Problem`] for each field that is not valid.
    pub fn new_product(&self, project: ProjectId) -> Result<Product, Refusal> {
        let mut problems = Vec::new();
        let store = or_refuse(&mut problems, "store", rules::store(&self.store));
        let identifier = or_refuse(&mut problems, "identifier", rules::identifier(self.identifier.trim()));
        self.rest(problems, project, store, identifier)
    }

    /// The product with the values of the form; its store and its id stay.
    ///
    /// # Errors
    /// As [`Draft::new_product`].
    pub fn changed(&self, product: &Product) -> Result<Product, Refusal> {
        self.rest(Vec::new(), product.project_id, product.store.clone(), product.identifier.clone())
    }

    fn rest(
        &self,
        mut problems: Vec<Problem>,
        project_id: ProjectId,
        store: String,
        identifier: String,
    ) -> Result<Product, Refusal> {
        let is_named = !self.name.trim().is_empty();
        let display_name = or_refuse(&mut problems, "name", is_named.then(|| rules::name(&self.name)).transpose());
        let kind = or_refuse(&mut problems, "kind", rules::kind(&self.kind).map(Some));
        let duration = or_refuse(&mut problems, "duration", rules::duration(&self.duration));
        let price = or_refuse(&mut problems, "amount", rules::price(&self.amount, &self.currency));
        let (price_micros, currency) = price.map(|(micros, currency)| (micros.0, currency)).unzip();
        match kind {
            Some(kind) if problems.is_empty() => {
                Ok(Product { project_id, store, identifier, display_name, kind, duration, price_micros, currency })
            }
            _ => Err(Refusal { problems, is_stale: false }),
        }
    }
}

fn or_refuse<T: Default>(problems: &mut Vec<Problem>, field: &'static str, parsed: Result<T, String>) -> T {
    parsed.unwrap_or_else(|why| {
        problems.push(Problem { field, sentence: sentence(&why) });
        T::default()
    })
}

/// A product's settings in words.
pub fn values(product: &Product) -> Values {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Values(vec![
        ("Name", text(&product.display_name)),
        ("Store", Store::from(product.store.clone()).name().to_owned()),
        ("Type", product.kind.name().to_owned()),
        ("Duration", text(&product.duration)),
        ("Price", price(product)),
    ])
}

/// `USD 4.99`; empty without a price.
fn price(product: &Product) -> String {
    let price = product.price_micros.zip(product.currency.clone());
    price.map(|(micros, currency)| Money { amount: Micros(micros), currency }.shown()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let [store, identifier, name, kind] = ["APP_STORE", " pro ", " Pro ", "subscription"].map(str::to_owned);
        let (duration, amount, currency) = ("p1m".into(), "4.99".into(), "usd".into());
        Draft { store, identifier, name, kind, duration, amount, currency, seen: String::new() }
    }

    #[test]
    fn typed_values_are_normalized_and_listed() {
        let product = draft().new_product(ProjectId(11)).expect("a product");
        assert_eq!((product.identifier.as_str(), product.price_micros), ("pro", Some(4_990_000)));
        let lines = "Name: Pro\nStore: App Store\nType: Subscription\nDuration: P1M\nPrice: USD 4.99";
        assert_eq!(values(&product).lines(), lines);
        let bare = Draft { name: " ".into(), duration: String::new(), amount: String::new(), ..draft() };
        let bare = bare.changed(&product).expect("a product");
        assert_eq!((bare.display_name, bare.price_micros, bare.currency), (None, None, None));
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let wrong =
            Draft { store: "?".into(), identifier: "..".into(), kind: "x".into(), amount: "x".into(), ..draft() };
        let refusal = wrong.new_product(ProjectId(11)).expect_err("refused");
        let fields: Vec<&str> = refusal.problems.iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["store", "identifier", "kind", "amount"]);
        assert!(refusal.problems.iter().all(|problem| problem.sentence.ends_with('.')));
    }
}
