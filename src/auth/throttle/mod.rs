//! Slows down the guessing of passwords and codes: it limits how many checks may fail. The database counts them, so a
//! restart or a second process changes nothing. Accounts that do not exist are counted like others.
//!
//! Nobody can keep the owner of an account out by guessing. A browser that has logged in before counts by itself
//! ([`Source::Device`]), and so does an open session that asks for a proof. All other tries count for the account and
//! their network, where each has to wait longer than the one before. The account as a whole has a limit too, of which
//! tries from one network cannot use everything.

mod limit;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use self::limit::{LONGEST, Limit, MINUTE, Pace};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::hex;
use crate::base::ids::{PersonId, RowId};
use crate::db::Conn;
use crate::db::schema::login_attempts as attempts;

/// A browser that has logged in to the account before.
const DEVICE: Limit = Limit::slower("device");
/// An account, from one network.
const NETWORK: Limit = Limit::slower("network");
/// An account, from everywhere. One network uses at most 6 of these tries.
const ACCOUNT: Limit = Limit::at_most("account", 10, 3 * MINUTE).reserving(4);
/// An address, for whatever account.
const ADDRESS: Limit = Limit::at_most("address", 30, 3 * MINUTE);
/// Stricter, because somebody who guesses codes knows the password already, and there are only a million codes.
const CODE: Limit = Limit::at_most("code", 10, 15 * MINUTE);
/// A session whose person proves who they are once more.
const PROOF: Limit = Limit::slower("proof");
const PROOF_CODE: Limit = Limit::at_most("proof_code", 10, 15 * MINUTE);
const INVITATION: Limit = Limit::at_most("invitation", 30, 3 * MINUTE);
/// The people who try to accept one invitation.
const ACCEPTANCE: Limit = Limit::at_most("acceptance", 10, 3 * MINUTE);

/// The key of the stored hashes, so that they do not reveal whose attempts they count.
pub struct ThrottleKey(pub Vec<u8>);

/// Where a try to log in comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A browser that has logged in to this account before. Holds its id.
    Device(String),
    /// An address from which anybody may come.
    Address(IpAddr),
}

/// One check of a password or code. It is counted before the check, and no longer when the check succeeds.
#[derive(Debug, Clone)]
pub struct Attempt {
    id: RowId,
    subjects: Vec<(Limit, String)>,
}

impl Attempt {
    /// A try of a password when logging in. `key` is the [`ThrottleKey`].
    pub fn password(id: RowId, key: &[u8], email: &str, source: &Source) -> Attempt {
        let counted = match source {
            Source::Device(device) => vec![(DEVICE, format!("{device} {email}"))],
            Source::Address(address) => vec![
                (ACCOUNT, email.to_owned()),
                (NETWORK, format!("{} {email}", network_of(*address))),
                (ADDRESS, address.to_string()),
            ],
        };
        Attempt::with_subjects(id, key, counted)
    }

    /// A try of a code of the second factor when logging in.
    pub fn code(id: RowId, key: &[u8], person: PersonId, source: &Source) -> Attempt {
        let counted = match source {
            Source::Device(device) => vec![(CODE, format!("{device} {person}"))],
            Source::Address(address) => vec![(CODE, person.to_string()), (ADDRESS, address.to_string())],
        };
        Attempt::with_subjects(id, key, counted)
    }

    /// A try of the password in an open session; `session` is the key of its row.
    pub fn proof(id: RowId, key: &[u8], session: &str) -> Attempt {
        Attempt::with_subjects(id, key, vec![(PROOF, session.to_owned())])
    }

    /// A try of a code in an open session.
    pub fn proof_code(id: RowId, key: &[u8], session: &str) -> Attempt {
        Attempt::with_subjects(id, key, vec![(PROOF_CODE, session.to_owned())])
    }

    /// A try of a link of an invitation that is not valid.
    pub fn invitation(id: RowId, key: &[u8], address: IpAddr) -> Attempt {
        Attempt::with_subjects(id, key, vec![(INVITATION, address.to_string())])
    }

    /// A try to accept an invitation with a new password; `token_hash` is that of the invitation's link.
    pub fn acceptance(id: RowId, key: &[u8], token_hash: &str) -> Attempt {
        Attempt::with_subjects(id, key, vec![(ACCEPTANCE, token_hash.to_owned())])
    }

    fn with_subjects(id: RowId, key: &[u8], counted: Vec<(Limit, String)>) -> Attempt {
        let subjects = counted.into_iter().map(|(limit, text)| (limit, subject(key, limit.scope, &text)));
        Attempt { id, subjects: subjects.collect() }
    }

