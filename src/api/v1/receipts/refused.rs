//! Why a receipt is refused, with the error codes that SDKs know (§C2.5). The code decides what an SDK does with a
//! purchase that was paid for: Android gives it up on every 4xx except code 7662. So 7662 is the answer when only a
//! connection to the store is missing.

use actix_web::http::StatusCode;

use super::receipt::Receipt;
use crate::api::{AuthorizedCall, errors};
use crate::base::error::{ApiError, Error};
use crate::events::Store;
use crate::operations::test_store::{Order, Refusal, Token};

/// Checks that a server names the platform of the purchase.
///
/// # Errors
/// [`Error::Client`] with code 7000 when it does not.
pub fn require_platform(call: &AuthorizedCall) -> Result<(), Error> {
    let is_missing = call.key.is_secret() && call.device.platform.is_none();
    let message = "The header X-Platform is missing: say which platform the purchase was made on.";
    if is_missing { Err(errors::refuse(StatusCode::BAD_REQUEST, errors::NO_PLATFORM, message)) } else { Ok(()) }
}

/// The order of a Test Store purchase; an error for any other receipt.
pub fn test_store_order(call: &AuthorizedCall, receipt: &Receipt) -> Result<Order, ApiError> {
    let is_test_key = call.key.store.as_deref() == Some(Store::TestStore.as_str());
    match Token::parse(&receipt.fetch_token) {
        Some(token) if is_test_key || call.key.is_secret() => Ok(Order {
            token,
            product: receipt.product.clone(),
            offering: receipt.offering.clone(),
            is_restore: receipt.is_restore,
        }),
        Some(_) => Err(bad_request(
            errors::NO_RECEIPT,
            "This is a purchase of the Test Store. Configure the app with the project's Test Store key (test_…).",
        )),
        None if is_test_key => Err(bad_request(
            errors::NO_RECEIPT,
            "A test_… key takes only purchases of the Test Store. Configure the app with the key of its store.",
        )),
        None => Err(not_connected(call)),
    }
}

/// Refuses a purchase of a real store.
fn not_connected(call: &AuthorizedCall) -> ApiError {
    let platform = call.device.platform.as_deref().unwrap_or_default().to_lowercase();
    let store = call.key.store.clone().map(Store::from).or_else(|| store_of(&platform));
    let name = store.as_ref().map_or("this store", Store::name);
    let message = format!(
        "This installation has no connection to {name}, so the purchase was not taken. The store still has it: post it \
         again once there is a connection. Until then the purchases come in through webhooks."
    );
    bad_request(if call.key.is_secret() { errors::STORE_PROBLEM } else { errors::UNSUPPORTED }, &message)
}

/// The store of a platform in the `X-Platform` header.
fn store_of(platform: &str) -> Option<Store> {
    match platform {
        "ios" | "tvos" | "watchos" | "visionos" | "uikitformac" => Some(Store::AppStore),
        "macos" => Some(Store::MacAppStore),
        "android" => Some(Store::PlayStore),
        "amazon" => Some(Store::Amazon),
        "stripe" => Some(Store::Stripe),
        "roku" => Some(Store::Roku),
        "paddle" => Some(Store::Paddle),
        "web" => Some(Store::WebBilling),
        _ => None,
    }
}

/// The answer when the Test Store refuses an order.
pub fn purchase_error(why: Refusal, order: &Order) -> ApiError {
    let product = order.product.as_deref().unwrap_or_default();
    match why {
        Refusal::NoProduct => bad_request(errors::MALFORMED, "The body has no product_id."),
        Refusal::UnknownProduct => ApiError {
            status: StatusCode::NOT_FOUND,
            code: errors::STORE_PROBLEM,
            message: format!("The catalog has no product {product:?} of the store TEST_STORE."),
        },
        Refusal::NothingSold => ApiError {
            status: StatusCode::NOT_FOUND,
            code: errors::STORE_PROBLEM,
            message:
                "The Test Store sells only products of its own, and the catalog has none. Add them with the store \
                      TEST_STORE, and attach them to entitlements and packages."
                    .into(),
        },
        Refusal::Held => ApiError {
            status: StatusCode::CONFLICT,
            code: errors::SUBSCRIBED,
            message: format!("This customer has {product:?} already."),
        },
        Refusal::InUse => bad_request(
            errors::IN_USE,
            "This purchase belongs to another customer, and the setting for sandbox purchases keeps it there.",
        ),
        Refusal::Crowded => bad_request(
            errors::IN_USE,
            "This purchase belongs to another customer. It stays there, because one of both has too many App User IDs or is \
             linked with too many other customers by transfers.",
        ),
        Refusal::TurnedAway => bad_request(
            errors::NO_RECEIPT,
            "This purchase was made before the customer was deleted, or the customer is blocked.",
        ),
    }
}

fn bad_request(code: u16, message: &str) -> ApiError {
    ApiError { status: StatusCode::BAD_REQUEST, code, message: message.to_owned() }
}
