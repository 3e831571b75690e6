//! Stores when apps were last open and when keys were last used. One thread collects contacts for a moment and writes
//! them in one transaction, so that a thousand app starts a second cost a few commits. A clean stop writes what is
//! left.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::prelude::*;

use super::device::Device;
use crate::auth::api_keys::{self, Key};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, KeyId, ProjectId};
use crate::db::schema::{app_user_ids, customers};
use crate::db::{Conn, Db};

/// How long contacts are collected before they are written.
const GATHER: Duration = Duration::from_millis(250);
/// How many App User IDs a batch holds at most; a full batch is written at once.
const BATCH: usize = 2_000;
/// How old the stored last use of a key must be before it is written again, in milliseconds.
const KEY_INTERVAL: i64 = 60_000;
/// How often a batch is tried while the database is unavailable, and the pause between the tries.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// What an app fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    /// Customer info: what the customer may use.
    Info,
    /// The offerings, and so which one is current for the customer.
    Offerings,
    Other,
}

/// One call of an app: whose customer, when, and from which device.
#[derive(Debug, Clone)]
pub struct Contact {
    pub project: ProjectId,
    /// The lookup key of the app user id.
    pub key: Vec<u8>,
    pub at: Moment,
    pub device: Device,
    pub fetched: Fetched,
}

enum Job {
    Seen(Box<Contact>),
    Used(ProjectId, KeyId, Moment),
    /// The writer answers it when everything before it is written.
    Settle(mpsc::Sender<()>),
}

/// Hands contacts to the writer thread. Clones share the thread; it stops when [`LastSeen::close`] is called.
#[derive(Clone)]
pub struct LastSeen {
    sender: Arc<Mutex<Option<mpsc::Sender<Job>>>>,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl LastSeen {
    /// Starts the writer thread.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(db: Db) -> std::io::Result<LastSeen> {
        let (sender, jobs) = mpsc::channel();
        let thread = std::thread::Builder::new().name("last-seen".into()).spawn(move || run(&db, &jobs))?;
        Ok(LastSeen { sender: Arc::new(Mutex::new(Some(sender))), writer: Arc::new(Mutex::new(Some(thread))) })
    }

    pub fn add(&self, contact: Contact) {
        self.send(Job::Seen(Box::new(contact)));
    }

    /// Records that a key was used, unless a use within the last minute is stored already.
    pub fn used(&self, key: &Key, at: Moment) {
        if key.used_at.is_none_or(|before| at.since(before) >= KEY_INTERVAL) {
            self.send(Job::Used(key.project_id, key.id, at));
        }
    }

    /// Blocks until every contact added so far is written.
    pub fn settle(&self) {
        let (done, settled) = mpsc::channel();
        self.send(Job::Settle(done));
        // When the writer has stopped, nothing is left to wait for.
        if settled.recv().is_err() {
            tracing::debug!("the last-seen writer has stopped");
        }
    }

    /// Stops the writer after it has written what is left.
    pub fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the last-seen writer panicked");
        }
    }

    fn send(&self, job: Job) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.as_ref().is_none_or(|sender| sender.send(job).is_err()) {
            tracing::debug!("a contact was dropped: the last-seen writer has stopped");
        }
    }
}

/// The contacts collected for one write, merged per App User ID, and the last use of each key.
#[derive(Default)]
struct Gathered {
    seen: HashMap<(ProjectId, Vec<u8>), Merged>,
    used: HashMap<(ProjectId, KeyId), Moment>,
    settle: Vec<mpsc::Sender<()>>,
}

struct Merged {
    at: Moment,
    device: Device,
    info_at: Option<Moment>,
    offerings_at: Option<Moment>,
}

fn run(db: &Db, jobs: &mpsc::Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut gathered = Gathered::default();
        gathered.take(first);
        let until = Instant::now() + GATHER;
        while gathered.settle.is_empty() && gathered.seen.len() < BATCH {
            match jobs.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(job) => gathered.take(job),
                Err(_) => break,
            }
        }
        if catch_unwind(AssertUnwindSafe(|| gathered.write(db))).is_err() {
            tracing::error!("writing contacts panicked");
        }
    }
}

impl Gathered {
    fn take(&mut self, job: Job) {
        match job {
            Job::Settle(done) => self.settle.push(done),
            Job::Used(project, key, at) => {
                let newest = self.used.entry((project, key)).or_insert(at);
                *newest = at.max(*newest);
            }
            Job::Seen(contact) => self.merge(*contact),
        }
    }

