//! What all answers share: the layout of pages, the table of routes, and the layers that every request passes.

pub mod assets;
mod body;
mod body_memory;
mod change;
pub mod cors;
pub mod csv;
mod dialog;
pub mod edge;
pub mod error_body_v2;
mod failure;
pub mod file;
pub mod filters;
mod flash;
pub mod form;
mod gate;
pub mod guard;
mod headers;
mod host;
pub mod icon;
pub mod layout;
pub mod library_answer;
mod line_ends;
pub mod log;
pub mod markdown;
pub mod path;
pub mod request_record;
pub mod routes;
mod shared;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;

use self::request_record::RequestRecord;
use crate::base::error::Error;
use crate::wording::Preferences;
pub use body::Incoming;
pub use body_memory::BodyMemory;
pub use change::Change;
pub use dialog::{Dialog, OpenDialog};
pub use flash::Flash;
pub use form::Form;
pub use gate::Gate;
pub use layout::{Frame, Layout, ProjectLink, Section};
pub use line_ends::HeadLines;
pub use routes::{Access, Face, KeyNeeded, Proof, Routes};
pub use shared::shared;

/// A template as an answer: `Ok(Page(ListPage { … }))`.
pub struct Page<T>(pub T);

impl<T: Template> Responder for Page<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        let preferences =
            RequestRecord::from_request(req).frame.get().map(|frame| frame.preferences).unwrap_or_default();
        html_for(preferences, StatusCode::OK, &self.0).unwrap_or_else(HttpResponse::from_error)
    }
}

/// A template as an answer with the given status, for a person whose preferences are not known: times are in UTC.
pub fn html(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Error> {
    html_for(Preferences::default(), status, template)
}

/// A template as an answer with the given status, in the theme and time zone of a person.
pub fn html_for(preferences: Preferences, status: StatusCode, template: &impl Template) -> Result<HttpResponse, Error> {
    let body = template.render_with_values(&preferences)?;
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(body))
}
