//! The API as one project uses it: with its keys, within its budget, and only while its connection may act.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use diesel::prelude::*;
use serde_json::Value;

use super::budget::{Budget, Urgency};
use super::connection::{Keys, queries};
use super::http::{Access, Call, Lost, Method, Reply, Upstream, segment};
use super::lists::{Failure, Lists, MOST_BYTES_OF_CUSTOMER, Pace};
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::base::lookup_key;
use crate::db::schema::app_user_ids;
use crate::db::{Conn, Db};
use crate::stores::Unread;

/// What all projects share: the HTTP client, the budgets, and the internal ids that were looked up.
pub struct Service {
    pub db: Db,
    pub upstream: Upstream,
    pub clock: Clock,
    budget: Budget,
    ids: Mutex<HashMap<Place, String>>,
    /// Internal ids that no list named, and when it was read.
    absent_ids: Mutex<HashMap<Place, Moment>>,
    is_stopping: AtomicBool,
}

/// Where something was looked up. Another connection of the same project finds nothing of this one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    project: ProjectId,
    /// The address of the project in the second version of the API.
    upstream: String,
    list: String,
    /// An internal id, or a name.
    key: String,
}

/// For so many minutes a list is not read again for an internal id that it did not name.
const ABSENT_MINUTES: i64 = 60;
/// The most pages of a list that somebody waits for.
const MOST_PAGES: usize = 200;

/// One project's use of the API.
pub struct Session<'a> {
    service: &'a Service,
    project: ProjectId,
    base_url: String,
    /// The path of the project in the second version of the API.
    root: String,
    keys: Keys,
    urgency: Urgency,
    /// How many bytes of answers were read.
    bytes: AtomicUsize,
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoReading {
    /// Nobody answers, or it is too much at the moment.
    Away(Unread),
    /// The answer is no: in the other side's own words.
    Denied(String),
}

impl Service {
    pub fn new(db: Db, upstream: Upstream, clock: Clock) -> Service {
        Service {
            db,
            upstream,
            clock,
            budget: Budget::default(),
            ids: Mutex::default(),
            absent_ids: Mutex::default(),
            is_stopping: AtomicBool::default(),
        }
    }

    /// Ends lists that are being read: the program stops.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// The same, of which comparison and imports make so many calls a minute.
    #[must_use]
    pub fn with_background_calls(self, calls: usize) -> Service {
        Service { budget: Budget::with_background(calls), ..self }
    }

    /// Whether background work may make so many calls for a project now.
    pub fn has_room(&self, project: ProjectId, calls: usize) -> bool {
        self.budget.has_room(project, Urgency::Background, calls, self.clock.now())
    }

    /// Opens the API for a project.
    ///
    /// # Errors
    /// When the project is not connected, its connection is suspended, or its keys cannot be read.
    pub fn session(&self, project: ProjectId, urgency: Urgency) -> Result<Session<'_>, NoReading> {
        let found = self.db.read_here(|conn| Ok::<_, Error>(queries::find(conn, project)?));
        let found = found.map_err(|_| away("The connection could not be read."))?;
        let connection =
            found.ok_or_else(|| NoReading::Denied("The project is not connected to RevenueCat any more.".into()))?;
        if connection.suspended_at.is_some() {
            return Err(away("The connection is suspended, until an admin lets this database act."));
        }
        let keys = self.db.master_keys().and_then(|master| connection.keys(&master));
        let keys = keys.map_err(|_| away("The keys of the connection cannot be read with the master key."))?;
        let root = format!("/v2/projects/{}", segment(&connection.upstream_project));
        let base_url = connection.base_url;
        Ok(Session { service: self, project, base_url, root, keys, urgency, bytes: AtomicUsize::default() })
    }
}

