//! The outermost layer. It gives every request a reference and every error its page or JSON body. It adds headers to
//! every answer and writes a line to the log. A panic in a handler becomes an error like any other.

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

use super::gate::Gate;
use super::request_record::RequestRecord;
use super::{cors, failure, headers, host, log, path};
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::{hex, random_bytes};
use crate::web::error_body_v2;
use crate::web::routes::{Face, Faces};

/// What this layer keeps of a request, because a handler that fails does not return the request.
struct Pending {
    record: Arc<RequestRecord>,
    method: Method,
    is_https: bool,
    since: Instant,
}

pub async fn edge(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let pending = Pending::begin(&req);
    // The gate opens again with the answer, whoever has read the body, or nobody.
    let _passed = Gate::pass(&req);
    let refusal = path::refuse_nul(req.uri(), pending.record.face).and_then(|()| host::refuse_malformed(req.headers()));
    if let Err(error) = refusal {
        let refused = pending.end(HttpResponse::from_error(error));
        return Ok(req.into_response(refused));
    }
    match AssertUnwindSafe(next.call(req)).catch_unwind().await {
        Ok(Ok(response)) => {
            let (req, response) = response.into_parts();
            Ok(ServiceResponse::new(req, pending.end(response.map_into_boxed_body())))
        }
        Ok(Err(error)) => Err(pending.fail(failure::from_layer(&error).map_or(error, actix_web::Error::from))),
        Err(_) => Err(pending.fail(Error::Internal("a handler panicked".into()).into())),
    }
}

impl Pending {
    fn begin(req: &ServiceRequest) -> Pending {
        let reference = random_bytes::<8>().map(|bytes| hex(&bytes)).unwrap_or_default();
        let face = req.app_data::<Data<Faces>>().map(|faces| faces.find(req.path())).unwrap_or_default();
        let record = RequestRecord::new(reference, face);
        req.extensions_mut().insert(record.clone());
        Pending {
            record,
            method: req.method().clone(),
            is_https: req.app_data::<Data<Config>>().is_some_and(|config| config.is_https()),
            since: Instant::now(),
        }
    }

    /// Answers a request for which a layer returned an error instead of a response. The new error holds the response.
    fn fail(self, error: actix_web::Error) -> actix_web::Error {
        let response = self.end(HttpResponse::from_error(error));
        InternalError::from_response("answered", response).into()
    }

    fn end(self, mut response: HttpResponse) -> HttpResponse {
        if response.error().is_some() {
            response = self.with_error_body(response);
        }
        headers::add(response.headers_mut(), self.is_https, &self.record.reference);
        if self.record.face.is_for_browser_apps() {
            cors::allow(response.headers_mut());
        }
        log::request(&self.record, &self.method, response.status(), self.since.elapsed());
        response
    }

    /// Gives a response a body that describes its error. Status and headers stay, and so does a redirect as a whole.
    fn with_error_body(&self, response: HttpResponse) -> HttpResponse {
        let status = response.status();
        let Some(error) = response.error() else { return response };
        if status.is_redirection() {
            return response;
        }
        let is_failure = !matches!(error.as_error::<Error>(), Some(Error::Overloaded { .. } | Error::Crowded));
        if status.is_server_error() && is_failure {
            let cause = error.as_error::<Error>().and_then(Error::cause).map(str::to_owned);
            log::failure(&self.record, status, &cause.unwrap_or_else(|| error.to_string()));
        }
        let (body, media_type) = match self.record.face {
            Face::Page => match failure::page(error, status, &self.record) {
                Ok(page) => (page, "text/html; charset=utf-8"),
                Err(_) => (format!("{status}"), "text/plain; charset=utf-8"),
            },
            Face::Program => (failure::json(error, status, status.as_u16()), "application/json"),
            Face::V1 => (failure::json(error, status, failure::sdk_code(status)), "application/json"),
            Face::V2 => (error_body_v2::json(error, status), "application/json"),
        };
        let mut response = response.set_body(BoxBody::new(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        response.headers_mut().remove(CONTENT_ENCODING);
        response
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, init_service};
    use actix_web::{App, web};

    use super::*;

    async fn panicking() -> HttpResponse {
        panic!("an internal secret")
    }

    #[actix_web::test]
    async fn a_panic_is_answered_like_any_error_and_the_next_request_is_served() {
        let routes = App::new().route("/panic", web::get().to(panicking)).route("/ok", web::get().to(HttpResponse::Ok));
        let service = init_service(routes.wrap(from_fn(edge))).await;
        let call = |path| actix_web::dev::Service::call(&service, TestRequest::get().uri(path).to_request());
        let error = call("/panic").await.err().map(|error| error.as_response_error().error_response());
        let response = error.expect("an error that carries its response");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let reference = response.headers().get("x-request-id").expect("a reference").to_str().expect("text").to_owned();
        assert!(response.headers().contains_key("content-security-policy"));
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains(&reference) && !body.contains("internal secret"), "{body}");
        assert!(call("/ok").await.is_ok_and(|response| response.status() == StatusCode::OK));
    }
}
