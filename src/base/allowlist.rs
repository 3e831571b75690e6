//! Which addresses webhook endpoints may have: public ones over TLS, unless the operator allows more.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// The longest URL of an endpoint, in bytes.
const MAX_URL_BYTES: usize = 2_000;

/// What the operator allows besides public addresses over TLS.
#[derive(Debug, Clone, Default)]
pub struct Allowlist {
    /// Whether URLs may be `http://` (`DOSSIER_OUTGOING_HTTP`).
    pub allows_http: bool,
    /// Private networks that are allowed as well (`DOSSIER_OUTGOING_PRIVATE`).
    pub private: Vec<IpNet>,
}

/// The message for an address that is not allowed. It names no address, so that nobody can map a network with it.
pub const NOT_ALLOWED: &str = "The address is not public. The operator can allow private networks.";

impl Allowlist {
    /// Whether Dossier may connect to this address.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = unmapped(address);
        is_public(address) || self.private.iter().any(|network| network.contains(&address))
    }

    /// The setting by which the operator can allow a URL that [`Allowlist::parse`] refused for this reason, as a sentence after it;
    /// empty where none can.
    pub fn hint(typed: &str, why: &str) -> &'static str {
        match why {
            NOT_ALLOWED => " Name its network in DOSSIER_OUTGOING_PRIVATE, also for the server.",
            _ if typed.trim_start().starts_with("http://") => {
                " DOSSIER_OUTGOING_HTTP=1 allows http://, also for the server."
            }
            _ => "",
        }
    }

    /// Reads the URL of an endpoint. A host name passes here; its addresses are checked when the connection is opened.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the URL.
    pub fn parse(&self, typed: &str) -> Result<Url, &'static str> {
        let url =
            Url::parse(typed.trim()).map_err(|_| "Enter a complete address such as https://example.com/hooks.")?;
        match url.scheme() {
            "https" => {}
            "http" if self.allows_http => {}
            _ => return Err("It must begin with https://."),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("It must not contain a user name or a password. Use the Authorization value.");
        }
        if url.fragment().is_some() {
            return Err("It must not contain a #fragment.");
        }
        if url.as_str().len() > MAX_URL_BYTES {
            return Err("It is too long: 2,000 characters at most.");
        }
        match url.host() {
            Some(Host::Ipv4(address)) if !self.allows(address.into()) => Err(NOT_ALLOWED),
            Some(Host::Ipv6(address)) if !self.allows(address.into()) => Err(NOT_ALLOWED),
            Some(_) => Ok(url),
            None => Err("Enter a complete address such as https://example.com/hooks."),
        }
    }
}

/// Whether an address belongs to the public internet (RFC 6890 and later assignments). Loopback, private,
/// provider-internal, multicast, reserved and unassigned addresses do not.
pub fn is_public(address: IpAddr) -> bool {
    match unmapped(address) {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Turns an IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) into the IPv4 address.
fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(mapped) => mapped.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    let is_special = match (a, b) {
        (0 | 10 | 127, _) | (224.., _) => true,
        (100, 64..=127) | (169, 254) | (172, 16..=31) | (192, 168) | (198, 18..=19) => true,
        // Protocol assignments and documentation; below, the former 6to4 relay.
        (192, 0) => matches!(c, 0 | 2),
        (192, 88) => c == 99,
        (198, 51) => c == 100,
        (203, 0) => c == 113,
        // Azure's platform service has an address that looks public.
        (168, 63) => (c, d) == (129, 16),
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    // Public addresses are all in 2000::/3. Loopback, link-local, unique local, NAT64 and multicast are outside it.
    if a & 0xE000 != 0x2000 {
        return false;
    }
    match (a, b) {
        // Teredo, other protocol assignments and documentation.
        (0x2001, ..0x0200) | (0x2001, 0x0DB8) | (0x3FFF, ..0x1000) => false,
        // A 6to4 address contains an IPv4 address.
        (0x2002, _) => {
            let ([a, b], [c, d]) = (b.to_be_bytes(), c.to_be_bytes());
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_reserved_addresses_are_not_public() {
        let special = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ];
        for address in special {
            assert!(!is_public(address.parse().expect("an address")), "{address}");
        }
        let public = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.0.0.1",
            "128.0.0.1",
            "168.63.129.17",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:200::1",
            "2002:101:101::1",
            "::ffff:1.1.1.1",
            "2a00:1450::1",
            "3fff:1000::1",
        ];
        for address in public {
            assert!(is_public(address.parse().expect("an address")), "{address}");
        }
    }

    #[test]
    fn the_operator_can_allow_private_networks_and_only_those() {
        let allowlist = Allowlist { allows_http: false, private: vec!["10.1.0.0/16".parse().expect("a network")] };
        assert!(allowlist.allows("10.1.2.3".parse().expect("an address")));
        assert!(allowlist.allows("::ffff:10.1.2.3".parse().expect("an address")));
        assert!(!allowlist.allows("10.2.0.1".parse().expect("an address")));
        assert!(!allowlist.allows("127.0.0.1".parse().expect("an address")));
    }

    #[test]
    fn an_endpoint_url_is_https_complete_and_without_credentials() {
        let allowlist = Allowlist::default();
        assert_eq!(
            allowlist.parse(" https://example.com/a?b=c ").map(String::from),
            Ok("https://example.com/a?b=c".into())
        );
        assert!(allowlist.parse("https://example.com:8443/").is_ok() && allowlist.parse("https://1.1.1.1/").is_ok());
        let long = format!("https://example.com/{}", "a".repeat(2_000));
        for typed in [
            "",
            "example.com",
            "http://example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "https://",
            "https://a:b@c/",
            "https://a@c/",
            "https://example.com/#a",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest",
            "javascript:alert(1)",
            &long,
        ] {
            assert!(allowlist.parse(typed).is_err(), "{typed}");
        }
        let lenient = Allowlist { allows_http: true, private: vec!["127.0.0.0/8".parse().expect("a network")] };
        assert!(lenient.parse("http://127.0.0.1:9000/").is_ok() && lenient.parse("http://[::1]/").is_err());
    }
}