    /// Counts the try before the check, so that many tries at once are no more than the same number one after the
    /// other.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] when there were too many tries; the caller must not check then.
    pub fn count(&self, conn: &mut Conn, now: Moment) -> Result<(), Error> {
        diesel::delete(attempts::table.filter(attempts::at.lt(Moment(now.millis() - LONGEST)))).execute(conn)?;
        let mut failures = Vec::with_capacity(self.subjects.len());
        for (limit, subject) in &self.subjects {
            conn.lock_hash(subject)?;
            failures.push((*limit, failed(conn, *limit, subject, now)?));
        }
        let is_first = failures.iter().all(|(limit, times)| limit.pace != Pace::Slower || times.is_empty());
        let waits = failures.iter().filter_map(|(limit, times)| limit.wait(times, is_first, now));
        if let Some(longest) = waits.max() {
            return Err(Error::TooManyRequests { retry_after: seconds(longest), limit: None });
        }
        for (limit, subject) in &self.subjects {
            insert(conn, limit.scope, subject, self.id, now)?;
        }
        Ok(())
    }

    /// Removes the try from the count, after a check that succeeded. Where tries have to wait longer each time, the next
    /// need not wait.
    pub fn forget(&self, conn: &mut Conn) -> QueryResult<()> {
        for (limit, subject) in &self.subjects {
            let of_subject = attempts::scope.eq(limit.scope).and(attempts::subject_hash.eq(subject));
            match limit.pace {
                Pace::Slower => diesel::delete(attempts::table.filter(of_subject)).execute(conn)?,
                Pace::AtMost { .. } => {
                    diesel::delete(attempts::table.filter(of_subject.and(attempts::id.eq(self.id)))).execute(conn)?
                }
            };
        }
        Ok(())
    }
}

/// Forgets the failed tries at an account as a whole, because an operator has set another password.
pub fn forget_account(conn: &mut Conn, key: &[u8], email: &str) -> QueryResult<()> {
    let subject = subject(key, ACCOUNT.scope, email);
    let of_account = attempts::scope.eq(ACCOUNT.scope).and(attempts::subject_hash.eq(subject));
    diesel::delete(attempts::table.filter(of_account)).execute(conn)?;
    Ok(())
}

/// When checks failed within the limit's window, in order.
fn failed(conn: &mut Conn, limit: Limit, subject: &str, now: Moment) -> QueryResult<Vec<Moment>> {
    let recent = attempts::at.gt(Moment(now.millis() - limit.window()));
    let mut times: Vec<Moment> = attempts::table
        .filter(attempts::scope.eq(limit.scope).and(attempts::subject_hash.eq(subject)).and(recent))
        .select(attempts::at)
        .load(conn)?;
    times.sort();
    Ok(times)
}

fn seconds(millis: i64) -> u64 {
    u64::try_from(millis).unwrap_or(0).div_ceil(1000).max(1)
}

fn insert(conn: &mut Conn, scope: &str, subject: &str, id: RowId, now: Moment) -> QueryResult<usize> {
    let row =
        (attempts::scope.eq(scope), attempts::subject_hash.eq(subject), attempts::id.eq(id), attempts::at.eq(now));
    diesel::insert_into(attempts::table).values(row).execute(conn)
}

/// The network that an address belongs to, as providers give them to one customer: 24 bits of IPv4, 48 of IPv6.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() >> 8 << 8).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 80 << 80).into(),
    }
}

