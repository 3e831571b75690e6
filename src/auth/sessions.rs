//! Log-in sessions, stored in the database: ending one there ends it at once, wherever its cookie was copied to.
//!
//! The cookie holds a random key with a signature, the table only the hash of the key. Loading a session asks the
//! database nothing. It passes the hash on, and [`PageRequest`](super::PageRequest) looks it up together with the
//! person and the project, in one query and in the snapshot of the page.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionInsertError};
use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use anyhow::anyhow;
use sha2::{Digest, Sha256};

use super::queries;
use super::queries::NewSession;
use crate::base::clock::Moment;
use crate::base::config::SessionLimits;
use crate::base::error::Error;
use crate::base::ids::PersonId;
use crate::base::monotonic::MonotonicClock;
use crate::base::{hex, random_bytes};
use crate::db::Db;

/// How long a proof of identity counts as fresh.
const FRESH_MINUTES: i64 = 15;
/// The last use of a session is stored at most once in this many milliseconds: a write for each page would be too
/// much. With a short idle limit it is stored more often, up to [`REMEMBERED_AT_LEAST`] times within the limit.
const REMEMBER_EACH: i64 = 5 * MINUTE;
const REMEMBERED_AT_LEAST: i64 = 12;

const MINUTE: i64 = 60 * 1000;
const HOUR: i64 = 60 * MINUTE;

/// Key in the state of a session: the id of the person who is logged in.
pub const PERSON: &str = "person";
/// Key in the state of a session: the id of the person whose password was right and whose second factor must follow.
pub const AWAITING_CODE: &str = "half_in";
/// Key in the state of a session: the browser, in words.
pub const BROWSER: &str = "browser";
/// Key in the state that the middleware sees: which row of the table the session is.
pub const ROW: &str = "row";

type State = HashMap<String, String>;

/// The table of sessions, as a store for actix-session.
pub struct Sessions {
    pub db: Db,
    pub monotonic: MonotonicClock,
    pub limits: SessionLimits,
}

/// The age of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    Fresh,
    /// Still valid, and its last use must be stored.
    Stale,
    Over,
}

impl SessionLimits {
    pub fn age(self, now: Moment, created_at: Moment, used_at: Moment) -> Age {
        let unused = now.since(used_at);
        match unused {
            _ if used_at < self.last_used(now) || created_at < self.first_made(now) => Age::Over,
            _ if unused >= REMEMBER_EACH.min(self.idle_minutes * MINUTE / REMEMBERED_AT_LEAST) => Age::Stale,
            _ => Age::Fresh,
        }
    }

    /// A session is over when its last use was before this.
    pub fn last_used(self, now: Moment) -> Moment {
        Moment(now.millis().saturating_sub(self.idle_minutes * MINUTE))
    }

    /// A session is over when it began before this.
    pub fn first_made(self, now: Moment) -> Moment {
        Moment(now.millis().saturating_sub(self.hours * HOUR))
    }
}

/// Whether a person proved recently who they are. Every session begins with a proof.
pub fn is_proven(now: Moment, proved_at: Moment) -> bool {
    now.since(proved_at) <= FRESH_MINUTES * MINUTE
}

/// The key of a session's row: the hash of the key in the cookie. The table does not hold the key itself.
pub fn row_of(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}

impl SessionStore for Sessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let row = format!("\"{}\"", row_of(key.as_ref()));
        Ok(Some(State::from([(ROW.into(), row)])))
    }

    async fn save(&self, state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        let failed = |error: Error| SaveError::Other(error.into());
        let bytes = random_bytes::<32>().map_err(|error| failed(error.into()))?;
        let key = hex(&bytes);
        let new = self.new_session(row_of(&key), state).map_err(failed)?;
        self.db.write(move |conn| Ok(queries::start_session(conn, &new)?)).await.map_err(failed)?;
        SessionKey::try_from(key).map_err(|error| SaveError::Other(anyhow!(error)))
    }

    /// Adds the new values to the stored ones, because [`Sessions::load`] did not read those.
    async fn update(&self, key: SessionKey, state: State, _: &Duration) -> Result<SessionKey, UpdateError> {
        let failed = |error: Error| UpdateError::Other(error.into());
        let new = self.new_session(row_of(key.as_ref()), state).map_err(failed)?;
        self.db.write(move |conn| Ok(queries::change_session(conn, new)?)).await.map_err(failed)?;
        Ok(key)
    }

    /// Does nothing: [`upkeep`] stores the last use, and less often.
    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let row = row_of(key.as_ref());
        self.db.write(move |conn| Ok::<_, Error>(queries::end_session(conn, &row)?)).await?;
        Ok(())
    }
}

