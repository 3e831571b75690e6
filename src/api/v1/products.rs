//! `GET /rcbilling/…/products`: what products cost (§C3.3). purchases-js asks it for every product; the mobile SDKs
//! ask it with the key of the Test Store.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{answer, store_products};
use crate::api::Caller;
use crate::api::last_seen::Fetched;
use crate::base::error::Error;
use crate::catalog::rows::{Product, ProductKind};

/// The id of the purchase option. The catalog has exactly one for each product.
const OPTION: &str = "base_option";

pub async fn show(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let wanted: Vec<String> = form_urlencoded::parse(caller.query.as_bytes())
        .filter(|(name, _)| name == "id")
        .map(|(_, value)| value.into_owned())
        .collect();
    let details = caller
        .read(move |conn, call| {
            let store_products = store_products::load(conn, call)?;
            let found = wanted.iter().filter_map(|product| store_products.find(product));
            Ok(found.filter_map(details).collect::<Vec<_>>())
        })
        .await?;
    caller.record_contact(&id, Fetched::Other);
    answer::tagged_json(&req, &id, &json!({ "product_details": details }))
}

/// `None` for a product without a price, or without a period that SDKs can read: they would show it wrong, or drop it.
fn details(product: &Product) -> Option<Value> {
    let price = json!({ "amount_micros": product.price_micros?, "currency": product.currency.as_ref()? });
    let (kind, sold) = match product.kind {
        ProductKind::Subscription => {
            let period = period(product.duration.as_deref()?)?;
            let base = json!({ "period_duration": period, "cycle_count": 1, "price": price });
            ("subscription", json!({ "base": base, "trial": null, "intro_price": null, "discount": null }))
        }
        ProductKind::Consumable | ProductKind::NonRenewingSubscription => {
            ("consumable", json!({ "base_price": price }))
        }
        ProductKind::NonConsumable | ProductKind::OneTime => ("non_consumable", json!({ "base_price": price })),
    };
    let mut option = sold;
    option["id"] = json!(OPTION);
    option["price_id"] = json!(format!("prc_{}", product.identifier));
    Some(json!({
        "identifier": product.identifier,
        "product_type": kind,
        "title": product.display_name.as_ref().unwrap_or(&product.identifier),
        "description": null,
        "default_purchase_option_id": OPTION,
        "purchase_options": { OPTION: option },
    }))
}

/// A duration as one number and one unit, which is all that SDKs read: `P1Y6M` becomes `P18M`. `None` when it mixes
/// months and days.
fn period(duration: &str) -> Option<String> {
    let mut parts: Vec<(u32, char)> = Vec::new();
    let mut digits = String::new();
    for letter in duration.strip_prefix('P')?.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
        } else {
            parts.push((digits.parse().ok()?, letter));
            digits.clear();
        }
    }
    parts.retain(|(number, _)| *number > 0);
    match parts.as_slice() {
        [(number, unit)] => Some(format!("P{number}{unit}")),
        [(years, 'Y'), (months, 'M')] => Some(format!("P{}M", years.checked_mul(12)?.checked_add(*months)?)),
        [(weeks, 'W'), (days, 'D')] => Some(format!("P{}D", weeks.checked_mul(7)?.checked_add(*days)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_one_number_and_one_unit() {
        let cases = [("P1M", Some("P1M")), ("P1Y6M", Some("P18M")), ("P1W1D", Some("P8D")), ("P0Y3M", Some("P3M"))];
        for (duration, expected) in cases {
            assert_eq!(period(duration).as_deref(), expected);
        }
        assert_eq!((period("P1M3D"), period("P"), period("1M")), (None, None, None));
    }
}
