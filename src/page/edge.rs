//! The outermost layer. Every request gets its reference here, every answer its headers and its line in the log, every
//! error its page; a panic becomes an error like any other.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpResponse};
use futures_util::FutureExt;

use super::trail::Trail;
use super::{failure, headers, hex, log, random_bytes};
use crate::config::Config;
use crate::error::Error;

/// What the edge keeps of a request, because an error takes the request with it.
struct Passing {
    trail: Arc<Trail>,
    method: Method,
    is_for_machines: bool,
    is_https: bool,
    since: Instant,
}

pub async fn edge(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let passing = Passing::begin(&req);
    match AssertUnwindSafe(next.call(req)).catch_unwind().await {
        Ok(Ok(response)) => {
            let (req, response) = response.into_parts();
            Ok(ServiceResponse::new(req, passing.end(response.map_into_boxed_body())))
        }
        Ok(Err(error)) => Err(passing.fail(failure::of_a_layer(&error).map_or(error, actix_web::Error::from))),
        Err(_) => Err(passing.fail(Error::Internal("a panic".into()).into())),
    }
}

impl Passing {
    fn begin(req: &ServiceRequest) -> Passing {
        let reference = random_bytes::<8>().map(|bytes| hex(&bytes)).unwrap_or_default();
        let trail = Trail::new(reference);
        req.extensions_mut().insert(trail.clone());
        Passing {
            trail,
            method: req.method().clone(),
            is_for_machines: failure::is_for_machines(req.path()),
            is_https: req.app_data::<Data<Config>>().is_some_and(|config| config.is_https()),
            since: Instant::now(),
        }
    }

    /// A layer failed and there is no response to go on with: the error itself carries the finished one.
    fn fail(self, error: actix_web::Error) -> actix_web::Error {
        let response = self.end(HttpResponse::from_error(error));
        InternalError::from_response("answered", response).into()
    }

    fn end(self, mut response: HttpResponse) -> HttpResponse {
        if response.error().is_some() {
            response = self.explained(response);
        }
        headers::add(response.headers_mut(), self.is_https, &self.trail.reference);
        log::request(&self.trail, &self.method, response.status(), self.since.elapsed());
        response
    }

    /// The response to an error, with the body that says so. Its status and headers stay.
    fn explained(&self, response: HttpResponse) -> HttpResponse {
        let status = response.status();
        let Some(error) = response.error() else { return response };
        if status.is_redirection() {
            return response;
        }
        if status.is_server_error() {
            let cause = error.as_error::<Error>().and_then(Error::cause).map(str::to_owned);
            log::fault(&self.trail, status, &cause.unwrap_or_else(|| error.to_string()));
        }
        let (body, media_type) = match self.is_for_machines {
            true => (failure::json(error, status), "application/json"),
            false => match failure::page(error, status, &self.trail) {
                Ok(page) => (page, "text/html; charset=utf-8"),
                Err(_) => (format!("{status}"), "text/plain; charset=utf-8"),
            },
        };
        let mut response = response.set_body(BoxBody::new(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        response.headers_mut().remove(CONTENT_ENCODING);
        response
    }
}
