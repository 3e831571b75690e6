//! Refuses changes that a page of another origin requests. Browsers say where a request comes from: in
//! `Sec-Fetch-Site`, older ones in `Origin`. No script can forge these headers, so forms need no token. Webhook
//! deliveries and clients of the API are exempt, because they carry no cookie.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::web::Data;
use url::{Origin, Url};

use super::request_record::RequestRecord;
use crate::base::config::Config;
use crate::base::error::Error;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub async fn guard(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let own = req.app_data::<Data<Config>>().map(|config| config.origin());
    if is_safe(req.method())
        || !RequestRecord::from_request(req.request()).face.has_cookie()
        || own.is_some_and(|own| is_same_origin(req.headers(), &own))
    {
        return next.call(req).await.map(ServiceResponse::map_into_boxed_body);
    }
    // This is an answer, not an `Err`, because the outer layers need a response.
    Ok(req.error_response(Error::CrossSite))
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether the headers show that a page of this server sent the request, or that the person did. `none` means that the
/// person typed the address or reloaded the page.
fn is_same_origin(headers: &HeaderMap, own: &Origin) -> bool {
    match (only(headers, &SEC_FETCH_SITE), only(headers, &ORIGIN)) {
        (Some("same-origin" | "none"), _) => true,
        (None, Some(origin)) if !headers.contains_key(SEC_FETCH_SITE) => is_equal(origin, own),
        _ => false,
    }
}

/// The value of a header that was sent exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn is_equal(origin: &str, own: &Origin) -> bool {
    Url::parse(origin).is_ok_and(|url| url.origin().is_tuple() && url.origin() == *own)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn allowed(headers: &[(HeaderName, &'static str)]) -> bool {
        let own = Url::parse("https://dossier.example").expect("an address").origin();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), HeaderValue::from_static(value));
        }
        is_same_origin(&map, &own)
    }

    #[test]
    fn pages_of_the_same_origin_may_post() {
        assert!(allowed(&[(SEC_FETCH_SITE, "same-origin")]));
        assert!(allowed(&[(SEC_FETCH_SITE, "none")]));
        assert!(allowed(&[(ORIGIN, "https://dossier.example")]));
        assert!(allowed(&[(ORIGIN, "https://dossier.example:443")]));
    }

    #[test]
    fn pages_of_other_origins_may_not_post() {
        assert!(!allowed(&[]));
        assert!(!allowed(&[(SEC_FETCH_SITE, "cross-site")]));
        assert!(!allowed(&[(SEC_FETCH_SITE, "same-site")]));
        assert!(!allowed(&[(SEC_FETCH_SITE, "cross-site"), (ORIGIN, "https://dossier.example")]));
        assert!(!allowed(&[(SEC_FETCH_SITE, "same-origin"), (SEC_FETCH_SITE, "cross-site")]));
        assert!(!allowed(&[(SEC_FETCH_SITE, "cross-site"), (SEC_FETCH_SITE, "same-origin")]));
        let foreign_origins = [
            "null",
            "http://dossier.example",
            "https://dossier.example:8443",
            "https://dossier.example.evil",
            "https://evil.dossier.example",
            "https://dossier.example@evil",
            "dossier.example",
            "",
        ];
        for origin in foreign_origins {
            assert!(!allowed(&[(ORIGIN, origin)]), "{origin}");
        }
        assert!(!allowed(&[(ORIGIN, "https://dossier.example"), (ORIGIN, "https://evil")]));
    }

    #[test]
    fn reading_is_always_allowed() {
        assert!(is_safe(&Method::GET) && is_safe(&Method::HEAD) && !is_safe(&Method::POST) && !is_safe(&Method::PUT));
    }
}
