//! Checks the API key in the `Authorization` header of a call, and reads what an SDK sends about itself (§C2.2, §C2.3).

use std::future::{Ready, ready};
use std::sync::{Arc, OnceLock};

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, dev};

use super::device::Device;
use crate::api::errors;
use crate::api::last_seen::{Contact, Fetched, LastSeen};
use crate::api::rate_limit::{RateLimits, Spent};
use crate::audit::{self, Actor, Origin, Trace};
use crate::auth::api_keys::{self, Key, Kind};
use crate::base::clock::{Clock, Moment};
use crate::base::error::{ApiError, Error};
use crate::base::ids::Ids;
use crate::base::{AppUserId, lookup_key};
use crate::db::{Conn, Db};
use crate::web::trail::Trail;
use crate::web::{path, shared};

/// Which kind of key a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Any,
    /// The public key of an app: the answer depends on the app's store.
    App,
    Secret,
}

/// A call whose key is not checked yet.
pub struct Caller {
    key_hash: Option<String>,
    parameters: Option<Vec<(String, String)>>,
    origin: Origin,
    checked_key: Arc<OnceLock<CheckedKey>>,
    db: Data<Db>,
    ids: Data<Ids>,
    rate_limits: Data<RateLimits>,
    last_seen: Data<LastSeen>,
    pub device: Device,
    pub query: String,
    pub now: Moment,
    /// Whether the call uploads data that an SDK drops after a 429 and sends again after a 503 (§C2.7).
    is_upload: bool,
}

/// A call whose key is valid and of the kind that the call needs.
pub struct AuthorizedCall<'a> {
    pub key: Key,
    pub project: i64,
    pub now: Moment,
    pub ids: &'a Ids,
    pub device: &'a Device,
}

impl Caller {
    /// The value of `{name}` in the path, percent-decoded once.
    ///
    /// # Errors
    /// [`Error::Client`] with code 7220 when the path is not valid UTF-8.
    pub fn parameter(&self, name: &str) -> Result<&str, Error> {
        let all = self.parameters.as_deref().ok_or_else(|| errors::invalid_id("The path is not valid UTF-8."))?;
        let found = all.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.ok_or_else(|| Error::Internal(format!("the route has no {name}")))
    }

    /// The App User ID in the path, unchecked: existing customers can have ids that [`new_id`] refuses.
    ///
    /// # Errors
    /// As [`Caller::parameter`].
    pub fn app_user_id(&self) -> Result<&str, Error> {
        self.parameter("id")
    }

