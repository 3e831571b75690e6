//! Who calls: the key in the `Authorization` header, and what an SDK says of itself in the others (§C2.2, §C2.3).

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

/// Which keys a call takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Any,
    /// An app's: there is an answer for an app alone.
    App,
    Secret,
}

/// A call that is not let in yet.
pub struct Caller {
    key_hash: Option<String>,
    parameters: Option<Vec<(String, String)>>,
    origin: Origin,
    let_in: Arc<OnceLock<LetIn>>,
    db: Data<Db>,
    ids: Data<Ids>,
    rate_limits: Data<RateLimits>,
    last_seen: Data<LastSeen>,
    pub device: Device,
    pub query: String,
    pub now: Moment,
    /// It brings what an SDK drops after most refusals and sends again after others.
    is_upload: bool,
}

/// A call that was let in.
pub struct Inside<'a> {
    pub key: Key,
    pub project: i64,
    pub now: Moment,
    pub ids: &'a Ids,
    pub device: &'a Device,
}

impl Caller {
    /// A `{name}` of the path, decoded once.
    ///
    /// # Errors
    /// [`ApiError`] for one that is no text.
    pub fn parameter(&self, name: &str) -> Result<&str, Error> {
        let all = self.parameters.as_deref().ok_or_else(|| errors::no_id("The path is not valid UTF-8."))?;
        let found = all.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.ok_or_else(|| Error::Internal(format!("the route has no {name}")))
    }

    /// The app user id of the path, as it was sent: it may be one that nobody may get any more.
    ///
    /// # Errors
    /// As [`Caller::parameter`].
    pub fn app_user_id(&self) -> Result<&str, Error> {
        self.parameter("id")
    }

