//! What a catalog may contain (§1). The catalog file and the forms use the same rules. Each rule returns the value to
//! store, or one line that says what is wrong.

use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::rows::ProductKind;
use crate::base::money::Micros;

/// The most characters of an identifier or a display name.
pub const LONGEST_NAME: usize = 200;
/// The most characters of an offering's metadata, written without spaces.
pub const LONGEST_METADATA: usize = 4_000;

/// Returns an identifier unchanged. Refuses text that a URL cannot hold, because the URLs of catalog pages contain
/// identifiers.
pub fn identifier(typed: &str) -> Result<String, String> {
    let is_text = !typed.contains(['\0', char::REPLACEMENT_CHARACTER]) && typed != "." && typed != "..";
    match is_text && (1..=LONGEST_NAME).contains(&typed.chars().count()) {
        true => Ok(typed.to_owned()),
        false => Err(format!("an identifier has 1 to {LONGEST_NAME} characters and is not . or ..")),
    }
}

/// Returns a display name without the white space around it.
pub fn name(typed: &str) -> Result<String, String> {
    let name = typed.trim();
    match (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.contains(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(format!("a name has 1 to {LONGEST_NAME} characters")),
    }
}

/// Returns a store in upper case, as in events. Allows unknown stores, because they may be newer than this version.
pub fn store(typed: &str) -> Result<String, String> {
    let store = typed.trim().to_uppercase();
    let is_word = store.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
    match is_word && (1..=50).contains(&store.len()) {
        true => Ok(store),
        false => Err(format!("{typed:?} is not a store such as APP_STORE")),
    }
}

/// Returns a product's type.
pub fn kind(typed: &str) -> Result<ProductKind, String> {
    let known = || ProductKind::ALL.map(ProductKind::as_str).join(", ");
    ProductKind::parse(typed).ok_or_else(|| format!("a product is one of {}", known()))
}

/// Returns an ISO 8601 duration of whole years, months, weeks and days in upper case; `None` for empty text.
pub fn duration(typed: &str) -> Result<Option<String>, String> {
    static PERIOD: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^P([0-9]{1,4}Y)?([0-9]{1,4}M)?([0-9]{1,4}W)?([0-9]{1,4}D)?$").ok());
    match typed.trim().to_uppercase() {
        empty if empty.is_empty() => Ok(None),
        period if period.len() > 1 && PERIOD.as_ref().is_some_and(|rule| rule.is_match(&period)) => Ok(Some(period)),
        _ => Err("a duration is written as P1W, P1M or P1Y".into()),
    }
}

/// Returns an amount with its currency in upper case; `None` for an empty amount, with any currency.
pub fn price(amount: &str, currency: &str) -> Result<Option<(Micros, String)>, String> {
    let (amount, currency) = (amount.trim(), currency.trim().to_uppercase());
    if amount.is_empty() {
        return Ok(None);
    }
    let micros = Micros::parse(amount).filter(|micros| !micros.is_negative());
    let micros = micros.ok_or_else(|| format!("{amount:?} is not a decimal such as 4.99"))?;
    match currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        true => Ok(Some((micros, currency))),
        false => Err("a currency has three letters, such as USD".into()),
    }
}

/// Returns a JSON object in its stored form, without spaces; `{}` for empty text.
pub fn metadata(typed: &str) -> Result<String, String> {
    let typed = if typed.trim().is_empty() { "{}" } else { typed };
    let object: Map<String, Value> =
        serde_json::from_str(typed).map_err(|error| format!("the metadata is not a JSON object: {error}"))?;
    stored_metadata(&object)
}

/// Returns the stored form of metadata that is already parsed.
pub fn stored_metadata(object: &Map<String, Value>) -> Result<String, String> {
    let text = Value::Object(object.clone()).to_string();
    match text.chars().count() {
        0..=LONGEST_METADATA => Ok(text),
        length => Err(format!("the metadata has {length} characters; it may have at most {LONGEST_METADATA}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_within_its_limits_is_returned_unchanged() {
        for good in ["a", "$rc_annual", "pro:monthly", "a/b?#%", " x ", "نورا", &"語".repeat(200)] {
            assert_eq!(identifier(good), Ok(good.to_owned()));
        }
        for bad in ["", ".", "..", "a\0", "a\u{FFFD}", &"a".repeat(201)] {
            assert!(identifier(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_are_trimmed_and_stores_are_upper_case() {
        assert_eq!(name("  Pro access "), Ok("Pro access".into()));
        assert!(name(" ").is_err() && name("a\nb").is_err() && name(&"a".repeat(201)).is_err());
        assert_eq!(store("app_store"), Ok("APP_STORE".into()));
        assert!(
            store("").is_err() && store("App Store").is_err() && store("ſtore").is_ok_and(|store| store == "STORE")
        );
        assert_eq!(kind("consumable"), Ok(ProductKind::Consumable));
        assert!(kind("Consumable").is_err() && kind("").is_err());
    }

    #[test]
    fn durations_are_iso_8601_periods() {
        for (typed, kept) in [("P1M", "P1M"), ("p1y6m", "P1Y6M"), (" P7D ", "P7D"), ("P2W", "P2W")] {
            assert_eq!(duration(typed), Ok(Some(kept.into())));
        }
        assert_eq!(duration(" "), Ok(None));
        for bad in ["P", "1M", "PT1H", "P1.5M", "P-1M", "P1M1Y", "monthly", "P99999D"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_price_has_an_amount_and_a_currency_or_neither() {
        assert_eq!(price("4.99", "usd"), Ok(Some((Micros(4_990_000), "USD".into()))));
        assert_eq!(price(" ", "USD"), Ok(None));
        for (amount, currency) in [("4,99", "USD"), ("-1", "USD"), ("1e400", "USD"), ("4.99", ""), ("4.99", "US$")] {
            assert!(price(amount, currency).is_err(), "{amount} {currency}");
        }
    }

    #[test]
    fn metadata_is_a_json_object_of_limited_length() {
        assert_eq!(metadata(" {\"b\": 1.50, \"a\": [ ]} "), Ok("{\"a\":[],\"b\":1.50}".into()));
        assert_eq!(metadata(""), Ok("{}".into()));
        for bad in ["[]", "null", "{", "{\"a\":}", "{} {}", &"[".repeat(200)] {
            assert!(metadata(bad).is_err(), "{bad}");
        }
        let object = |length: usize| format!("{{\"a\":\"{}\"}}", "語".repeat(length - 8));
        assert_eq!(metadata(&object(4_000)).map(|kept| kept.chars().count()), Ok(4_000));
        assert!(metadata(&object(4_001)).is_err_and(|reason| reason.contains("4001 characters")));
    }
}
