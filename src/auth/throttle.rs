//! Slows down the guessing of passwords and codes: it limits how many checks may fail per account and per address. The
//! database counts them, so a restart or a second process changes nothing. Accounts that do not exist are counted like
//! others.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::hex;
use crate::base::ids::{PersonId, RowId};
use crate::db::Conn;
use crate::db::schema::login_attempts as attempts;

/// How many checks of one kind may fail within `window` milliseconds.
#[derive(Debug, Clone, Copy)]
struct Limit {
    scope: &'static str,
    most: usize,
    window: i64,
}

const MINUTE: i64 = 60 * 1000;

const ACCOUNT: Limit = Limit { scope: "account", most: 10, window: 3 * MINUTE };
const ADDRESS: Limit = Limit { scope: "address", most: 30, window: 3 * MINUTE };
/// Stricter, because somebody who guesses codes knows the password already, and there are only a million codes.
const CODE: Limit = Limit { scope: "code", most: 10, window: LONGEST };
const INVITATION: Limit = Limit { scope: "invitation", most: 30, window: 3 * MINUTE };

/// After so many milliseconds an attempt is deleted.
const LONGEST: i64 = 15 * MINUTE;

/// The key of the stored hashes, so that they do not reveal whose attempts they count.
pub struct ThrottleKey(pub Vec<u8>);

/// One check of a password or code. It is counted before the check, and no longer when the check succeeds.
#[derive(Debug, Clone)]
pub struct Attempt {
    id: RowId,
    subjects: Vec<(Limit, String)>,
}

impl Attempt {
    /// A try of a password. `key` is the [`ThrottleKey`].
    pub fn new(id: RowId, key: &[u8], email: &str, address: &str) -> Attempt {
        Attempt::with_subjects(id, key, &[(ACCOUNT, email), (ADDRESS, address)])
    }

    /// A try of a code of the second factor.
    pub fn code(id: RowId, key: &[u8], person: PersonId, address: &str) -> Attempt {
        Attempt::with_subjects(id, key, &[(CODE, &person.to_string()), (ADDRESS, address)])
    }

    /// A try of the link of an invitation.
    pub fn invitation(id: RowId, key: &[u8], address: &str) -> Attempt {
        Attempt::with_subjects(id, key, &[(INVITATION, address)])
    }

    fn with_subjects(id: RowId, key: &[u8], counted: &[(Limit, &str)]) -> Attempt {
        let subjects = counted.iter().map(|(limit, text)| (*limit, subject(key, limit.scope, text)));
        Attempt { id, subjects: subjects.collect() }
    }

    /// Counts the try before the check, so that many tries at once are no more than the same number one after the
    /// other.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] when there were too many tries; the caller must not check then.
    pub fn count(&self, conn: &mut Conn, now: Moment) -> Result<(), Error> {
        diesel::delete(attempts::table.filter(attempts::at.lt(Moment(now.millis() - LONGEST)))).execute(conn)?;
        let mut longest = None;
        for (limit, subject) in &self.subjects {
            conn.lock_hash(subject)?;
            longest = longest.max(wait(conn, *limit, subject, now)?);
        }
        if let Some(retry_after) = longest {
            return Err(Error::TooManyRequests { retry_after, limit: None });
        }
        for (limit, subject) in &self.subjects {
            insert(conn, limit.scope, subject, self.id, now)?;
        }
        Ok(())
    }

    /// Removes the try from the count, after a check that succeeded.
    pub fn forget(&self, conn: &mut Conn) -> QueryResult<()> {
        for (limit, subject) in &self.subjects {
            diesel::delete(attempts::table.find((limit.scope, subject, self.id))).execute(conn)?;
        }
        Ok(())
    }
}

/// Seconds until the next try is allowed; `None` when it is allowed now.
fn wait(conn: &mut Conn, limit: Limit, subject: &str, now: Moment) -> QueryResult<Option<u64>> {
    let recent = attempts::at.ge(Moment(now.millis() - limit.window));
    let mut times: Vec<Moment> = attempts::table
        .filter(attempts::scope.eq(limit.scope).and(attempts::subject_hash.eq(subject)).and(recent))
        .select(attempts::at)
        .load(conn)?;
    times.sort();
    let blocking = times.len().checked_sub(limit.most).and_then(|index| times.get(index));
    Ok(blocking.map(|at| seconds(at.millis() + limit.window - now.millis())))
}

fn seconds(millis: i64) -> u64 {
    u64::try_from(millis).unwrap_or(0).div_ceil(1000).max(1)
}

fn insert(conn: &mut Conn, scope: &str, subject: &str, id: RowId, now: Moment) -> QueryResult<usize> {
    let row =
        (attempts::scope.eq(scope), attempts::subject_hash.eq(subject), attempts::id.eq(id), attempts::at.eq(now));
    diesel::insert_into(attempts::table).values(row).execute(conn)
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

    fn tried(db: &Db, id: i64, email: &str, address: &str, now: Moment) -> Result<Attempt, u64> {
        let attempt = Attempt::new(RowId(id), b"key", email, address);
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
    fn the_eleventh_guess_at_an_account_has_to_wait() {
        let db = database("account");
        for id in 0..10 {
            assert!(tried(&db, id, "sol@sundial.example", &format!("192.0.2.{id}"), NOW.plus_seconds(id)).is_ok());
        }
        let late = NOW.plus_seconds(20);
        assert_eq!(tried(&db, 10, "sol@sundial.example", "192.0.2.99", late).err(), Some(160));
        assert!(tried(&db, 11, "ada@sundial.example", "192.0.2.99", late).is_ok());
        assert!(tried(&db, 12, "sol@sundial.example", "192.0.2.99", NOW.plus_seconds(181)).is_ok());
    }

    #[test]
    fn the_thirty_first_guess_from_an_address_has_to_wait() {
        let db = database("address");
        for id in 0..30 {
            assert!(tried(&db, id, &format!("p{id}@sundial.example"), "192.0.2.1", NOW).is_ok());
        }
        assert_eq!(tried(&db, 30, "sol@sundial.example", "192.0.2.1", NOW).err(), Some(180));
        assert!(tried(&db, 31, "sol@sundial.example", "192.0.2.2", NOW).is_ok());
    }

    #[test]
    fn the_eleventh_guess_at_a_code_has_to_wait_a_quarter_of_an_hour() {
        let db = database("code");
        let tried =
            |id, now| db.write_here(|conn| Attempt::code(RowId(id), b"key", PersonId(4), "192.0.2.1").count(conn, now));
        assert!((0..10).all(|id| tried(id, NOW).is_ok()));
        assert!(matches!(tried(10, NOW.plus_seconds(300)), Err(Error::TooManyRequests { retry_after: 600, .. })));
        assert!(tried(11, NOW.plus_seconds(901)).is_ok());
    }

    #[test]
    fn right_passwords_are_not_counted() {
        let db = database("right");
        for id in 0..40 {
            let attempt = tried(&db, id, "sol@sundial.example", "192.0.2.1", NOW).expect("no wait");
            db.write_here(|conn| Ok::<_, Error>(attempt.forget(conn)?)).expect("forgotten");
        }
    }
}
