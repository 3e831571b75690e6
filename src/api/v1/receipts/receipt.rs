//! Reads the body of a receipt: the few fields that Dossier uses, in the formats of SDKs and servers.

use serde_json::{Map, Value};

use crate::api::errors;
use crate::api::v1::attributes::MOST;
use crate::base::error::Error;

/// How many characters the identifier of a product or an offering may have; a longer one is ignored.
const LONGEST: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub app_user_id: String,
    pub fetch_token: String,
    /// JS and iOS send one product, Android a list of which the first counts.
    pub product: Option<String>,
    pub offering: Option<String>,
    pub is_restore: bool,
    /// In the format of endpoint 5, `POST …/attributes`.
    pub attributes: Map<String, Value>,
}

impl Receipt {
    /// # Errors
    /// [`Error::Client`] with code 7226 when the body is not a JSON object, or has no App User ID or no token.
    pub fn parse(body: &Value) -> Result<Receipt, Error> {
        let fields = body.as_object().ok_or_else(|| errors::malformed("The body is not a JSON object."))?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let required = |name: &str| text(name).ok_or_else(|| errors::malformed(&format!("The body has no {name}.")));
        let listed = || fields.get("product_ids").and_then(Value::as_array).and_then(|all| all.first()?.as_str());
        let short = |text: &str| Some(text.to_owned()).filter(|text| (1..=LONGEST).contains(&text.chars().count()));
        let token = Some(required("fetch_token")?).filter(|token| !token.is_empty());
        Ok(Receipt {
            app_user_id: required("app_user_id")?.to_owned(),
            fetch_token: token.ok_or_else(|| errors::malformed("The fetch_token is empty."))?.to_owned(),
            product: text("product_id").or_else(listed).and_then(short),
            offering: text("presented_offering_identifier").and_then(short).filter(|text| !text.contains('\0')),
            attributes: fields.get("attributes").and_then(Value::as_object).map(first_ones).unwrap_or_default(),
            is_restore: fields.get("is_restore").and_then(Value::as_bool).unwrap_or(false),
        })
    }
}

/// The first [`MOST`] attributes: no call may set more.
fn first_ones(all: &Map<String, Value>) -> Map<String, Value> {
    all.iter().take(MOST).map(|(key, entry)| (key.clone(), entry.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<Receipt, String> {
        Receipt::parse(body).map_err(|error| match error {
            Error::Client(api_error) => format!("{} {}", api_error.code, api_error.message),
            other => other.to_string(),
        })
    }

    #[test]
    fn a_product_is_named_alone_or_in_a_list() {
        let product = |extra: Value| {
            let mut body = json!({ "app_user_id": "lena", "fetch_token": "test_1_a" });
            extra.as_object().into_iter().flatten().for_each(|(key, value)| body[key] = value.clone());
            read(&body).expect("it reads").product
        };
        assert_eq!(product(json!({ "product_id": "a" })).as_deref(), Some("a"));
        assert_eq!(product(json!({ "product_ids": ["b", "c"], "platform_product_ids": [{}] })).as_deref(), Some("b"));
        for none in [json!({}), json!({ "product_id": null, "product_ids": [] }), json!({ "product_id": 7 })] {
            assert_eq!(product(none), None);
        }
    }

    #[test]
    fn only_as_many_attributes_are_read_as_one_call_may_set() {
        let all: Map<String, Value> = (0..300).map(|number| (format!("a{number}"), json!({ "value": null }))).collect();
        let body = json!({ "app_user_id": "lena", "fetch_token": "test_1_a", "attributes": all });
        assert_eq!(read(&body).expect("it reads").attributes.len(), 250);
    }

    #[test]
    fn the_customer_and_the_token_are_required() {
        let malformed = |body: Value| read(&body).expect_err("it is refused");
        assert_eq!(malformed(json!({ "fetch_token": "test_1_a" })), "7226 The body has no app_user_id.");
        assert_eq!(malformed(json!({ "app_user_id": "lena" })), "7226 The body has no fetch_token.");
        assert_eq!(malformed(json!({ "app_user_id": "lena", "fetch_token": "" })), "7226 The fetch_token is empty.");
        for body in [json!([]), json!(null), json!("x")] {
            assert_eq!(malformed(body), "7226 The body is not a JSON object.");
        }
    }
}
