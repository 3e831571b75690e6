//! Log-in sessions, kept in the database: ending one there ends it at once, wherever its cookie was copied to.
//!
//! The cookie holds a random key under our signature, the table its hash. Reading a session asks the database nothing:
//! the key's hash is handed on, and [`Door`](super::Door) looks it up together with the person and the project, in the
//! one query and the one snapshot of the page.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use anyhow::anyhow;
use sha2::{Digest, Sha256};

use super::queries::{self, NewSession};
use super::steady::Steady;
use crate::clock::Moment;
use crate::db::Db;
use crate::error::Error;
use crate::page::{hex, random_bytes};

/// Without a request for this long, a session is over.
pub const IDLE_HOURS: i64 = 12;
/// And after this long in any case.
pub const LONGEST_DAYS: i64 = 7;
/// How long a proof of who somebody is counts as fresh.
const FRESH_MINUTES: i64 = 15;
/// How exactly the last request is remembered: a write a page would be too much.
const REMEMBER_EACH: i64 = 5 * 60 * 1000;

/// In a session's state: who is logged in.
pub const PERSON: &str = "person";
/// In a session's state as the middleware sees it: which row of the table it is.
pub const ROW: &str = "row";

type State = HashMap<String, String>;

/// The table of sessions, as actix-session wants it.
pub struct Sessions {
    pub db: Db,
    pub steady: Steady,
}

/// What a session's times mean now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    Fresh,
    /// Alive, and its last use should be noted.
    Stale,
    Over,
}

pub fn age(now: Moment, created_at: Moment, used_at: Moment) -> Age {
    let is_idle = now.since(used_at) > IDLE_HOURS * 3_600_000;
    let is_old = now.since(created_at) > LONGEST_DAYS * 86_400_000;
    match now.since(used_at) {
        _ if is_idle || is_old => Age::Over,
        REMEMBER_EACH.. => Age::Stale,
        _ => Age::Fresh,
    }
}

/// Whether somebody proved lately who they are. Sessions begin with a proof.
pub fn is_proven(now: Moment, proved_at: Moment) -> bool {
    now.since(proved_at) <= FRESH_MINUTES * 60_000
}

/// The name of a session's row: the key itself is only in the cookie.
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

    /// What is set is laid over what is kept, because [`Sessions::load`] did not read it.
    async fn update(&self, key: SessionKey, state: State, _: &Duration) -> Result<SessionKey, UpdateError> {
        let failed = |error: Error| UpdateError::Other(error.into());
        let new = self.new_session(row_of(key.as_ref()), state).map_err(failed)?;
        self.db.write(move |conn| Ok(queries::change_session(conn, new)?)).await.map_err(failed)?;
        Ok(key)
    }

    /// [`upkeep`] does it, less often.
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
        Ok(NewSession { row, person, state, now: self.steady.now() })
    }
}

/// What a request found out about its session, for afterwards.
#[derive(Debug)]
pub struct Pass {
    pub row: String,
    found: AtomicU8,
}

impl Pass {
    pub fn new(row: String) -> Pass {
        Pass { row, found: AtomicU8::new(Age::Fresh as u8) }
    }

    pub fn found(&self, age: Age) {
        self.found.store(age as u8, Ordering::Relaxed);
    }

    fn is(&self, age: Age) -> bool {
        self.found.load(Ordering::Relaxed) == age as u8
    }
}

/// After the answer: notes that a session was used, or removes one that is over so that no clock brings it back.
pub async fn upkeep<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let response = next.call(req).await?;
    let pass = response.request().extensions().get::<Arc<Pass>>().cloned();
    if let Some(pass) = pass.filter(|pass| !pass.is(Age::Fresh)) {
        let db = response.request().app_data::<Data<Db>>().cloned();
        let now = response.request().app_data::<Data<Steady>>().map(|steady| steady.now());
        if let (Some(db), Some(now)) = (db, now) {
            actix_web::rt::spawn(note(db, pass, now));
        }
    }
    Ok(response)
}

async fn note(db: Data<Db>, pass: Arc<Pass>, now: Moment) {
    let noted = db.write::<_, Error>(move |conn| match pass.is(Age::Over) {
        true => Ok(queries::end_session(conn, &pass.row)?),
        false => Ok(queries::use_session(conn, &pass.row, now)?),
    });
    if let Err(error) = noted.await {
        tracing::warn!(cause = error.cause(), "a session's last use could not be noted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_twelve_hours_after_its_last_use_and_seven_days_after_its_start() {
        let start = Moment(1_000_000_000_000);
        let at = |seconds| start.plus_seconds(seconds);
        assert_eq!(age(at(60), start, start), Age::Fresh);
        assert_eq!(age(at(300), start, start), Age::Stale);
        assert_eq!(age(at(12 * 3600), start, start), Age::Stale);
        assert_eq!(age(at(12 * 3600 + 1), start, start), Age::Over);
        assert_eq!(age(at(7 * 86_400 + 1), start, at(7 * 86_400)), Age::Over);
        assert_eq!(age(at(-3600), start, start), Age::Fresh);
    }

    #[test]
    fn the_table_does_not_hold_the_key() {
        assert_eq!(row_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