fn subject(key: &[u8], scope: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(key);
    hash.update(scope.as_bytes());
    hash.update([0]);
    hash.update(text.as_bytes());
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Db, migrate};

    const NOW: Moment = Moment(1_795_453_200_000);
    const SOL: &str = "sol@sundial.example";

    fn from(address: &str) -> Source {
        Source::Address(address.parse().expect("an address"))
    }

    /// Counts a try of a password; the seconds to wait when it is refused.
    fn tried(db: &Db, id: i64, email: &str, source: &Source, now: Moment) -> Result<Attempt, u64> {
        let attempt = Attempt::password(RowId(id), b"key", email, source);
        match db.write_here(|conn| attempt.count(conn, now)) {
            Ok(()) => Ok(attempt),
            Err(Error::TooManyRequests { retry_after, .. }) => Err(retry_after),
            Err(error) => panic!("{error:?}"),
        }
    }

    fn database(name: &str) -> Db {
        let path = std::env::temp_dir().join(format!("dossier-throttle-{name}-{}.db", std::process::id()));
        for suffix in ["", "-wal", "-shm"] {
            std::fs::remove_file(format!("{}{suffix}", path.display())).unwrap_or_default();
        }
        let db = Db::open(&format!("sqlite:{}", path.display()), 2).expect("a database");
        migrate::run(&db).expect("tables");
        db
    }

    #[test]
    fn the_eleventh_guess_at_an_account_has_to_wait_wherever_it_comes_from() {
        let db = database("account");
        for id in 0..10 {
            assert!(tried(&db, id, SOL, &from(&format!("192.0.{id}.1")), NOW.plus_seconds(id)).is_ok());
        }
        let late = NOW.plus_seconds(20);
        assert_eq!(tried(&db, 10, SOL, &from("192.0.99.1"), late).err(), Some(160));
        assert!(tried(&db, 11, "ada@sundial.example", &from("192.0.99.1"), late).is_ok());
        assert!(tried(&db, 12, SOL, &from("192.0.99.1"), NOW.plus_seconds(181)).is_ok());
    }

    #[test]
    fn another_password_forgets_the_tries_at_the_account() {
        let db = database("forgotten");
        for id in 0..10 {
            assert!(tried(&db, id, SOL, &from(&format!("192.0.{id}.1")), NOW).is_ok());
        }
        assert!(tried(&db, 10, SOL, &from("203.0.113.7"), NOW).is_err());
        db.write_here(|conn| Ok::<_, Error>(forget_account(conn, b"key", SOL)?)).expect("forgotten");
        assert!(tried(&db, 11, SOL, &from("203.0.113.7"), NOW).is_ok());
    }

    #[test]
    fn guesses_from_one_network_wait_longer_and_longer_and_leave_others_their_tries() {
        let db = database("network");
        let guesser = |id: i64| from(&format!("198.51.100.{}", id % 250));
        let mut checked = Vec::new();
        for second in 0..900 {
            if tried(&db, second, SOL, &guesser(second), NOW.plus_seconds(second)).is_ok() {
                checked.push(second);
            }
            if second % 60 == 59 {
                let owner = tried(&db, 10_000 + second, SOL, &from("203.0.113.7"), NOW.plus_seconds(second));
                let owner = owner.expect("the owner in another network need not wait");
                db.write_here(|conn| Ok::<_, Error>(owner.forget(conn)?)).expect("forgotten");
            }
        }
        assert!(checked.len() <= 10, "{checked:?}");
        assert!(checked.iter().filter(|second| **second < 180).count() <= 6, "{checked:?}");
    }

    #[test]
    fn a_device_that_is_known_has_a_count_of_its_own() {
        let db = database("device");
        let device = Source::Device("d1".into());
        for id in 0..30 {
            drop(tried(&db, id, SOL, &from(&format!("192.0.{id}.1")), NOW));
        }
        assert!((30..35).all(|id| tried(&db, id, SOL, &device, NOW).is_ok()));
        assert_eq!(tried(&db, 35, SOL, &device, NOW).err(), Some(30));
        assert!(tried(&db, 36, SOL, &Source::Device("d2".into()), NOW).is_ok());
        assert!(tried(&db, 37, "ada@sundial.example", &device, NOW).is_ok());
    }

    #[test]
    fn the_thirty_first_guess_from_an_address_has_to_wait() {
        let db = database("address");
        let source = from("192.0.2.1");
        for id in 0..30 {
            assert!(tried(&db, id, &format!("p{id}@sundial.example"), &source, NOW).is_ok());
        }
        assert_eq!(tried(&db, 30, SOL, &source, NOW).err(), Some(180));
        assert!(tried(&db, 31, SOL, &from("192.0.2.2"), NOW).is_ok());
    }

    #[test]
    fn the_eleventh_guess_at_a_code_has_to_wait_a_quarter_of_an_hour() {
        let db = database("code");
        let tried = |id, source: &Source, now| {
            db.write_here(|conn| Attempt::code(RowId(id), b"key", PersonId(4), source).count(conn, now))
        };
        let stranger = from("192.0.2.1");
        assert!((0..10).all(|id| tried(id, &stranger, NOW).is_ok()));
        let refused = tried(10, &stranger, NOW.plus_seconds(300));
        assert!(matches!(refused, Err(Error::TooManyRequests { retry_after: 600, .. })));
        assert!(tried(11, &Source::Device("d1".into()), NOW).is_ok());
        assert!(tried(12, &stranger, NOW.plus_seconds(901)).is_ok());
    }

    #[test]
    fn right_passwords_are_not_counted() {
        let db = database("right");
        for id in 0..40 {
            let attempt = tried(&db, id, SOL, &from("192.0.2.1"), NOW).expect("no wait");
            db.write_here(|conn| Ok::<_, Error>(attempt.forget(conn)?)).expect("forgotten");
        }
    }

    #[test]
    fn neighbours_are_one_network() {
        let network = |text: &str| network_of(text.parse().expect("an address")).to_string();
        assert_eq!(network("198.51.100.77"), "198.51.100.0");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
    }
}
