//! Resolves the names of endpoints. The allowlist judges the addresses that a name stands for at the moment of connecting,
//! so that a name which changes its addresses leads nowhere else.

use std::net::{SocketAddr, ToSocketAddrs};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use url::{Host, Url};

use crate::base::allowlist::{Allowlist, NOT_ALLOWED};

/// Whether a name leads somewhere that may be reached, as far as it can be told now. It asks the network, so it takes
/// its time; a name that cannot be resolved is left for the first delivery to tell.
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

/// Resolves names for a client: what may not be reached is not among the addresses it connects to.
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

/// A name stands for no address that may be reached.
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
    fn a_name_that_stands_for_this_machine_is_not_allowed() {
        let url = Url::parse("https://localhost/").expect("an address");
        assert!(!resolves_to_allowed(&Allowlist::default(), &url));
        let all = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().expect("a network"));
        let allowlist = Allowlist { allows_http: false, private: all.to_vec() };
        assert!(resolves_to_allowed(&allowlist, &url));
    }
}
