//! Which addresses the program may connect to: public ones over TLS, unless the operator allows more.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// The longest address of an endpoint, in bytes.
const LONGEST: usize = 2_000;

/// What the operator allows.
#[derive(Debug, Clone, Default)]
pub struct Allowlist {
    /// Also without TLS (`DOSSIER_OUTGOING_HTTP`).
    pub allows_http: bool,
    /// Networks of one's own that may be reached (`DOSSIER_OUTGOING_PRIVATE`).
    pub private: Vec<IpNet>,
}

/// What is told of an address that may not be reached. It names none, so that nobody can map a network with it.
pub const NOT_ALLOWED: &str = "The address is not a public one. The operator can open networks of their own.";

impl Allowlist {
    /// Whether a connection to this address may be opened.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = plain(address);
        is_public(address) || self.private.iter().any(|network| network.contains(&address))
    }

    /// An endpoint's address as it is kept.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(&self, typed: &str) -> Result<Url, &'static str> {
        let url = Url::parse(typed.trim()).map_err(|_| "Enter a whole address such as https://example.com/hooks.")?;
        match url.scheme() {
            "https" => {}
            "http" if self.allows_http => {}
            _ => return Err("It must begin with https://."),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("It must not hold a user name or a password. Use the Authorization value.");
        }
        if url.fragment().is_some() {
            return Err("It must not hold a #fragment.");
        }
        if url.as_str().len() > LONGEST {
            return Err("It is too long: 2,000 characters at most.");
        }
        match url.host() {
            Some(Host::Ipv4(address)) if !self.allows(address.into()) => Err(NOT_ALLOWED),
            Some(Host::Ipv6(address)) if !self.allows(address.into()) => Err(NOT_ALLOWED),
            Some(_) => Ok(url),
            None => Err("Enter a whole address such as https://example.com/hooks."),
        }
    }
}

/// Whether an address belongs to the public internet: not to this machine, a network of one's own, a provider's inside,
/// a group, or nobody (RFC 6890 and later assignments).
pub fn is_public(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// An IPv4 address that is written as an IPv6 one is the IPv4 address.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(mapped) => mapped.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    let is_inside = match (a, b) {
        (0 | 10 | 127, _) | (224.., _) => true,
        (100, 64..=127) | (169, 254) | (172, 16..=31) | (192, 168) | (198, 18..=19) => true,
        // Protocol assignments, documentation, and what was the relay of 6to4.
        (192, 0) => matches!(c, 0 | 2),
        (192, 88) => c == 99,
        (198, 51) => c == 100,
        (203, 0) => c == 113,
        // A cloud's own service on an address that looks public.
        (168, 63) => (c, d) == (129, 16),
        _ => false,
    };
    !is_inside
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    // Only 2000::/3 was ever given out; loopback, local, unique local, NAT64 and groups lie outside of it.
    if a & 0xE000 != 0x2000 {
        return false;
    }
    match (a, b) {
        // Teredo and other protocol assignments, documentation.
        (0x2001, ..0x0200) | (0x2001, 0x0DB8) | (0x3FFF, ..0x1000) => false,
        // 6to4 holds an IPv4 address.
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
    fn only_addresses_of_the_public_internet_are_public() {
        let inside = [
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
        for address in inside {
            assert!(!is_public(address.parse().expect("an address")), "{address}");
        }
        let outside = [
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
        for address in outside {
            assert!(is_public(address.parse().expect("an address")), "{address}");
        }
    }

    #[test]
    fn an_operator_opens_networks_of_their_own_and_no_others() {
        let allowlist = Allowlist { allows_http: false, private: vec!["10.1.0.0/16".parse().expect("a network")] };
        assert!(allowlist.allows("10.1.2.3".parse().expect("an address")));
        assert!(allowlist.allows("::ffff:10.1.2.3".parse().expect("an address")));
        assert!(!allowlist.allows("10.2.0.1".parse().expect("an address")));
        assert!(!allowlist.allows("127.0.0.1".parse().expect("an address")));
    }

    #[test]
    fn an_address_is_https_whole_and_without_secrets() {
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
        let open = Allowlist { allows_http: true, private: vec!["127.0.0.0/8".parse().expect("a network")] };
        assert!(open.parse("http://127.0.0.1:9000/").is_ok() && open.parse("http://[::1]/").is_err());
    }
}
