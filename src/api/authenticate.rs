//! Checks the API key in the `Authorization` header of a call, and reads what an SDK sends about itself (§C2.2, §C2.3).
//! [`Caller`] is the first argument of every handler of the client API: before the handler runs, the key is known, is of
//! the kind that the route needs, belongs to the project of the path, and is within its rate limit.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, dev};
use futures_util::future::LocalBoxFuture;

use super::v1::log_ins::LogIn;
use super::{AttributeCalls, LogIns};
use crate::actions::{self, Scope};
use crate::api::attribute_writer::{AttributeCall, Outcome};
use crate::api::errors;
use crate::api::last_seen::{Contact, Fetched, LastSeen};
use crate::api::rate_limit::{RateLimits, Spent};
use crate::audit::{self, Actor, Ctx, Origin, Trace};
use crate::auth::address;
use crate::auth::api_keys::{self, Key, Kind, WrongKeys};
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::base::{AppUserId, lookup_key};
use crate::customers::attributes::Update;
use crate::customers::contacts::Device;
use crate::db::group::GroupWriter;
use crate::db::{Conn, Db};
use crate::web::request_record::RequestRecord;
use crate::web::routes::{ChecksKey, RouteEntry};
use crate::web::{Access, KeyNeeded, path, shared};

/// A call with a valid key.
pub struct Caller {
    call: Arc<AuthorizedCall>,
    parameters: Vec<(String, String)>,
    access: Access,
    key_hash: String,
    db: Data<Db>,
    rate_limits: Data<RateLimits>,
    last_seen: Data<LastSeen>,
    attributes: Data<GroupWriter<AttributeCalls>>,
    log_ins: Data<GroupWriter<LogIns>>,
    pub query: String,
    /// How many calls of its minute the key has used.
    pub spent: Spent,
}

/// What a handler's work learns of the call.
pub struct AuthorizedCall {
    pub key: Key,
    /// The key is the actor.
    pub ctx: Ctx,
    pub device: Device,
}

/// Actions of the holder of an API key.
struct ByKey {
    call: Arc<AuthorizedCall>,
    access: Access,
    key_hash: String,
}

impl Scope for ByKey {
    type Who = Arc<AuthorizedCall>;

    /// The key may have been revoked, or got another role, while the call waited for the lock.
    fn enter(&self, conn: &mut Conn) -> Result<Arc<AuthorizedCall>, Error> {
        conn.lock_project(self.call.ctx.project)?;
        let key = api_keys::queries::find(conn, &self.key_hash)?.ok_or_else(unknown_key)?;
        check_key(self.access, &key)?;
        Ok(self.call.clone())
    }

    fn append(&self, conn: &mut Conn, call: &Arc<AuthorizedCall>, trace: Trace) -> Result<(), Error> {
        audit::append(conn, &call.ctx, trace)
    }
}

impl Caller {
    /// The value of `{name}` in the path, percent-decoded once.
    ///
    /// # Errors
    /// [`Error::Internal`] when the route has no such parameter.
    pub fn parameter(&self, name: &str) -> Result<&str, Error> {
        let found = self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.ok_or_else(|| Error::Internal(format!("the route has no {name}")))
    }

    /// The App User ID in the path, unchecked: existing customers can have ids that [`new_id`] refuses.
    ///
    /// # Errors
    /// As [`Caller::parameter`].
    pub fn app_user_id(&self) -> Result<&str, Error> {
        self.parameter("id")
    }

    /// The moment of the call.
    pub fn now(&self) -> Moment {
        self.call.ctx.now
    }

    /// What the work of this call learns.
    pub fn call(&self) -> &AuthorizedCall {
        &self.call
    }

