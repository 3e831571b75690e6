//! The header `Host`. Nothing here uses it, because addresses come from the settings; but a proxy may have taken a malformed one
//! for something else, so it is refused, as RFC 9112 (3.2) asks.

use actix_web::http::header::{HOST, HeaderMap};
use actix_web::http::uri::Authority;

use crate::base::error::Error;

/// # Errors
/// [`Error::BadRequest`] when `Host` is there and names no host. An empty one is allowed, and a missing one is for HTTP/1.0.
pub fn refuse_malformed(headers: &HeaderMap) -> Result<(), Error> {
    let is_host = |host: &str| host.is_empty() || host.parse().is_ok_and(|host: Authority| is_plain(&host));
    match headers.get_all(HOST).all(|host| host.to_str().is_ok_and(is_host)) {
        true => Ok(()),
        false => Err(Error::BadRequest("The header Host of this request names no host.".into())),
    }
}

/// Whether it is a host, without a user, and with a port if anything follows it.
fn is_plain(host: &Authority) -> bool {
    let behind = host.as_str().strip_prefix(host.host());
    let is_port = |behind: &str| behind.is_empty() || behind == ":" || host.port_u16().is_some();
    !host.host().is_empty() && behind.is_some_and(is_port)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn is_allowed(host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_bytes(host.as_bytes()).expect("a value"));
        refuse_malformed(&headers).is_ok()
    }

    #[test]
    fn hosts_with_and_without_a_port_are_allowed() {
        for host in [
            "",
            "x",
            "desk.example",
            "desk.example:8080",
            "desk.example:",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:443",
            "a_b.example",
        ] {
            assert!(is_allowed(host), "{host}");
        }
        assert!(refuse_malformed(&HeaderMap::new()).is_ok());
    }

    #[test]
    fn what_names_no_host_is_refused() {
        for host in [
            "a b", "a@x", "x/y", "x:y", "x:99999", "x:80:80", "[", "[::1", "http://x", "x?y", "x#y", "\u{e9}", "x, y",
            ":80",
        ] {
            assert!(!is_allowed(host), "{host}");
        }
    }
}
