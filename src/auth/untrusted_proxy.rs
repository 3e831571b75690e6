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
    /// Remembers the address. The first one also goes to the operator's log.
    pub fn notice(&self, peer: IpAddr, now: Moment) {
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
}