    /// Runs `work` on one snapshot.
    ///
    /// # Errors
    /// [`ApiError`] for a key that does not count or is not good for this; [`Error::TooManyRequests`]; what `work` returned.
    pub async fn read<T, W>(&self, needs: Needs, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Conn, &Inside<'_>) -> Result<T, Error> + Send + 'static,
    {
        let pass = self.pass(needs);
        let snapshot = move |conn: &mut Conn| {
            let inside = pass.authorize(conn)?;
            work(conn, &inside)
        };
        self.db.read(snapshot).await
    }

    /// Runs `work` as one change of what is the customer's own: first contact, a log-in, what the app tells of itself.
    /// Whoever was not let in yet is asked for the key first, so that nobody without one keeps writers waiting.
    ///
    /// # Errors
    /// As [`Caller::read`].
    pub async fn write<T, W>(&self, needs: Needs, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Conn, &Inside<'_>) -> Result<T, Error> + Send + 'static,
    {
        if self.let_in.get().is_none() {
            self.read(needs, |_, _| Ok(())).await?;
        }
        let pass = self.pass(needs);
        let transaction = move |conn: &mut Conn| {
            let inside = pass.authorize(conn)?;
            conn.lock_project(inside.project)?;
            work(conn, &inside)
        };
        self.db.write(transaction).await
    }

    /// Runs `work` as one action of whoever holds the key, and leaves its traces.
    ///
    /// # Errors
    /// As [`Caller::read`].
    pub async fn act<T, W>(&self, needs: Needs, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Conn, &Inside<'_>) -> Result<(Vec<Trace>, T), Error> + Send + 'static,
    {
        let origin = self.origin.clone();
        let acting = move |conn: &mut Conn, inside: &Inside<'_>| {
            let (traces, done) = work(conn, inside)?;
            let actor = Actor::api_key(inside.key.id, &inside.key.name);
            for trace in traces {
                audit::append(conn, (inside.project, inside.next_id(), inside.now), &actor, &origin, trace)?;
            }
            Ok(done)
        };
        self.write(needs, acting).await
    }

    /// Remembers that an app was open, unless the call is a server's. It is written a little later, with others.
    pub fn saw(&self, app_user_id: &str, fetched: Fetched) {
        let app = self.let_in.get().filter(|let_in| let_in.is_app);
        if let (Some(LetIn { project, .. }), Some(device)) = (app, self.device.seen()) {
            let key = lookup_key(app_user_id);
            let contact = Contact { project: *project, key, at: self.now, device: device.clone(), fetched };
            self.last_seen.add(contact);
        }
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    /// What the key has used of its minute, once the call was let in.
    pub fn spent(&self) -> Option<Spent> {
        self.let_in.get().map(|let_in| let_in.spent)
    }

    fn pass(&self, needs: Needs) -> Pass {
        let (key_hash, device, let_in) = (self.key_hash.clone(), self.device.clone(), self.let_in.clone());
        let (ids, rate_limits, last_seen) = (self.ids.clone(), self.rate_limits.clone(), self.last_seen.clone());
        Pass { key_hash, needs, let_in, ids, rate_limits, last_seen, device, now: self.now, is_upload: self.is_upload }
    }
}

/// What is known of a call once it was let in.
#[derive(Debug)]
struct LetIn {
    project: i64,
    /// An app's key, not a server's.
    is_app: bool,
    spent: Spent,
}

/// What is needed to let a call in, on whatever thread.
struct Pass {
    key_hash: Option<String>,
    needs: Needs,
    let_in: Arc<OnceLock<LetIn>>,
    ids: Data<Ids>,
    rate_limits: Data<RateLimits>,
    last_seen: Data<LastSeen>,
    device: Device,
    now: Moment,
    is_upload: bool,
}

impl Pass {
    fn authorize(&self, conn: &mut Conn) -> Result<Inside<'_>, Error> {
        let found = self.key_hash.as_deref().map(|hash| api_keys::queries::find(conn, hash)).transpose()?;
        let key = found.flatten().ok_or_else(|| ApiError {
            status: StatusCode::UNAUTHORIZED,
            code: errors::KEY_UNKNOWN,
            message: "The API key is missing, unknown or revoked.".into(),
        })?;
        // A call counts once, however often it comes to the database.
        if self.let_in.get().is_none() {
            let spent = self.rate_limits.admit(&key).map_err(|error| self.kept(error, &key))?;
            let let_in = LetIn { project: key.project_id, is_app: !key.is_secret(), spent };
            self.let_in.get_or_init(|| let_in);
            self.last_seen.used(&key, self.now);
        }
        match (self.needs, key.kind()) {
            (Needs::Secret, Kind::Public) => Err(errors::forbidden(
                errors::KEY_NOT_GOOD,
                "This needs a secret key: what it does is not for every copy of an app.",
            )),
            (Needs::App, Kind::Secret) => Err(errors::forbidden(
                errors::SECRET_FOR_APP,
                "This needs the public key of an app: the answer depends on the app's store.",
            )),
            _ => Ok(Inside { project: key.project_id, key, now: self.now, ids: &self.ids, device: &self.device }),
        }
    }
}

impl Pass {
    /// Android takes every 4xx but 404 for an end of the matter and forgets what it wanted to say; after a 503 it comes
    /// again (§C2.7).
    fn kept(&self, error: Error, key: &Key) -> Error {
        match error {
            Error::TooManyRequests { .. } if self.is_upload && !key.is_secret() => {
                Error::Unavailable("the copies of an app call too fast".into())
            }
            error => error,
        }
    }
}

impl Inside<'_> {
    /// A name for a new row.
    pub fn next_id(&self) -> i64 {
        self.ids.next(self.now)
    }

    /// Whether an app called, which moves what is known of its device.
    pub fn is_app_contact(&self) -> bool {
        !self.key.is_secret() && self.device.seen().is_some()
    }
}

/// An id that somebody may be given: at most 100 characters and no `/` (§9.2).
///
/// # Errors
/// [`ApiError`] with code 7220.
pub fn new_id(text: &str) -> Result<AppUserId, Error> {
    const LONGEST: usize = 100;
    let refused = |why: &str| Err(errors::no_id(&format!("This App User ID {why}.")));
    match AppUserId::parse(text) {
        Err(why) => refused(why.words()),
        Ok(_) if text.contains('/') => refused("holds a /"),
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
        let lost = |what: &str| Error::Internal(format!("{what} is missing from the request"));
        let trail = Trail::from_request(req);
        let matched = trail.matched.get().ok_or_else(|| lost("its route"))?;
        Ok(Caller {
            key_hash: bearer(req).map(api_keys::hash_of),
            let_in: Arc::default(),
            parameters: path::named(&matched.pattern, req.uri().path()),
            // The address is an end user's: it is not kept.
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

/// The one `Authorization: Bearer KEY`.
fn bearer(req: &HttpRequest) -> Option<&str> {
    let mut values = req.headers().get_all(AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then(|| key.trim())
}
