//! Reads request bodies: at most 1 MiB of JSON, whatever the content type says.

use actix_web::web::Payload;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::errors;
use crate::base::error::Error;
use crate::web::form;

/// The most bytes of a body. The largest bodies are the events of an app, which SDKs send by the hundred.
const LIMIT: usize = 1024 * 1024;

/// Reads a body as any JSON value.
///
/// # Errors
/// [`Error::Client`] with code 7226 when the body is not JSON; [`Error::TooLarge`] above 1 MiB; [`Error::BodyTimeout`] when it
/// does not arrive in time.
pub async fn json(payload: Payload) -> Result<Value, Error> {
    parsed(payload).await
}

/// Reads a body as a `T`.
///
/// # Errors
/// As [`json`], and [`Error::Client`] with code 7226 when the JSON is not a `T`.
pub async fn parsed<T: DeserializeOwned>(payload: Payload) -> Result<T, Error> {
    let body = form::read_body(payload, LIMIT, form::BODY_TIME).await?;
    serde_json::from_slice(&body)
        .map_err(|error| errors::malformed(&format!("The body cannot be understood: {error}.")))
}

/// Reads a body and discards it.
///
/// # Errors
/// [`Error::TooLarge`] and [`Error::BodyTimeout`], as for [`json`].
pub async fn dropped(payload: Payload) -> Result<(), Error> {
    form::read_body(payload, LIMIT, form::BODY_TIME).await?;
    Ok(())
}
