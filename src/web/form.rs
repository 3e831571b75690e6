//! Reads forms and queries.

use std::future::Future;
use std::pin::Pin;

use actix_web::http::header::CONTENT_ENCODING;
use actix_web::web::Query;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::body::{Body, Incoming};
use crate::base::error::Error;

/// How many bytes a form may have.
const FORM_LIMIT: usize = 64 * 1024;

/// A form without fields: a button.
#[derive(Debug, Deserialize)]
pub struct NoFields {}

/// A form as browsers send it. A missing field, or one sent twice, is a bad request; unknown fields are ignored.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Form<T>, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move { parse(&read_form(&req, payload).await?).map(Form) })
    }
}

/// The whole body of a form.
///
/// # Errors
/// [`Error::MediaType`] when the body is not a form or is compressed; those of [`Incoming::read`].
pub async fn read_form(req: &HttpRequest, payload: dev::Payload) -> Result<Body, Error> {
    let is_form = req.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if !is_form || req.headers().contains_key(CONTENT_ENCODING) {
        return Err(Error::MediaType);
    }
    Ok(Incoming::new(req, payload)?.read(FORM_LIMIT).await?)
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
}
