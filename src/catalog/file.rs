//! The catalog file: products, entitlements and offerings in one JSON document.

use serde::Deserialize;

use super::rules;

/// A parsed catalog file. What the file does not name stays unchanged in the catalog.
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
    /// The store's name as in events, in upper or lower case.
    pub store: String,
    pub display_name: Option<String>,
    /// The word of a [`ProductKind`](super::rows::ProductKind).
    #[serde(rename = "type")]
    pub kind: String,
    /// ISO 8601, such as `P1M`.
    pub duration: Option<String>,
    pub price: Option<Price>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// A decimal such as `4.99`.
    pub amount: String,
    /// Three letters, such as `USD`.
    pub currency: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entitlement {
    pub id: String,
    pub display_name: String,
    /// The ids of the products that unlock it.
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
    /// The ids of the products in the package.
    #[serde(default)]
    pub products: Vec<String>,
}

impl File {
    /// Parses a file and checks all its values by [`rules`].
    ///
    /// # Errors
    /// One line that says what is wrong, and in which product, entitlement or offering.
    pub fn parse(text: &str) -> Result<File, String> {
        let file: File = serde_json::from_str(text).map_err(|error| format!("the file is not a catalog: {error}"))?;
        file.check()?;
        Ok(file)
    }

    fn check(&self) -> Result<(), String> {
        self.products.iter().try_for_each(|one| one.check().map_err(|why| format!("product {:?}: {why}", one.id)))?;
        self.entitlements
            .iter()
            .try_for_each(|one| one.check().map_err(|why| format!("entitlement {:?}: {why}", one.id)))?;
        self.offerings.iter().try_for_each(|one| one.check().map_err(|why| format!("offering {:?}: {why}", one.id)))?;
        match self.offerings.iter().filter(|offering| offering.default).count() {
            0 | 1 => Ok(()),
            more => Err(format!("{more} offerings are marked as the default; only one can be")),
        }
    }
}

impl Product {
    fn check(&self) -> Result<(), String> {
        rules::identifier(&self.id)?;
        rules::store(&self.store)?;
        rules::kind(&self.kind)?;
        rules::duration(self.duration.as_deref().unwrap_or(""))?;
        self.display_name.as_deref().map(rules::name).transpose()?;
        self.price.as_ref().map(|price| rules::price(&price.amount, &price.currency)).transpose()?;
        Ok(())
    }
}

impl Entitlement {
    fn check(&self) -> Result<(), String> {
        rules::identifier(&self.id)?;
        rules::name(&self.display_name)?;
        self.products.iter().try_for_each(|product| rules::identifier(product).map(drop))
    }
}

impl Offering {
    fn check(&self) -> Result<(), String> {
        rules::identifier(&self.id)?;
        rules::name(&self.display_name)?;
        rules::stored_metadata(&self.metadata)?;
        self.packages.iter().try_for_each(|package| {
            rules::identifier(&package.id)?;
            rules::name(&package.display_name)?;
            package.products.iter().try_for_each(|product| rules::identifier(product).map(drop))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_which_part_of_the_file_is_wrong() {
        let parse_error = |text: &str| File::parse(text).map(drop).expect_err("an error");
        let product = |change: &str| {
            format!(r#"{{"products": [{{"id": "a", "store": "APP_STORE", "type": "consumable"{change}}}]}}"#)
        };
        assert!(File::parse(&product("")).is_ok());
        assert!(parse_error(&product(r#", "duration": "1M""#)).starts_with("product \"a\": a duration is written"));
        assert!(parse_error(&product(r#", "price": {"amount": "x", "currency": "USD"}"#)).contains("not a decimal"));
        assert!(parse_error(&product("").replace("consumable", "thing")).contains("a product is one of subscription"));
        assert!(
            parse_error(r#"{"entitlements": [{"id": "", "display_name": "a"}]}"#)
                .starts_with("entitlement \"\": an id")
        );
        let two = r#"{"offerings": [{"id": "a", "display_name": "a", "default": true},
            {"id": "b", "display_name": "b", "default": true}]}"#;
        assert_eq!(parse_error(two), "2 offerings are marked as the default; only one can be");
        assert!(parse_error(r#"{"offers": []}"#).starts_with("the file is not a catalog: unknown field"));
    }
}
