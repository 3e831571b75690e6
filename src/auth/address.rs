//! The address that a request comes from. What a proxy says about it counts only if the operator trusts that proxy.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, X_FORWARDED_FOR};
use ipnet::IpNet;

use super::untrusted_proxy::UntrustedProxy;
use crate::audit::Origin;
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::web::request_record::RequestRecord;
use crate::web::shared;

/// The nearest address that does not belong to a trusted proxy. An IPv6 address is reduced to its network of 64 bits,
/// because one person has all addresses of such a network.
pub fn of_client(req: &HttpRequest) -> Result<IpAddr, Error> {
    let config = shared::<Config>(req)?;
    Ok(network(behind(peer(req), req.headers(), &config.trusted_proxies)))
}

/// As [`of_client`], for a request of somebody who works with Dossier. Admins are warned when it comes from a proxy that
/// is not trusted.
pub fn of_person(req: &HttpRequest) -> Result<IpAddr, Error> {
    let (config, peer) = (shared::<Config>(req)?, peer(req));
    if is_forwarded(req.headers()) && !is_trusted(peer, &config.trusted_proxies) {
        shared::<UntrustedProxy>(req)?.notice(peer, shared::<Clock>(req)?.now());
    }
    of_client(req)
}

/// Where a request comes from, as the audit log records it.
pub fn origin(req: &HttpRequest) -> Result<Origin, Error> {
    Ok(Origin {
        request: RequestRecord::from_request(req).reference.clone(),
        address: Some(of_person(req)?.to_string()),
    })
}

fn peer(req: &HttpRequest) -> IpAddr {
    req.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip().to_canonical())
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED)
}

fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut nearest = peer;
    for hop in forwarded_hops(headers).into_iter().rev() {
        match hop {
            Some(address) if is_trusted(nearest, trusted) => nearest = address,
            _ => break,
        }
    }
    nearest
}

/// The hops, from the client to this server; `None` for a hop that cannot be read.
fn forwarded_hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let parts = |name| headers.get_all(name).flat_map(|value| value.to_str().unwrap_or("?").split(','));
    match headers.contains_key(X_FORWARDED_FOR) {
        true => parts(X_FORWARDED_FOR).map(parse).collect(),
        false => parts(FORWARDED).map(|hop| parse(for_in(hop)?)).collect(),
    }
}

/// The `for` of a hop such as `for="[2001:db8::1]:4711";proto=https`.
fn for_in(hop: &str) -> Option<&str> {
    let pairs = hop.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("for")).map(|(_, value)| value.trim_matches('"'))
}

fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn seen(peer: &str, headers: &[(HeaderName, &'static str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), HeaderValue::from_static(value));
        }
        let trusted = ["10.0.0.0/8".parse().expect("a network"), "::1/128".parse().expect("a network")];
        behind(peer.parse().expect("an address"), &map, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(seen("192.0.2.1", &[(X_FORWARDED_FOR, "198.51.100.7")]), "192.0.2.1");
        assert_eq!(seen("192.0.2.1", &[(FORWARDED, "for=198.51.100.7")]), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, "1.1.1.1, 198.51.100.7")]), "198.51.100.7");
    }

    #[test]
    fn a_trusted_proxy_is_believed() {
        assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, "198.51.100.7")]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, "198.51.100.7, 10.2.3.4")]), "198.51.100.7");
        assert_eq!(
            seen("10.0.0.1", &[(X_FORWARDED_FOR, "198.51.100.7"), (X_FORWARDED_FOR, "10.2.3.4")]),
            "198.51.100.7"
        );
        assert_eq!(seen("::1", &[(FORWARDED, r#"for="[2001:db8::1]:4711";proto=https"#)]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, "198.51.100.7:5000")]), "198.51.100.7");
    }

    #[test]
    fn hops_before_an_unreadable_one_are_ignored() {
        assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, "198.51.100.7, unknown")]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn an_ipv6_address_is_reduced_to_its_network() {
        let address = network("2001:db8:1:2:3:4:5:6".parse().expect("an address"));
        assert_eq!(address.to_string(), "2001:db8:1:2::");
    }
}
