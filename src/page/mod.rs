//! What pages share: the layout around them, the table of routes, the layers every request passes.

pub mod assets;
mod change;
pub mod cors;
pub mod csv;
pub mod edge;
mod failure;
pub mod file;
pub mod form;
pub mod guard;
mod headers;
pub mod layout;
pub mod log;
pub mod look;
pub mod markdown;
pub mod routes;
pub mod sentence;
pub mod text;
pub mod times;
pub mod told_v2;
pub mod trail;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;

use self::trail::Trail;
use crate::error::Error;

pub use change::Change;
pub use form::Form;
pub use layout::{Frame, Layout, Place, Section};
pub use look::Look;
pub use routes::{Access, Routes};

/// A template as an answer: `Ok(Page(ListPage { … }))`.
pub struct Page<T>(pub T);

impl<T: Template> Responder for Page<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        let look = Trail::of(req).frame.get().map(|frame| frame.look).unwrap_or_default();
        html_for(look, StatusCode::OK, &self.0).unwrap_or_else(HttpResponse::from_error)
    }
}

/// A template as an answer of another status, with times in UTC alone.
///
/// # Errors
/// When the template fails.
pub fn html(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Error> {
    html_for(Look::default(), status, template)
}

/// A template as an answer to somebody whose account says how it should look.
///
/// # Errors
/// When the template fails.
pub fn html_for(look: Look, status: StatusCode, template: &impl Template) -> Result<HttpResponse, Error> {
    let body = template.render_with_values(&look)?;
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(body))
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |value: u8| DIGITS.get(usize::from(value & 15)).copied().unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Bytes nobody can guess.
///
/// # Errors
/// When the system has none to give.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map(|()| bytes)
}
