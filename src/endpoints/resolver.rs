//! Resolves the host names of endpoints. The allowlist checks the addresses of a name when the connection is opened,
//! so that a name cannot be pointed at another address after the check.

use std::net::{SocketAddr, ToSocketAddrs};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use url::{Host, Url};

use crate::base::allowlist::{Allowlist, NOT_ALLOWED};

/// Whether the allowlist permits any address that the host name resolves to now. It blocks on DNS. A name that cannot
/// be resolved counts as allowed; the first delivery then reports the problem.
pub fn resolves_to_allowed(allowlist: &Allowlist, url: &Url) -> bool {
    let (Some(Host::Domain(name)), Some(port)) = (url.host(), url.port_or_known_default()) else { return true };
    match (name, port).to_socket_addrs() {
        Ok(found) => {
            let found: Vec<SocketAddr> = found.collect();
            found.is_empty() || found.iter().any(|one| allowlist.allows(one.ip()))
        }
        Err(_) => true,
    }
}

/// Resolves names for [`Client`](super::Client), and returns only addresses that the allowlist permits.
#[derive(Debug)]
pub struct CheckedResolver {
    pub allowlist: Allowlist,
}

impl Resolver for CheckedResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        found.iter().filter(|one| self.allowlist.allows(one.ip())).for_each(|one| allowed.push(*one));
        if allowed.is_empty() { Err(ureq::Error::Other(Box::new(NotAllowed))) } else { Ok(allowed) }
    }
}

/// The error when the allowlist permits no address of a name.
#[derive(Debug)]
pub struct NotAllowed;

impl std::fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(NOT_ALLOWED)
    }
}

impl std::error::Error for NotAllowed {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_resolves_to_this_machine_is_not_allowed() {
        let url = Url::parse("https://localhost/").expect("an address");
        assert!(!resolves_to_allowed(&Allowlist::default(), &url));
        let all = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().expect("a network"));
        let allowlist = Allowlist { allows_http: false, private: all.to_vec() };
        assert!(resolves_to_allowed(&allowlist, &url));
    }
}
