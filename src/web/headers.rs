//! Headers that every answer carries: pages, redirects, errors, files and JSON alike.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, PERMISSIONS_POLICY, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

/// The content security policy. It forbids everything that no line here allows, and it allows files from this server
/// only. Browsers ignore inline scripts and styles, so markup that is injected into a page has no effect.
const POLICY: &str = concat!(
    "default-src 'none'; ",
    // The scripts are modules below /static.
    "script-src 'self'; ",
    "style-src 'self'; ",
    // The sprite of icons. A picture from another server would reveal to that server when somebody opens a page.
    "img-src 'self'; ",
    "font-src 'self'; ",
    // Suggestions while typing, and the stream of new events on an open profile.
    "connect-src 'self'; ",
    "form-action 'self'; ",
    "frame-ancestors 'none'; ",
    "base-uri 'none'",
);

/// The browser features that no script may use, because no page needs them.
const FEATURES: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), \
    geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), \
    publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), web-share=(), xr-spatial-tracking=()";

const ALWAYS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // The address of a page holds the customer's id, which other websites must not learn.
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (PERMISSIONS_POLICY, FEATURES),
];

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TWO_YEARS: &str = "max-age=63072000; includeSubDomains";

/// Adds the headers to an answer. A `Cache-Control` that the handler set stays; without one, no cache may store the
/// answer. `reference` is the request's reference in the log.
pub fn add(headers: &mut HeaderMap, is_https: bool, reference: &str) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TWO_YEARS));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(reference) = HeaderValue::from_str(reference) {
        headers.insert(REQUEST_ID, reference);
    }
}