    /// Checks the key, then runs `work` on one snapshot of the database.
    ///
    /// # Errors
    /// [`Error::Client`] when the key is unknown or of the wrong kind; [`Error::TooManyRequests`] or
    /// [`Error::Unavailable`] when the key is over its rate limit; every error of `work`.
    pub async fn read<T, W>(&self, needs: Needs, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Conn, &AuthorizedCall<'_>) -> Result<T, Error> + Send + 'static,
    {
        let check = self.key_check(needs);
        let snapshot = move |conn: &mut Conn| {
            let call = check.authorize(conn)?;
            work(conn, &call)
        };
        self.db.read(snapshot).await
    }

    /// Runs `work` in one write transaction, without an audit entry. It is for changes that customers make themselves:
    /// first contact, a log-in, device data. A key that is not checked yet is checked in a read first, so that a call
    /// without a valid key never takes the writer's lock.
    ///
    /// # Errors
    /// As [`Caller::read`].
    pub async fn write<T, W>(&self, needs: Needs, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Conn, &AuthorizedCall<'_>) -> Result<T, Error> + Send + 'static,
    {
        if self.checked_key.get().is_none() {
            self.read(needs, |_, _| Ok(())).await?;
        }
        let check = self.key_check(needs);
        let transaction = move |conn: &mut Conn| {
            let call = check.authorize(conn)?;
            conn.lock_project(call.project)?;
            work(conn, &call)
        };
        self.db.write(transaction).await
    }

    /// Runs `work` in one write transaction and adds the traces it returns to the audit log, with the key as the actor.
    ///
    /// # Errors
    /// As [`Caller::read`].
    pub async fn act<T, W>(&self, needs: Needs, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Conn, &AuthorizedCall<'_>) -> Result<(Vec<Trace>, T), Error> + Send + 'static,
    {
        let origin = self.origin.clone();
        let audited = move |conn: &mut Conn, call: &AuthorizedCall<'_>| {
            let (traces, done) = work(conn, call)?;
            let actor = Actor::api_key(call.key.id, &call.key.name);
            for trace in traces {
                audit::append(conn, (call.project, call.next_id(), call.now), &actor, &origin, trace)?;
            }
            Ok(done)
        };
        self.write(needs, audited).await
    }

    /// Records that an app was open. Calls of servers are not recorded. [`LastSeen`] writes contacts in batches.
    pub fn record_contact(&self, app_user_id: &str, fetched: Fetched) {
        let app = self.checked_key.get().filter(|key| key.is_app);
        if let (Some(CheckedKey { project, .. }), Some(device)) = (app, self.device.of_app()) {
            let key = lookup_key(app_user_id);
            let contact = Contact { project: *project, key, at: self.now, device: device.clone(), fetched };
            self.last_seen.add(contact);
        }
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    /// How many calls of its minute the key has used; `None` before the key is checked.
    pub fn spent(&self) -> Option<Spent> {
        self.checked_key.get().map(|key| key.spent)
    }

    fn key_check(&self, needs: Needs) -> KeyCheck {
        let (key_hash, device, checked_key) = (self.key_hash.clone(), self.device.clone(), self.checked_key.clone());
        let (ids, rate_limits, last_seen) = (self.ids.clone(), self.rate_limits.clone(), self.last_seen.clone());
        let (now, is_upload) = (self.now, self.is_upload);
        KeyCheck { key_hash, needs, checked_key, ids, rate_limits, last_seen, device, now, is_upload }
    }
}

/// What the first check of a call's key found.
#[derive(Debug)]
struct CheckedKey {
    project: i64,
    /// Whether it is the public key of an app, not the secret key of a server.
    is_app: bool,
    spent: Spent,
}

/// Everything the check of a key needs, owned, because the check runs on a thread of the database.
struct KeyCheck {
    key_hash: Option<String>,
    needs: Needs,
    checked_key: Arc<OnceLock<CheckedKey>>,
    ids: Data<Ids>,
    rate_limits: Data<RateLimits>,
    last_seen: Data<LastSeen>,
    device: Device,
    now: Moment,
    is_upload: bool,
}

impl KeyCheck {
    fn authorize(&self, conn: &mut Conn) -> Result<AuthorizedCall<'_>, Error> {
        let found = self.key_hash.as_deref().map(|hash| api_keys::queries::find(conn, hash)).transpose()?;
        let key = found.flatten().ok_or_else(|| ApiError {
            status: StatusCode::UNAUTHORIZED,
            code: errors::KEY_UNKNOWN,
            message: "The API key is missing, unknown or revoked.".into(),
        })?;
        // A call counts once against the rate limit, however many transactions it runs.
        if self.checked_key.get().is_none() {
            let spent = self.rate_limits.admit(&key).map_err(|error| self.retryable(error, &key))?;
            let checked_key = CheckedKey { project: key.project_id, is_app: !key.is_secret(), spent };
            self.checked_key.get_or_init(|| checked_key);
            self.last_seen.used(&key, self.now);
        }
        match (self.needs, key.kind()) {
            (Needs::Secret, Kind::Public) => Err(errors::forbidden(
                errors::SECRET_KEY_NEEDED,
                "This call needs a secret key. A public key, which every copy of an app holds, is not enough.",
            )),
            (Needs::App, Kind::Secret) => Err(errors::forbidden(
                errors::SECRET_FOR_APP,
                "This call needs the public key of an app: the answer depends on the app's store.",
            )),
            _ => {
                let (project, now) = (key.project_id, self.now);
                Ok(AuthorizedCall { project, key, now, ids: &self.ids, device: &self.device })
            }
        }
    }
}

impl KeyCheck {
    /// Turns a 429 for an upload of an app into a 503. Android drops an upload after any 4xx except 404, and sends it
    /// again after a 503 (§C2.7).
    fn retryable(&self, error: Error, key: &Key) -> Error {
        match error {
            Error::TooManyRequests { .. } if self.is_upload && !key.is_secret() => {
                Error::Unavailable("a public key is over its rate limit".into())
            }
            error => error,
        }
    }
}

impl AuthorizedCall<'_> {
    /// An id for a new row.
    pub fn next_id(&self) -> i64 {
        self.ids.next(self.now)
    }

    /// Whether an app made the call, so that its device data is to be stored.
    pub fn is_app_contact(&self) -> bool {
        !self.key.is_secret() && self.device.of_app().is_some()
    }
}

/// Parses an App User ID that a new customer may get: at most 100 characters and no `/` (§9.2).
///
/// # Errors
/// [`Error::Client`] with code 7220 when the id breaks one of these rules.
pub fn new_id(text: &str) -> Result<AppUserId, Error> {
    const LONGEST: usize = 100;
    let refused = |why: &str| Err(errors::invalid_id(&format!("This App User ID {why}.")));
    match AppUserId::parse(text) {
        Err(why) => refused(why.words()),
        Ok(_) if text.contains('/') => refused("contains a /"),
        Ok(_) if text.chars().count() > LONGEST => refused("has more than 100 characters"),
        Ok(id) => Ok(id),
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Caller, Error>>;

    fn from_request(req: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(Caller::from_http(req))
    }
}

impl Caller {
    fn from_http(req: &HttpRequest) -> Result<Caller, Error> {
        let missing = |what: &str| Error::Internal(format!("{what} is missing from the request"));
        let trail = Trail::from_request(req);
        let matched = trail.matched.get().ok_or_else(|| missing("the matched route"))?;
        Ok(Caller {
            key_hash: bearer(req).map(api_keys::hash_of),
            checked_key: Arc::default(),
            parameters: path::named(&matched.pattern, req.uri().path()),
            // The IP address belongs to an end user, so the audit log does not keep it.
            origin: Origin { request: trail.reference.clone(), address: None },
            device: Device::from_request(req)?,
            query: req.query_string().to_owned(),
            now: shared::<Clock>(req)?.now(),
            is_upload: matched.pattern.ends_with("/attributes") || matched.pattern == "/v1/receipts",
            db: shared(req)?,
            ids: shared(req)?,
            rate_limits: shared(req)?,
            last_seen: shared(req)?,
        })
    }
}

/// The key in `Authorization: Bearer KEY`; `None` unless the header is there exactly once.
fn bearer(req: &HttpRequest) -> Option<&str> {
    let mut values = req.headers().get_all(AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then(|| key.trim())
}