impl Sessions {
    fn new_session(&self, row: String, mut state: State) -> Result<NewSession, Error> {
        state.remove(ROW);
        let person = state.get(PERSON).and_then(|id| id.parse().ok());
        let person_awaiting_code_id = state.get(AWAITING_CODE).and_then(|id| id.parse().ok());
        let browser = state.remove(BROWSER).and_then(|words| serde_json::from_str(&words).ok()).unwrap_or_default();
        Ok(NewSession {
            row,
            person,
            person_awaiting_code_id,
            browser,
            state,
            now: self.monotonic.now(),
            limits: self.limits,
        })
    }
}

/// Begins a session of `person` with a new key; the session before ends.
pub fn begin(session: &Session, person: PersonId, browser: String) -> Result<(), Error> {
    begin_as(session, PERSON, person, browser)
}

/// Begins a session that opens no page but the one for the second factor.
pub fn begin_awaiting_code(session: &Session, person: PersonId) -> Result<(), Error> {
    begin_as(session, AWAITING_CODE, person, String::new())
}

fn begin_as(session: &Session, what: &str, person: PersonId, browser: String) -> Result<(), Error> {
    let failed = |error: SessionInsertError| Error::Internal(error.to_string());
    session.renew();
    session.insert(what, person).map_err(failed)?;
    session.insert(BROWSER, browser).map_err(failed)
}

/// What a request found out about its session; [`upkeep`] reads it after the answer.
#[derive(Debug)]
pub struct CheckedSession {
    pub row: String,
    found: AtomicU8,
}

impl CheckedSession {
    pub fn new(row: String) -> CheckedSession {
        CheckedSession { row, found: AtomicU8::new(Age::Fresh as u8) }
    }

    pub fn found(&self, age: Age) {
        self.found.store(age as u8, Ordering::Relaxed);
    }

    fn is(&self, age: Age) -> bool {
        self.found.load(Ordering::Relaxed) == age as u8
    }
}

/// After the answer, stores the last use of a session. Deletes a session that is over, so that it stays over when the
/// clock is set back.
pub async fn upkeep<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let response = next.call(req).await?;
    let pass = response.request().extensions().get::<Arc<CheckedSession>>().cloned();
    if let Some(pass) = pass.filter(|pass| !pass.is(Age::Fresh)) {
        let db = response.request().app_data::<Data<Db>>().cloned();
        let now = response.request().app_data::<Data<MonotonicClock>>().map(|monotonic| monotonic.now());
        if let (Some(db), Some(now)) = (db, now) {
            actix_web::rt::spawn(store_use(db, pass, now));
        }
    }
    Ok(response)
}

async fn store_use(db: Data<Db>, pass: Arc<CheckedSession>, now: Moment) {
    let stored = db.write::<_, Error>(move |conn| match pass.is(Age::Over) {
        true => Ok(queries::end_session(conn, &pass.row)?),
        false => Ok(queries::use_session(conn, &pass.row, now)?),
    });
    if let Err(error) = stored.await {
        tracing::warn!(cause = error.cause(), "the last use or the end of a session could not be stored");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_an_hour_after_its_last_use_and_twelve_hours_after_its_start() {
        let (limits, start) = (SessionLimits::default(), Moment(1_000_000_000_000));
        let at = |seconds| start.plus_seconds(seconds);
        assert_eq!(limits.age(at(60), start, start), Age::Fresh);
        assert_eq!(limits.age(at(300), start, start), Age::Stale);
        assert_eq!(limits.age(at(3600), start, start), Age::Stale);
        assert_eq!(limits.age(at(3601), start, start), Age::Over);
        assert_eq!(limits.age(at(12 * 3600), start, at(12 * 3600)), Age::Fresh);
        assert_eq!(limits.age(at(12 * 3600 + 1), start, at(12 * 3600)), Age::Over);
        assert_eq!(limits.age(at(-3600), start, start), Age::Fresh);
    }

    #[test]
    fn a_short_limit_is_tracked_more_exactly() {
        let (limits, start) = (SessionLimits { idle_minutes: 1, hours: 1 }, Moment(1_000_000_000_000));
        assert_eq!(limits.age(start.plus_seconds(4), start, start), Age::Fresh);
        assert_eq!(limits.age(start.plus_seconds(5), start, start), Age::Stale);
    }

    #[test]
    fn the_table_does_not_hold_the_key() {
        assert_eq!(row_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
