//! Bodies: JSON, whatever the content type says, and small.

use actix_web::web::Payload;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::errors;
use crate::base::error::Error;
use crate::web::form;

/// The most bytes of a body. Events of an app come by the hundred, and are the largest.
const LIMIT: usize = 1024 * 1024;

/// A body as JSON.
///
/// # Errors
/// [`crate::base::error::ApiError`] 7226 for anything else; [`Error::TooLarge`], [`Error::Slow`].
pub async fn json(payload: Payload) -> Result<Value, Error> {
    parsed(payload).await
}

/// A body as what the call expects.
///
/// # Errors
/// As [`json`].
pub async fn parsed<T: DeserializeOwned>(payload: Payload) -> Result<T, Error> {
    let body = form::read_body(payload, LIMIT, form::BODY_TIME).await?;
    serde_json::from_slice(&body)
        .map_err(|error| errors::malformed(&format!("The body cannot be understood: {error}.")))
}

/// Reads a body and drops it.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::Slow`].
pub async fn dropped(payload: Payload) -> Result<(), Error> {
    form::read_body(payload, LIMIT, form::BODY_TIME).await?;
    Ok(())
}
