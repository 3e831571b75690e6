//! Reads request bodies as JSON, whatever the content type says (§C0).

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::errors;
use crate::base::error::Error;
use crate::web::Incoming;

/// The most bytes that a body may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// 64 KiB, for calls that name a few things.
    Small,
    /// 1 MiB, for receipts, attributes, and what SDKs upload by the hundred.
    Large,
}

impl Limit {
    pub fn bytes(self) -> usize {
        match self {
            Limit::Small => 64 << 10,
            Limit::Large => 1 << 20,
        }
    }
}

/// Reads a body as any JSON value.
///
/// # Errors
/// [`Error::Client`] with code 7226 when the body is not JSON; those of [`Incoming::read`].
pub async fn json(incoming: Incoming, limit: Limit) -> Result<Value, Error> {
    parsed(incoming, limit).await
}

/// Reads a body as a `T`.
///
/// # Errors
/// As [`json`], and [`Error::Client`] with code 7226 when the JSON is not a `T`.
pub async fn parsed<T: DeserializeOwned>(incoming: Incoming, limit: Limit) -> Result<T, Error> {
    let body = incoming.read(limit.bytes()).await?;
    serde_json::from_slice(&body)
        .map_err(|error| errors::malformed(&format!("The body cannot be understood: {error}.")))
}

/// Reads a body and discards it.
///
/// # Errors
/// Those of [`Incoming::read`].
pub async fn dropped(incoming: Incoming) -> Result<(), Error> {
    Ok(incoming.discard(Limit::Large.bytes()).await?)
}
