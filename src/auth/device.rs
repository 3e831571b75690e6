//! Browsers in which somebody has logged in before. Each holds a signed cookie that names the accounts, and tries of
//! passwords from it are counted by themselves ([`Source`]): nobody can keep the owner of an account out by guessing from
//! elsewhere. The cookie opens nothing. Whoever steals it gets a count of their own, until the password is changed.

use std::net::IpAddr;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, CookieJar, Key, SameSite};
use actix_web::{HttpRequest, HttpResponse};

use super::throttle::Source;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::PersonId;
use crate::base::{hex, random_bytes};
use crate::web::shared;

/// For how many days a browser keeps the cookie after the last log-in.
const DAYS: i64 = 180;
/// How many accounts a cookie names: those that logged in last.
const MOST: usize = 5;

/// The key that signs the cookies of devices.
pub struct DeviceKey(pub Key);

/// A browser, and the accounts that have logged in with it.
pub struct Device {
    id: String,
    /// The latest first.
    accounts: Vec<KnownAccount>,
    jar: DeviceJar,
}

/// An account as a cookie names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownAccount {
    pub person: PersonId,
    /// How often the password had been changed.
    pub generation: i64,
}

/// How the cookie is named and signed.
struct DeviceJar {
    key: Key,
    is_https: bool,
}

impl Device {
    /// The device of the request; a new one where the cookie is missing or not ours.
    pub fn of_request(req: &HttpRequest) -> Result<Device, Error> {
        let key = shared::<DeviceKey>(req)?.0.clone();
        let jar = DeviceJar { key, is_https: shared::<Config>(req)?.is_https() };
        let value = req.cookie(jar.name()).and_then(|cookie| jar.verified(cookie));
        match value.as_deref().and_then(parse) {
            Some((id, accounts)) => Ok(Device { id, accounts, jar }),
            None => Ok(Device { id: hex(&random_bytes::<16>()?), accounts: Vec::new(), jar }),
        }
    }

    /// How a try to log in to this account is counted; the account is `None` when it does not exist.
    pub fn source(&self, account: Option<KnownAccount>, address: IpAddr) -> Source {
        match account.filter(|account| self.accounts.contains(account)) {
            Some(_) => Source::Device(self.id.clone()),
            None => Source::Address(address),
        }
    }

    /// Adds the cookie to the answer to a log-in to this account.
    pub fn remember(&self, response: &mut HttpResponse, account: KnownAccount) -> Result<(), Error> {
        response.add_cookie(&self.cookie(account)).map_err(|error| Error::Internal(error.to_string()))
    }

    fn cookie(&self, account: KnownAccount) -> Cookie<'static> {
        let others = self.accounts.iter().copied().filter(|other| other.person != account.person);
        let accounts = std::iter::once(account).chain(others).take(MOST);
        let named = accounts.map(|KnownAccount { person, generation }| format!(".{person}-{generation}"));
        self.jar.signed(format!("{}{}", self.id, named.collect::<String>()))
    }
}

impl DeviceJar {
    /// With TLS the name has a prefix that lets browsers take it from this host alone.
    fn name(&self) -> &'static str {
        if self.is_https { "__Host-device" } else { "device" }
    }

    /// The value of a cookie that this program has signed.
    fn verified(&self, cookie: Cookie<'static>) -> Option<String> {
        let mut jar = CookieJar::new();
        jar.add_original(cookie);
        jar.signed(&self.key).get(self.name()).map(|cookie| cookie.value().to_owned())
    }

    fn signed(&self, value: String) -> Cookie<'static> {
        let cookie = Cookie::build(self.name(), value)
            .path("/")
            .secure(self.is_https)
            .http_only(true)
            .same_site(SameSite::Strict)
            .max_age(Duration::days(DAYS))
            .finish();
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.key).add(cookie.clone());
        jar.get(self.name()).cloned().unwrap_or(cookie)
    }
}

/// Parses `id.person-generation.person-generation`.
fn parse(value: &str) -> Option<(String, Vec<KnownAccount>)> {
    let mut parts = value.split('.');
    let id = parts.next()?.to_owned();
    let account = |part: &str| {
        let (person, generation) = part.split_once('-')?;
        Some(KnownAccount { person: person.parse().ok()?, generation: generation.parse().ok()? })
    };
    Some((id, parts.map(account).collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ADA: KnownAccount = KnownAccount { person: PersonId(4), generation: 0 };

    fn device(accounts: &[KnownAccount]) -> Device {
        let jar = DeviceJar { key: Key::from(&[7; 64]), is_https: true };
        Device { id: "d1".into(), accounts: accounts.to_vec(), jar }
    }

    fn is_known(device: &Device, account: KnownAccount) -> bool {
        device.source(Some(account), Ipv4Addr::LOCALHOST.into()) == Source::Device("d1".into())
    }

    #[test]
    fn a_cookie_names_the_accounts_that_logged_in_last() {
        let cookie = device(&[KnownAccount { generation: 3, ..ADA }]).cookie(ADA);
        assert!(cookie.name() == "__Host-device" && cookie.secure() == Some(true) && cookie.http_only() == Some(true));
        assert_eq!(device(&[]).jar.verified(cookie.into_owned()).as_deref(), Some("d1.4-0"));
        let many: Vec<_> = (10..20).map(|id| KnownAccount { person: PersonId(id), generation: 1 }).collect();
        let value = device(&many).jar.verified(device(&many).cookie(ADA)).expect("a value");
        assert_eq!(value, "d1.4-0.10-1.11-1.12-1.13-1");
        assert_eq!(parse(&value).map(|(_, accounts)| accounts.len()), Some(5));
    }

    #[test]
    fn only_a_signed_cookie_of_the_present_password_is_known() {
        let known = device(&[ADA]);
        assert!(is_known(&known, ADA) && !is_known(&known, KnownAccount { generation: 1, ..ADA }));
        assert_eq!(known.source(None, Ipv4Addr::LOCALHOST.into()), Source::Address(Ipv4Addr::LOCALHOST.into()));
        for forged in ["d1.4-0", "", &format!("{}d1.4-0", "A".repeat(44))] {
            assert_eq!(known.jar.verified(Cookie::new("__Host-device", forged.to_owned())), None, "{forged}");
        }
        for value in ["d1.4", "d1.x-0", "d1.4-0."] {
            assert_eq!(parse(value), None, "{value}");
        }
    }
}