    /// Runs `work` on one snapshot of the database.
    ///
    /// # Errors
    /// Every error of `work`.
    pub async fn read<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Conn, &AuthorizedCall) -> Result<T, Error> + Send + 'static,
    {
        let call = self.call.clone();
        self.db.read(move |conn| work(conn, &call)).await
    }

    /// Runs `work` in one write transaction, without an audit entry. It is for changes that customers make themselves:
    /// first contact, a log-in, device data.
    ///
    /// # Errors
    /// [`Error::Client`] when the key was revoked while the call waited for the project's lock; every error of `work`.
    pub async fn write<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Conn, &AuthorizedCall) -> Result<T, Error> + Send + 'static,
    {
        self.act(move |conn, call| Ok((Vec::new(), work(conn, call)?))).await
    }

    /// Runs `work` in one write transaction and adds the traces it returns to the audit log, with the key as the actor.
    ///
    /// # Errors
    /// As [`Caller::write`].
    pub async fn act<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Conn, &AuthorizedCall) -> Result<(Vec<Trace>, T), Error> + Send + 'static,
    {
        let scope = ByKey { call: self.call.clone(), access: self.access, key_hash: self.key_hash.clone() };
        let act = move |conn: &mut Conn| actions::act(&scope, conn, |conn, call| work(conn, call));
        self.db.write_in_turn(&self.call.key.project.slug, act).await
    }

    /// Counts a write of an app for a customer whom the body names, as one for the customer in a path is counted.
    ///
    /// # Errors
    /// As [`RateLimits::admit_write_for`].
    pub async fn admit_write_for(&self, app_user_id: &str) -> Result<(), Error> {
        match self.call.key.is_secret() {
            true => Ok(()),
            false => self.rate_limits.admit_write_for(self.call.ctx.project, app_user_id).await,
        }
    }

    /// Saves attributes that an app sends, and returns after the commit. Calls that come at the same time share it.
    ///
    /// # Errors
    /// As [`GroupWriter::run`].
    pub async fn save_attributes(&self, app_user_id: AppUserId, updates: Vec<Update>) -> Result<Outcome, Error> {
        let (project, at) = (self.call.ctx.project, self.call.ctx.now);
        self.attributes.run(AttributeCall { project, app_user_id, at, updates }).await
    }

    /// Logs an app in, and returns after the commit whether nobody had the new id before.
    ///
    /// # Errors
    /// [`Error::Client`] with code 7220 when an id may not be given to a new customer; as [`GroupWriter::run`].
    pub async fn log_in(&self, current: AppUserId, new: AppUserId) -> Result<bool, Error> {
        Ok(self.log_ins.run(LogIn { call: self.call.clone(), current, new }).await??)
    }

    /// Records that an app was open. Calls of servers are not recorded. [`LastSeen`] writes contacts in batches.
    pub fn record_contact(&self, app_user_id: &str, fetched: Fetched) {
        let call = &self.call;
        if let Some(device) = call.device.of_app().filter(|_| !call.key.is_secret()) {
            let (project, key) = (call.ctx.project, lookup_key(app_user_id));
            self.last_seen.add(Contact { project, key, at: call.ctx.now, device: device.clone(), fetched });
        }
    }

    pub fn db(&self) -> &Db {
        &self.db
    }
}

impl AuthorizedCall {
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

impl ChecksKey for Caller {}

impl FromRequest for Caller {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Caller, Error>>;

    fn from_request(req: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let unchecked = UncheckedCall::from_http(req);
        Box::pin(async move { unchecked?.check().await })
    }
}

/// A call whose key is not checked yet.
struct UncheckedCall {
    key_hash: Option<String>,
    entry: Arc<RouteEntry>,
    parameters: Option<Vec<(String, String)>>,
    origin: Origin,
    device: Device,
    query: String,
    /// Whether the call may change something.
    is_write: bool,
    now: Moment,
    db: Data<Db>,
    ids: Data<Ids>,
    rate_limits: Data<RateLimits>,
    wrong_keys: Data<WrongKeys>,
    last_seen: Data<LastSeen>,
    attributes: Data<GroupWriter<AttributeCalls>>,
    log_ins: Data<GroupWriter<LogIns>>,
    address: IpAddr,
}

impl UncheckedCall {
    fn from_http(req: &HttpRequest) -> Result<UncheckedCall, Error> {
        let record = RequestRecord::from_request(req);
        let entry = record.matched.get().ok_or_else(|| Error::Internal("the request has no route".into()))?.clone();
        Ok(UncheckedCall {
            key_hash: bearer(req).map(api_keys::hash_of),
            parameters: path::named(&entry.pattern, req.uri().path()),
            entry,
            // The IP address belongs to an end user, so the audit log does not keep it.
            origin: Origin { request: record.reference.clone(), address: None },
            device: Device::from_request(req)?,
            query: req.query_string().to_owned(),
            is_write: !req.method().is_safe(),
            now: shared::<Clock>(req)?.now(),
            db: shared(req)?,
            ids: shared(req)?,
            rate_limits: shared(req)?,
            wrong_keys: shared(req)?,
            last_seen: shared(req)?,
            attributes: shared(req)?,
            log_ins: shared(req)?,
            address: address::of_client(req)?,
        })
    }

