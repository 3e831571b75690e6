//! Where deliveries may go: to public addresses over TLS, unless the operator opened more. A name is judged by the addresses
//! it stands for at the moment of connecting, so that one which changes its mind leads nowhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use ipnet::IpNet;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use url::{Host, Url};

/// The longest address of an endpoint, in bytes.
const LONGEST: usize = 2_000;

/// What the operator allows.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Also without TLS (`DOSSIER_OUTGOING_HTTP`).
    pub allows_http: bool,
    /// Networks of one's own that may be reached (`DOSSIER_OUTGOING_PRIVATE`).
    pub private: Vec<IpNet>,
}

/// What is told of an address that may not be reached. It names none, so that nobody can map a network with it.
pub const OUT_OF_REACH: &str = "The address is not a public one. The operator can open networks of their own.";

impl Reach {
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
            Some(Host::Ipv4(address)) if !self.allows(address.into()) => Err(OUT_OF_REACH),
            Some(Host::Ipv6(address)) if !self.allows(address.into()) => Err(OUT_OF_REACH),
            Some(_) => Ok(url),
            None => Err("Enter a whole address such as https://example.com/hooks."),
        }
    }

    /// Whether a name leads somewhere that may be reached, as far as it can be told now. It asks the network, so it takes
    /// its time; a name that cannot be resolved is left for the first delivery to tell.
    pub fn leads_out(&self, url: &Url) -> bool {
        let (Some(Host::Domain(name)), Some(port)) = (url.host(), url.port_or_known_default()) else { return true };
        match (name, port).to_socket_addrs() {
            Ok(found) => {
                let found: Vec<SocketAddr> = found.collect();
                found.is_empty() || found.iter().any(|one| self.allows(one.ip()))
            }
            Err(_) => true,
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

/// Resolves names for a client: what may not be reached is not among the addresses it connects to.
#[derive(Debug)]
pub struct Checked {
    pub reach: Reach,
}

impl Resolver for Checked {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        found.iter().filter(|one| self.reach.allows(one.ip())).for_each(|one| allowed.push(*one));
        if allowed.is_empty() { Err(ureq::Error::Other(Box::new(OutOfReach))) } else { Ok(allowed) }
    }
}

/// A name stands for no address that may be reached.
#[derive(Debug)]
pub struct OutOfReach;

impl std::fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(OUT_OF_REACH)
    }
}

impl std::error::Error for OutOfReach {}

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
        let reach = Reach { allows_http: false, private: vec!["10.1.0.0/16".parse().expect("a network")] };
        assert!(reach.allows("10.1.2.3".parse().expect("an address")));
        assert!(reach.allows("::ffff:10.1.2.3".parse().expect("an address")));
        assert!(!reach.allows("10.2.0.1".parse().expect("an address")));
        assert!(!reach.allows("127.0.0.1".parse().expect("an address")));
    }

    #[test]
    fn an_address_is_https_whole_and_without_secrets() {
        let reach = Reach::default();
        assert_eq!(
            reach.parse(" https://example.com/a?b=c ").map(String::from),
            Ok("https://example.com/a?b=c".into())
        );
        assert!(reach.parse("https://example.com:8443/").is_ok() && reach.parse("https://1.1.1.1/").is_ok());
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
            assert!(reach.parse(typed).is_err(), "{typed}");
        }
        let open = Reach { allows_http: true, private: vec!["127.0.0.0/8".parse().expect("a network")] };
        assert!(open.parse("http://127.0.0.1:9000/").is_ok() && open.parse("http://[::1]/").is_err());
    }

    #[test]
    fn a_name_that_stands_for_this_machine_does_not_lead_out() {
        let url = Url::parse("https://localhost/").expect("an address");
        assert!(!Reach::default().leads_out(&url));
        let all = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().expect("a network"));
        assert!(Reach { allows_http: false, private: all.to_vec() }.leads_out(&url));
    }
}
