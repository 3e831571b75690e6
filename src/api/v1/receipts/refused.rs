//! Why a receipt is not taken, in the words and numbers of SDKs (§C2.5). They decide what becomes of a purchase
//! that its store has been paid for: Android lets go of it on every 4xx but code 7662, which is why that is the answer where
//! only a connection is missing.

use actix_web::http::StatusCode;

use super::receipt::Receipt;
use crate::api::{Inside, errors};
use crate::base::error::{ApiError, Error};
use crate::events::Store;
use crate::operations::test_store::{Order, Refusal, Token};

/// A server says for which platform it speaks.
///
/// # Errors
/// [`ApiError`] with code 7000.
pub fn without_platform(inside: &Inside<'_>) -> Result<(), Error> {
    let is_silent = inside.key.is_secret() && inside.device.platform.is_none();
    let message = "The header X-Platform is missing: say which platform the purchase was made on.";
    if is_silent { Err(errors::refuse(StatusCode::BAD_REQUEST, errors::NO_PLATFORM, message)) } else { Ok(()) }
}

/// What is asked of the Test Store.
pub fn unless_test_store(inside: &Inside<'_>, receipt: &Receipt) -> Result<Order, ApiError> {
    let is_test_key = inside.key.store.as_deref() == Some(Store::TestStore.as_str());
    match Token::parse(&receipt.fetch_token) {
        Some(token) if is_test_key || inside.key.is_secret() => Ok(Order {
            token,
            product: receipt.product.clone(),
            offering: receipt.offering.clone(),
            is_restore: receipt.is_restore,
        }),
        Some(_) => Err(bad(
            errors::NO_RECEIPT,
            "This is a purchase of the Test Store. Configure the app with the project's Test Store key (test_…).",
        )),
        None if is_test_key => Err(bad(
            errors::NO_RECEIPT,
            "This is no purchase of the Test Store. A test_… key takes nothing else: configure the app with the key of its store.",
        )),
        None => Err(not_connected(inside)),
    }
}

/// A purchase of a real store.
fn not_connected(inside: &Inside<'_>) -> ApiError {
    let platform = inside.device.platform.as_deref().unwrap_or_default().to_lowercase();
    let store = inside.key.store.clone().map(Store::from).or_else(|| store_of(&platform));
    let name = store.as_ref().map_or("this store", Store::name);
    let message = format!(
        "This installation has no connection to {name}, so the purchase was not taken. It is safe with the store: post it \
         again once there is one. Until then the purchases come in through webhooks."
    );
    bad(if inside.key.is_secret() { errors::STORE_PROBLEM } else { errors::UNSUPPORTED }, &message)
}

/// The store behind a platform, as servers and SDKs name it.
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

/// Why the Test Store sells nothing.
pub fn purchase_error(why: Refusal, order: &Order) -> ApiError {
    let product = order.product.as_deref().unwrap_or_default();
    match why {
        Refusal::NoProduct => bad(errors::MALFORMED, "The body has no product_id."),
        Refusal::UnknownProduct => ApiError {
            status: StatusCode::NOT_FOUND,
            code: errors::STORE_PROBLEM,
            message: format!("The catalog has no product {product:?} of the store TEST_STORE."),
        },
        Refusal::Held => ApiError {
            status: StatusCode::CONFLICT,
            code: errors::SUBSCRIBED,
            message: format!("This customer has {product:?} already."),
        },
        Refusal::InUse => bad(
            errors::IN_USE,
            "This purchase belongs to another customer, and the project's setting for sandbox purchases keeps it there.",
        ),
        Refusal::TurnedAway => bad(
            errors::NO_RECEIPT,
            "This purchase was made before the customer was deleted, or the customer is blocked.",
        ),
    }
}

fn bad(code: u16, message: &str) -> ApiError {
    ApiError { status: StatusCode::BAD_REQUEST, code, message: message.to_owned() }
}
