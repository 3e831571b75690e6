//! Reads the bodies of requests within limits of size and time, so that a slow or endless sender cannot occupy the
//! server.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::web::{Bytes, Query};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::base::error::Error;

/// How many bytes a form may have.
pub const FORM_LIMIT: usize = 64 * 1024;

/// How long reading a body may take in total.
pub const BODY_TIME: Duration = Duration::from_secs(20);

/// A form without fields: a button.
#[derive(Debug, Deserialize)]
pub struct NoFields {}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    TooLarge,
    Timeout,
    /// It ended before it was complete.
    Broken,
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Error {
        match error {
            BodyError::TooLarge => Error::TooLarge,
            BodyError::Timeout => Error::BodyTimeout,
            BodyError::Broken => Error::BadRequest("The request ended before it was complete.".into()),
        }
    }
}

/// Reads a whole body.
///
/// # Errors
/// [`BodyError::TooLarge`] as soon as the body exceeds `limit` bytes, [`BodyError::Timeout`] when it takes longer than
/// `time`, [`BodyError::Broken`] when the connection ends early.
pub async fn read_body<S>(payload: S, limit: usize, time: Duration) -> Result<Vec<u8>, BodyError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    tokio::time::timeout(time, collect(payload, limit)).await.unwrap_or(Err(BodyError::Timeout))
}

async fn collect<S>(mut payload: S, limit: usize) -> Result<Vec<u8>, BodyError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A form as browsers send it. A missing field, or one sent twice, is a bad request; unknown fields are ignored.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Form<T>, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move { parse(&read_form(&req, payload, FORM_LIMIT).await?).map(Form) })
    }
}

/// The whole body of a form.
///
/// # Errors
/// [`Error::MediaType`] when the body is not a form or is compressed. [`Error::TooLarge`], [`Error::BodyTimeout`] or
/// [`Error::BadRequest`] for what [`read_body`] reports.
pub async fn read_form(req: &HttpRequest, payload: dev::Payload, limit: usize) -> Result<Vec<u8>, Error> {
    let is_form = req.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if !is_form || req.headers().contains_key(CONTENT_ENCODING) {
        return Err(Error::MediaType);
    }
    Ok(read_body(payload, limit, BODY_TIME).await?)
}

/// The fields of a form, in the order in which they were sent.
pub fn pairs(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

/// The value of a field of a query. When the field is there twice, the first one counts.
pub fn field(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// Reads the fields of a form into `T`.
///
/// # Errors
/// [`Error::BadRequest`] when a field is missing or there twice, or when the form is not UTF-8.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let unreadable = || Error::BadRequest("Dossier could not read the form.".into());
    let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
    Query::from_query(text).map(Query::into_inner).map_err(|_| unreadable())
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Draft {
        body: String,
    }

    #[test]
    fn a_field_may_come_once_and_unknown_fields_are_ignored() {
        assert_eq!(parse::<Draft>(b"body=a+b%26c&role=admin").ok(), Some(Draft { body: "a b&c".into() }));
        assert!(parse::<Draft>(b"body=a&body=b").is_err());
        assert!(parse::<Draft>(b"text=a").is_err());
        assert!(parse::<Draft>(b"body=\xff").is_err());
    }

    #[test]
    fn the_first_of_two_fields_in_a_query_counts() {
        assert_eq!(field("a=1&b=x+y%26&b=2&c", "b").as_deref(), Some("x y&"));
        assert_eq!((field("c", "c").as_deref(), field("", "c")), (Some(""), None));
    }

    #[actix_web::test]
    async fn a_body_over_the_limit_is_refused_before_it_ends() {
        let endless = stream::repeat_with(|| Ok(Bytes::from_static(b"0123456789")));
        assert_eq!(read_body(endless, 25, BODY_TIME).await, Err(BodyError::TooLarge));
    }

    #[actix_web::test]
    async fn reading_stops_when_a_body_stalls() {
        let stuck = stream::pending::<Result<Bytes, PayloadError>>();
        assert_eq!(read_body(stuck, 25, Duration::from_millis(20)).await, Err(BodyError::Timeout));
    }

    #[actix_web::test]
    async fn a_body_of_exactly_the_limit_is_read() {
        let parts = stream::iter([Ok(Bytes::from_static(b"ab")), Ok(Bytes::from_static(b"cd"))]);
        assert_eq!(read_body(parts, 4, BODY_TIME).await, Ok(b"abcd".to_vec()));
    }
}
