//! Notices forwarding headers from an address that is not a trusted proxy. Behind a proxy that Dossier does not know,
//! everybody seems to come from one address, and one person's wrong passwords slow everybody down.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::clock::Moment;

/// For how long admins see the warning after the last such request.
const SHOWN: i64 = 24 * 3600 * 1000;

/// The last address that sent such headers, and when. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct UntrustedProxy(Arc<Mutex<Option<(IpAddr, Moment)>>>);

impl UntrustedProxy {
    /// Remembers the address, if a proxy of this installation may have it: anybody can send such headers from the internet, and
    /// must not choose what admins read. The first one also goes to the operator's log.
    pub fn notice(&self, peer: IpAddr, now: Moment) {
        if !is_near(peer) {
            return;
        }
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace((peer, now));
        if before.is_none() {
            tracing::warn!(warning = sentences(peer), "forwarding headers are ignored");
        }
    }

    /// What admins see on every page; `None` when no such request came for a day.
    pub fn warning(&self, now: Moment) -> Option<String> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.filter(|(_, at)| now.since(*at) < SHOWN).map(|(peer, _)| sentences(peer))
    }
}

/// Whether an address is of this machine or of a network that the internet does not reach.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

fn sentences(peer: IpAddr) -> String {
    format!(
        "{peer} sends X-Forwarded-For or Forwarded, and Dossier does not believe it: everybody who comes that way counts \
         as one address, and wrong passwords of one person slow down the others. If it is your reverse proxy, set \
         DOSSIER_TRUSTED_PROXIES={peer}."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_names_the_address_and_the_setting_for_a_day() {
        let (proxy, now) = (UntrustedProxy::default(), Moment(1_795_453_200_000));
        assert_eq!(proxy.warning(now), None);
        proxy.notice("172.18.0.2".parse().expect("an address"), now);
        let warning = proxy.warning(now.plus_seconds(80_000)).expect("a warning");
        assert!(warning.starts_with("172.18.0.2 ") && warning.ends_with("DOSSIER_TRUSTED_PROXIES=172.18.0.2."));
        assert_eq!(proxy.warning(now.plus_days(1)), None);
    }

    #[test]
    fn nobody_on_the_internet_chooses_what_admins_read() {
        let (proxy, now) = (UntrustedProxy::default(), Moment(1_795_453_200_000));
        for address in ["203.0.113.9", "2001:db8::7", "::ffff:203.0.113.9"] {
            proxy.notice(address.parse().expect("an address"), now);
            assert_eq!(proxy.warning(now), None, "{address}");
        }
        for address in ["127.0.0.1", "10.4.0.1", "192.168.1.1", "::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1"] {
            let proxy = UntrustedProxy::default();
            proxy.notice(address.parse().expect("an address"), now);
            assert!(proxy.warning(now).is_some(), "{address}");
        }
    }
}