impl Session<'_> {
    /// Reads a path below the project. `None` when there is nothing (404).
    ///
    /// # Errors
    /// [`NoReading`].
    pub fn get(&self, path: &str) -> Result<Option<Value>, NoReading> {
        let path = format!("{}{path}", self.root);
        let call = Call { method: Method::Get, path: &path, body: None, once: None };
        let reply = self.call(&self.keys.v2, &call).map_err(|lost| match lost {
            Failed::Lost(lost) => away(lost.words()),
            Failed::Budget(unread) => NoReading::Away(unread),
        })?;
        match reply.status {
            404 if is_missing(&reply.body) => Ok(None),
            200..300 => Ok(Some(reply.body)),
            400..=403 | 405..=407 | 410..=422 => Err(NoReading::Denied(reply.words())),
            _ => Err(NoReading::Away(Unread { words: reply.words(), retry_after: reply.retry_after })),
        }
    }

    /// The items of a list and of the pages that follow it, at most `most`. `None` when there is no such list.
    ///
    /// # Errors
    /// As [`Session::get`]; also when it takes too long for whoever waits, or the program stops.
    pub fn list(&self, path: &str, most: usize) -> Result<Option<Vec<Value>>, NoReading> {
        let (mut all, mut next, mut seen) = (Vec::new(), Some(path.to_owned()), HashSet::new());
        let (begun, bytes) = (Instant::now(), self.bytes());
        while let Some(path) = next.take() {
            if begun.elapsed() > self.service.upstream.timeout() || seen.len() >= MOST_PAGES {
                return Err(away("RevenueCat took too long to list it."));
            }
            if self.bytes() - bytes > MOST_BYTES_OF_CUSTOMER {
                return Err(away("RevenueCat’s list of it is too large."));
            }
            if self.service.is_stopping.load(Ordering::Relaxed) {
                return Err(away("The program stopped."));
            }
            let Some(mut page) = self.get(&path)? else { return Ok(None) };
            let Some(items) = page.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take) else {
                return Err(away("RevenueCat’s answer is not a list."));
            };
            let is_over = items.is_empty();
            all.extend(items);
            // Only what lies below the project is followed: the key goes nowhere else.
            let following = page.get("next_page").and_then(Value::as_str).and_then(|next| self.below(next));
            seen.insert(path);
            next = following.filter(|following| !is_over && all.len() < most && !seen.contains(following));
        }
        Ok(Some(all))
    }

    /// How many bytes of answers were read so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The part below the project of a path or an address that the other side names.
    pub(super) fn below(&self, named: &str) -> Option<String> {
        let path = named.strip_prefix(&self.base_url).unwrap_or(named);
        let rest = path.strip_prefix(&self.root)?;
        rest.starts_with(['/', '?']).then(|| rest.to_owned())
    }

    /// Posts to, or deletes, a path below the project.
    ///
    /// # Errors
    /// [`Failed`] when there is no answer.
    pub fn change(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        once: Option<&str>,
    ) -> Result<Reply, Failed> {
        let path = format!("{}{path}", self.root);
        self.call(&self.keys.v2, &Call { method, path: &path, body, once })
    }

    /// Posts to a path of the first version of the API.
    ///
    /// # Errors
    /// As [`Session::change`], also when there is no key for it.
    pub fn change_v1(&self, path: &str, body: &Value) -> Result<Reply, Failed> {
        let missing =
            "A secret key of API version 1 is needed for this. An admin can enter it under Settings, Connections.";
        let key = self.keys.v1.as_deref().ok_or_else(|| Failed::Lost(Lost::NotSent(missing.into())))?;
        let path = format!("/v1{path}");
        self.call(key, &Call { method: Method::Post, path: &path, body: Some(body), once: None })
    }

    /// The internal id of what the project calls `lookup_key`, in a list such as `entitlements`. It is looked up once.
    ///
    /// # Errors
    /// As [`Session::get`].
    pub fn id_of(&self, list: &str, lookup_key: &str) -> Result<Option<String>, NoReading> {
        let place = self.place(list, lookup_key);
        if let Some(id) = self.known(&place) {
            return Ok(Some(id));
        }
        let items = self.list(&format!("/{list}?limit=100"), 10_000)?.unwrap_or_default();
        Ok(self.keep(list, &items, ("lookup_key", "id")).remove(&place))
    }

    /// What the project calls the thing with this internal id, in a list such as `products`. The list is read once. `None` when it
    /// has no such thing.
    ///
    /// # Errors
    /// [`Failure`] when the list cannot be read to its end.
    pub fn name_of(&self, list: &str, id: &str, field: &str, pace: &dyn Pace) -> Result<Option<String>, Failure> {
        let by_id = format!("{list} by id");
        let place = self.place(&by_id, id);
        let name = self.known(&place);
        if name.is_some() || self.is_absent(&place) {
            return Ok(name);
        }
        let items = Lists::of_catalog(self, pace).all(list, &format!("/{list}?limit=100"))?;
        let name = self.keep(&by_id, &items, ("id", field)).remove(&place);
        if name.is_none() {
            let mut absent = self.service.absent_ids.lock().unwrap_or_else(PoisonError::into_inner);
            absent.insert(place, self.now());
        }
        Ok(name)
    }

    fn place(&self, list: &str, key: &str) -> Place {
        let upstream = format!("{}{}", self.base_url, self.root);
        Place { project: self.project, upstream, list: list.to_owned(), key: key.to_owned() }
    }

    fn known(&self, place: &Place) -> Option<String> {
        self.service.ids.lock().unwrap_or_else(PoisonError::into_inner).get(place).cloned()
    }

    fn is_absent(&self, place: &Place) -> bool {
        let absent = self.service.absent_ids.lock().unwrap_or_else(PoisonError::into_inner);
        absent.get(place).is_some_and(|at| self.now() < at.plus_minutes(ABSENT_MINUTES))
    }

    /// Keeps what each item of a list has in one field, by what it has in another one, and returns it.
    fn keep(&self, list: &str, items: &[Value], (by, field): (&str, &str)) -> HashMap<Place, String> {
        let read = |item: &Value| {
            let text = |name: &str| item.get(name).and_then(Value::as_str);
            Some((self.place(list, text(by)?), text(field)?.to_owned()))
        };
        let found: HashMap<Place, String> = items.iter().filter_map(read).collect();
        let mut ids = self.service.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.extend(found.iter().map(|(place, id)| (place.clone(), id.clone())));
        found
    }

    /// What the first version of the API says of a customer, whom the second one knows; `None` without a key for it.
    ///
    /// # Errors
    /// As [`Session::get`].
    pub fn subscriber(&self, app_user_id: &str) -> Result<Option<Value>, NoReading> {
        let Some(key) = self.keys.v1.as_deref() else { return Ok(None) };
        let path = format!("/v1/subscribers/{}", segment(app_user_id));
        let call = Call { method: Method::Get, path: &path, body: None, once: None };
        let reply = self.call(key, &call).map_err(|lost| match lost {
            Failed::Lost(lost) => away(lost.words()),
            Failed::Budget(unread) => NoReading::Away(unread),
        })?;
        match reply.status {
            200..300 => Ok(Some(reply.body)),
            400..=407 | 410..=422 => Err(NoReading::Denied(reply.words())),
            _ => Err(NoReading::Away(Unread { words: reply.words(), retry_after: reply.retry_after })),
        }
    }

    /// All ids under which the customer with this id is known here, this one first.
    ///
    /// # Errors
    /// [`NoReading::Away`] when the database cannot be read.
    pub fn ids_of_customer(&self, app_user_id: &str) -> Result<Vec<String>, NoReading> {
        let found = self.service.db.read_here(|conn| Ok::<_, Error>(ids_of_customer(conn, self.project, app_user_id)?));
        let ids = found.map_err(|_| away("The ids of the customer could not be read."))?;
        let others = ids.into_iter().filter(|id| id != app_user_id);
        Ok(std::iter::once(app_user_id.to_owned()).chain(others).collect())
    }

    /// Forgets what was looked up, because the other side did not know it.
    pub fn forget_ids(&self) {
        let mut ids = self.service.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.retain(|place, _| place.project != self.project);
    }

    pub fn now(&self) -> Moment {
        self.service.clock.now()
    }

    fn call(&self, key: &str, call: &Call<'_>) -> Result<Reply, Failed> {
        if let Err(seconds) = self.service.budget.take(self.project, self.urgency, self.service.clock.now()) {
            let words = "The project has made as many calls in this minute as RevenueCat takes.".into();
            return Err(Failed::Budget(Unread { words, retry_after: Some(seconds) }));
        }
        let other_key = [Some(&self.keys.v2), self.keys.v1.as_ref()].into_iter().flatten().find(|other| *other != key);
        let at = Access { base_url: &self.base_url, key, other_key: other_key.map(String::as_str) };
        let reply = self.service.upstream.call(&at, call).map_err(Failed::Lost)?;
        self.bytes.fetch_add(reply.length, Ordering::Relaxed);
        Ok(reply)
    }
}

/// Whether an answer 404 says that what was asked for does not exist; a server that knows no such address says less.
fn is_missing(body: &Value) -> bool {
    body.get("type").and_then(Value::as_str) == Some("resource_missing")
}

fn ids_of_customer(conn: &mut Conn, project: ProjectId, app_user_id: &str) -> QueryResult<Vec<String>> {
    let own = app_user_ids::table.find((project, lookup_key(app_user_id)));
    let customer: Option<CustomerId> = own.select(app_user_ids::customer_id).first(conn).optional()?;
    let Some(customer) = customer else { return Ok(Vec::new()) };
    app_user_ids::table.filter(app_user_ids::customer_id.eq(customer)).select(app_user_ids::app_user_id).load(conn)
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    Lost(Lost),
    /// It was not made.
    Budget(Unread),
}

/// The path of a customer below the project.
pub fn customer(app_user_id: &str) -> String {
    format!("/customers/{}", segment(app_user_id))
}

pub fn away(words: &str) -> NoReading {
    NoReading::Away(Unread { words: words.to_owned(), retry_after: None })
}
