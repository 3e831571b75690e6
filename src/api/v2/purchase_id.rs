//! The ids of subscriptions and one-time purchases. An id is made of what identifies the purchase (§6.1), so it stays when
//! the purchase moves to another customer, when an earlier event comes late, and when the project is rebuilt. Only a
//! purchase that is known by its product alone is named with its customer, because every customer has such keys.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::ids::CustomerId;
use crate::events::Environment;
use crate::projection::Purchase;

/// What an id names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchaseId {
    pub environment: Environment,
    pub key: String,
    pub holder: Holder,
}

/// How the customer who has the purchase is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Whoever has the purchase of this transaction.
    Of {
        transaction: String,
    },
    Customer(CustomerId),
}

const PRODUCTION: char = 'p';
const SANDBOX: char = 's';

/// The id of a purchase that a customer has: `prefix`, then letters, digits, `-` and `_`.
pub fn of(prefix: &str, customer: CustomerId, purchase: &Purchase) -> String {
    let environment = match purchase.environment {
        Environment::Production => PRODUCTION,
        Environment::Sandbox => SANDBOX,
    };
    let customer = match transaction(&purchase.key) {
        Some(_) => String::new(),
        None => customer.to_string(),
    };
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(format!("{environment}{customer}/{}", purchase.key)))
}

/// Reads an id. `None` for a text that [`of`] has not made.
pub fn parse(prefix: &str, id: &str) -> Option<PurchaseId> {
    let bytes = URL_SAFE_NO_PAD.decode(id.strip_prefix(prefix)?).ok()?;
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    let (place, key) = text.split_once('/')?;
    let mut place = place.chars();
    let environment = match place.next()? {
        PRODUCTION => Environment::Production,
        SANDBOX => Environment::Sandbox,
        _ => return None,
    };
    let holder = match transaction(key) {
        Some(transaction) => place.as_str().is_empty().then(|| Holder::Of { transaction: transaction.to_owned() })?,
        None => Holder::Customer(place.as_str().parse().ok()?),
    };
    Some(PurchaseId { environment, key: key.to_owned(), holder })
}

/// The transaction in a purchase's key; `None` when the key names a product, or nothing.
fn transaction(key: &str) -> Option<&str> {
    let (_, named) = key.split_once(':')?;
    if named.starts_with("product:") {
        return None;
    }
    let transaction = named.strip_prefix("temporary:").unwrap_or(named);
    (!transaction.trim().is_empty()).then_some(transaction)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::projection::testing::purchase;

    fn id(key: &str, customer: i64) -> String {
        of("sub", CustomerId(customer), &purchase(json!({ "key": key })))
    }

    #[test]
    fn an_id_names_the_transaction_and_no_customer() {
        assert_eq!(id("PLAY_STORE:GPA.1-2", 7), id("PLAY_STORE:GPA.1-2", 8));
        let read = parse("sub", &id("PLAY_STORE:GPA.1-2", 7)).expect("an id");
        assert_eq!((read.environment, read.key.as_str()), (Environment::Production, "PLAY_STORE:GPA.1-2"));
        assert_eq!(read.holder, Holder::Of { transaction: "GPA.1-2".into() });
        let bridge = parse("sub", &id("APP_STORE:temporary:1000/7", 7)).expect("an id");
        assert_eq!(bridge.holder, Holder::Of { transaction: "1000/7".into() });
        let plain = id("APP_STORE:é /+ ", 1);
        assert!(plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{plain}");
    }

    #[test]
    fn a_purchase_without_a_transaction_is_named_with_its_customer() {
        for key in ["APP_STORE:product:pro", "APP_STORE:", ":temporary:"] {
            assert_ne!(id(key, 7), id(key, 8), "{key}");
            assert_eq!(parse("sub", &id(key, 7)).map(|read| read.holder), Some(Holder::Customer(CustomerId(7))));
        }
    }

    #[test]
    fn other_texts_are_no_ids() {
        let encoded = |text: &str| format!("sub{}", URL_SAFE_NO_PAD.encode(text));
        assert!(parse("sub", &encoded("p/A:1")).is_some());
        for text in ["", "p", "x/A:1", "p7/A:1", "p/A:product:x", "px/A:product:x", "p/A:1\0"] {
            assert_eq!(parse("sub", &encoded(text)), None, "{text}");
        }
        for id in ["", "sub", "purch", "sub!", "subé", "sub\u{0}"] {
            assert_eq!(parse("sub", id), None, "{id}");
        }
        assert_eq!(parse("purch", &encoded("p/A:1")), None);
    }
}
