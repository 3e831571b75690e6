//! The catalog file: products, entitlements and offerings as one JSON document.

use serde::Deserialize;

/// A whole file. What it does not name stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    #[serde(default)]
    pub products: Vec<Product>,
    #[serde(default)]
    pub entitlements: Vec<Entitlement>,
    #[serde(default)]
    pub offerings: Vec<Offering>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    pub id: String,
    /// The store's name as in events, in any case.
    pub store: String,
    pub display_name: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    /// ISO 8601, such as `P1M`.
    pub duration: Option<String>,
    pub price: Option<Price>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    pub amount: String,
    pub currency: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entitlement {
    pub id: String,
    pub display_name: String,
    #[serde(default)]
    pub products: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offering {
    pub id: String,
    pub display_name: String,
    #[serde(default)]
    pub default: bool,
    #[serde(default)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    pub packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    pub id: String,
    pub display_name: String,
    #[serde(default)]
    pub products: Vec<String>,
}

/// The most characters an identifier may have (§1).
const MAX_IDENTIFIER: usize = 200;

impl File {
    /// # Errors
    /// One line that names what is wrong.
    pub fn parse(text: &str) -> Result<File, String> {
        let file: File = serde_json::from_str(text).map_err(|error| format!("the file is no catalog: {error}"))?;
        file.check()?;
        Ok(file)
    }

    fn check(&self) -> Result<(), String> {
        let identifiers = self.products.iter().map(|one| &one.id).chain(self.entitlements.iter().map(|one| &one.id));
        for id in identifiers.chain(self.offerings.iter().map(|one| &one.id)) {
            if id.is_empty() || id.contains('\0') || id.chars().count() > MAX_IDENTIFIER {
                return Err(format!("the id {id:?} must have 1 to {MAX_IDENTIFIER} characters"));
            }
        }
        for (product, price) in self.products.iter().filter_map(|one| Some((one, one.price.as_ref()?))) {
            if crate::money::Micros::parse(&price.amount).is_none() {
                return Err(format!("the price of {} is no decimal: {:?}", product.id, price.amount));
            }
        }
        match self.offerings.iter().filter(|offering| offering.default).count() {
            0 | 1 => Ok(()),
            more => Err(format!("{more} offerings are marked as the default; one can be")),
        }
    }
}
