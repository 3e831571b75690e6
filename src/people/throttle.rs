//! Slows down guessing of passwords: only so many failed checks per account and per address in a while, counted in the
//! database, so that a restart or a second process changes nothing. Accounts that do not exist are counted like others.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::clock::Moment;
use crate::db::Conn;
use crate::error::Error;
use crate::page::hex;
use crate::schema::login_attempts as attempts;

const WINDOW: i64 = 3 * 60 * 1000;
const PER_ACCOUNT: usize = 10;
const PER_ADDRESS: usize = 30;

/// A try that may be made. It counts from now on, unless it turns out right.
#[derive(Debug, Clone)]
pub struct Attempt {
    id: i64,
    account: String,
    address: String,
}

impl Attempt {
    /// `key` keeps the hashes from telling whose they are.
    pub fn new(id: i64, key: &[u8], email: &str, address: &str) -> Attempt {
        Attempt { id, account: subject(key, "account", email), address: subject(key, "address", address) }
    }

    /// Counts the try before the password is looked at, so that many at once are not more than one after the other.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] when there were too many.
    pub fn count(&self, conn: &mut Conn, now: Moment) -> Result<(), Error> {
        diesel::delete(attempts::table.filter(attempts::at.lt(Moment(now.millis() - WINDOW)))).execute(conn)?;
        let wait = wait(conn, "account", &self.account, PER_ACCOUNT, now)?.max(wait(
            conn,
            "address",
            &self.address,
            PER_ADDRESS,
            now,
        )?);
        if let Some(retry_after) = wait {
            return Err(Error::TooManyRequests { retry_after });
        }
        insert(conn, "account", &self.account, self.id, now)?;
        insert(conn, "address", &self.address, self.id, now)?;
        Ok(())
    }

    /// The password was right: this try was no guess.
    ///
    /// # Errors
    /// What the database said.
    pub fn forget(&self, conn: &mut Conn) -> QueryResult<()> {
        diesel::delete(attempts::table.find(("account", &self.account, self.id))).execute(conn)?;
        diesel::delete(attempts::table.find(("address", &self.address, self.id))).execute(conn)?;
        Ok(())
    }
}

/// Seconds until the next try may be made, if it is not now.
fn wait(conn: &mut Conn, scope: &str, subject: &str, most: usize, now: Moment) -> QueryResult<Option<u64>> {
    let mut times: Vec<Moment> = attempts::table
        .filter(attempts::scope.eq(scope).and(attempts::subject_hash.eq(subject)))
        .select(attempts::at)
        .load(conn)?;
    times.sort();
    let blocking = times.len().checked_sub(most).and_then(|index| times.get(index));
    Ok(blocking.map(|at| seconds(at.millis() + WINDOW - now.millis())))
}

fn seconds(millis: i64) -> u64 {
    u64::try_from(millis).unwrap_or(0).div_ceil(1000).max(1)
}

fn insert(conn: &mut Conn, scope: &str, subject: &str, id: i64, now: Moment) -> QueryResult<usize> {
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
        let attempt = Attempt::new(id, b"key", email, address);
        match db.write_here(|conn| attempt.count(conn, now)) {
            Ok(()) => Ok(attempt),
            Err(Error::TooManyRequests { retry_after }) => Err(retry_after),
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
    fn a_right_password_is_no_guess() {
        let db = database("right");
        for id in 0..40 {
            let attempt = tried(&db, id, "sol@sundial.example", "192.0.2.1", NOW).expect("no wait");
            db.write_here(|conn| Ok::<_, Error>(attempt.forget(conn)?)).expect("forgotten");
        }
    }
}