    fn merge(&mut self, contact: Contact) {
        let Contact { project, key, at, device, fetched } = contact;
        let new = || Merged { at, device: device.clone(), info_at: None, offerings_at: None };
        let merged = self.seen.entry((project, key)).or_insert_with(new);
        if at >= merged.at {
            (merged.at, merged.device) = (at, device);
        }
        match fetched {
            Fetched::Info => merged.info_at = merged.info_at.max(Some(at)),
            Fetched::Offerings => merged.offerings_at = merged.offerings_at.max(Some(at)),
            Fetched::Other => {}
        }
    }

    /// Writes the batch; while the database is unavailable, tries again up to [`TRIES`] times.
    fn write(self, db: &Db) {
        for attempt in 0..TRIES {
            match db.write_here(|conn| self.store(conn)) {
                Ok(()) => break,
                Err(error) if error.is_unavailable() && attempt + 1 < TRIES => std::thread::sleep(PAUSE),
                Err(error) => {
                    tracing::error!(cause = error.cause(), lost = self.seen.len(), "contacts were not written");
                    break;
                }
            }
        }
        for done in self.settle {
            if done.send(()).is_err() {
                tracing::debug!("a caller of settle has gone");
            }
        }
    }

    fn store(&self, conn: &mut Conn) -> Result<(), Error> {
        let mut projects: Vec<ProjectId> = self.seen.keys().map(|(project, _)| *project).collect();
        projects.sort_unstable();
        projects.dedup();
        for project in projects {
            conn.lock_project(project)?;
        }
        for ((project, key), merged) in &self.seen {
            merged.store(conn, *project, key)?;
        }
        for ((project, key), at) in &self.used {
            api_keys::queries::touch(conn, *project, *key, *at)?;
        }
        Ok(())
    }
}

impl Merged {
    fn store(&self, conn: &mut Conn, project: ProjectId, key: &[u8]) -> QueryResult<()> {
        let own = app_user_ids::table.find((project, key));
        let found: Option<(CustomerId, Option<i64>)> =
            own.select((app_user_ids::customer_id, app_user_ids::seen_at)).first(conn).optional()?;
        // The customer was erased meanwhile, or never existed: fetching offerings does not create a customer.
        let Some((customer, seen_at)) = found else { return Ok(()) };
        if seen_at.is_none_or(|before| before < self.at.millis()) {
            diesel::update(own).set(app_user_ids::seen_at.eq(self.at)).execute(conn)?;
        }
        store_contact(conn, customer, &self.device, self.at)?;
        if let Some(at) = self.info_at {
            let older = customers::info_fetched_at.is_null().or(customers::info_fetched_at.lt(at));
            let row = customers::table.find(customer).filter(older);
            diesel::update(row).set(customers::info_fetched_at.eq(at)).execute(conn)?;
        }
        if let Some(at) = self.offerings_at {
            let older = customers::offerings_fetched_at.is_null().or(customers::offerings_fetched_at.lt(at));
            let row = customers::table.find(customer).filter(older);
            diesel::update(row).set(customers::offerings_fetched_at.eq(at)).execute(conn)?;
        }
        Ok(())
    }
}

#[derive(AsChangeset)]
#[diesel(table_name = customers)]
struct ContactColumns<'a> {
    last_seen_at: Option<Moment>,
    active_at: Moment,
    app_version: Option<&'a str>,
    platform: Option<&'a str>,
    platform_version: Option<&'a str>,
    sdk_version: Option<&'a str>,
    locale: Option<&'a str>,
    country: Option<&'a str>,
}

/// Stores the device data of a contact, unless a later contact is stored already. Values that the device did not send
/// keep what is stored, but the versions of a device on another platform are cleared.
pub fn store_contact(conn: &mut Conn, customer: CustomerId, device: &Device, at: Moment) -> QueryResult<()> {
    let older = customers::last_seen_at.is_null().or(customers::last_seen_at.lt(at));
    if let Some(platform) = &device.platform {
        let versions = (
            customers::app_version.eq(None::<String>),
            customers::platform_version.eq(None::<String>),
            customers::sdk_version.eq(None::<String>),
        );
        let other_platform = customers::table.find(customer).filter(older.and(customers::platform.ne(platform)));
        diesel::update(other_platform).set(versions).execute(conn)?;
    }
    let columns = ContactColumns {
        last_seen_at: Some(at),
        active_at: at,
        app_version: device.app_version.as_deref(),
        platform: device.platform.as_deref(),
        platform_version: device.platform_version.as_deref(),
        sdk_version: device.sdk_version.as_deref(),
        locale: device.locale.as_deref(),
        country: device.country.as_deref(),
    };
    diesel::update(customers::table.find(customer).filter(older)).set(&columns).execute(conn)?;
    Ok(())
}