    /// # Errors
    /// [`Error::Client`] when the key is unknown, of the wrong kind or of another project, or the path is not text;
    /// [`Error::TooManyRequests`] or [`Error::Unavailable`] when the key is over its rate limit, or after too many wrong keys.
    async fn check(self) -> Result<Caller, Error> {
        let key_hash = self.key_hash.clone().ok_or_else(unknown_key)?;
        let hash = key_hash.clone();
        let found = self.db.ask(move |conn| Ok::<_, Error>(api_keys::queries::find(conn, &hash)?)).await?;
        let Some(key) = found else {
            self.wrong_keys.count(self.address).await?;
            return Err(unknown_key());
        };
        let spent = self.rate_limits.admit(&key).map_err(|error| self.retryable(error, &key))?;
        if self.is_write && !key.is_secret() {
            self.rate_limits.admit_write(self.address).await?;
            let named = self.parameters.iter().flatten().find(|(name, _)| name == "id");
            if let Some((_, id)) = named {
                self.rate_limits.admit_write_for(key.project_id, id).await?;
            }
        }
        self.last_seen.used(&key, self.now);
        check_key(self.entry.access, &key)?;
        let parameters = self.parameters.ok_or_else(|| errors::invalid_id("The path is not valid UTF-8."))?;
        let named = parameters.iter().find(|(name, _)| name == "project");
        if named.is_some_and(|(_, slug)| *slug != key.project.slug) {
            // The answer does not reveal whether another team has a project with this name.
            return Err(errors::missing("The key does not belong to this project."));
        }
        let actor = Actor::api_key(key.id, &key.name).with_origin(self.origin);
        let ctx = Ctx::new(key.project_id, &self.ids, self.now, actor);
        Ok(Caller {
            call: Arc::new(AuthorizedCall { key, ctx, device: self.device }),
            parameters,
            access: self.entry.access,
            key_hash,
            db: self.db,
            rate_limits: self.rate_limits,
            last_seen: self.last_seen,
            attributes: self.attributes,
            log_ins: self.log_ins,
            query: self.query,
            spent,
        })
    }

    /// Turns a 429 for an upload of an app into a 503. Android drops an upload after any 4xx except 404, and sends it
    /// again after a 503 (§C2.7).
    fn retryable(&self, error: Error, key: &Key) -> Error {
        let pattern = &self.entry.pattern;
        let is_upload = pattern.ends_with("/attributes") || pattern == "/v1/receipts";
        match error {
            Error::TooManyRequests { retry_after, .. } if is_upload && !key.is_secret() => {
                Error::Overloaded { retry_after }
            }
            error => error,
        }
    }
}

/// # Errors
/// [`Error::Client`] with status 403 when the key is not of the kind that the route needs, or a secret key's role does not
/// have the route's permission.
fn check_key(access: Access, key: &Key) -> Result<(), Error> {
    match (access, key.kind) {
        (Access::Key(KeyNeeded::Secret(_)), Kind::Public) => Err(errors::forbidden(
            errors::SECRET_KEY_NEEDED,
            "This call needs a secret key. A public key, which every copy of an app holds, is not enough.",
        )),
        (Access::Key(KeyNeeded::App), Kind::Secret) => Err(errors::forbidden(
            errors::SECRET_FOR_APP,
            "This call needs the public key of an app: the answer depends on the app's store.",
        )),
        (Access::Key(KeyNeeded::Any(permission) | KeyNeeded::Secret(permission)), Kind::Secret)
            if !key.may(permission) =>
        {
            let (role, may) = (key.role_name(), permission.words());
            let message =
                format!("This key has the role {role}, which may not {may}. An admin can change the key's role.");
            Err(errors::forbidden(errors::SECRET_KEY_NEEDED, &message))
        }
        (Access::Key(_), _) => Ok(()),
        (Access::Public | Access::Person | Access::Needs(_), _) => {
            Err(Error::Internal("the route is not one for keys".into()))
        }
    }
}

fn unknown_key() -> Error {
    errors::refuse(StatusCode::UNAUTHORIZED, errors::KEY_UNKNOWN, "The API key is missing, unknown or revoked.")
}

/// The key in `Authorization: Bearer KEY`; `None` unless the header is there exactly once.
fn bearer(req: &HttpRequest) -> Option<&str> {
    let mut values = req.headers().get_all(AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then(|| key.trim())
}
