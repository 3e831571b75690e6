//! Apps that were opened, and keys that were used. A thousand opens a second are a few commits: what was seen is gathered
//! for a moment and written together. A clean stop writes what is left.

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
use crate::db::schema::{app_user_ids, customers};
use crate::db::{Conn, Db};

/// How long what was seen is gathered.
const GATHER: Duration = Duration::from_millis(250);
/// How much waits at most: more than that is written at once.
const BATCH: usize = 2_000;
/// How long a key's last use stays as it is.
const KEY_REST: i64 = 60_000;
/// How often it tries again while the database is away.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// What an app asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    /// What the customer may use.
    Info,
    /// What the app may sell, and so which offering is the customer's.
    Offerings,
    Other,
}

/// An app that was open.
#[derive(Debug, Clone)]
pub struct Contact {
    pub project: i64,
    /// The lookup key of the app user id.
    pub key: Vec<u8>,
    pub at: Moment,
    pub device: Device,
    pub fetched: Fetched,
}

enum Job {
    Seen(Box<Contact>),
    Used(i64, i64, Moment),
    /// Answered when everything before it is written.
    Settle(mpsc::Sender<()>),
}

/// Hands sightings to the writer. Clones share it; it stops when [`LastSeen::close`] is called.
#[derive(Clone)]
pub struct LastSeen {
    sender: Arc<Mutex<Option<mpsc::Sender<Job>>>>,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl LastSeen {
    /// Starts the writer.
    pub fn start(db: Db) -> std::io::Result<LastSeen> {
        let (sender, jobs) = mpsc::channel();
        let thread = std::thread::Builder::new().name("sightings".into()).spawn(move || run(&db, &jobs))?;
        Ok(LastSeen { sender: Arc::new(Mutex::new(Some(sender))), writer: Arc::new(Mutex::new(Some(thread))) })
    }

    pub fn add(&self, contact: Contact) {
        self.send(Job::Seen(Box::new(contact)));
    }

    /// A key was used; that it was used lately is known for a minute.
    pub fn used(&self, key: &Key, at: Moment) {
        if key.used_at.is_none_or(|before| at.since(before) >= KEY_REST) {
            self.send(Job::Used(key.project_id, key.id, at));
        }
    }

    /// Returns when everything seen until now is written.
    pub fn settle(&self) {
        let (done, settled) = mpsc::channel();
        self.send(Job::Settle(done));
        // Without a writer nobody answers, and there is nothing to wait for.
        if settled.recv().is_err() {
            tracing::debug!("the writer of sightings has stopped");
        }
    }

    /// Writes what is left and stops.
    pub fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer of sightings ended badly");
        }
    }

    fn send(&self, job: Job) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.as_ref().is_none_or(|sender| sender.send(job).is_err()) {
            tracing::debug!("a sighting came after the end");
        }
    }
}

/// What was gathered: of each id the newest, and what it fetched.
#[derive(Default)]
struct Gathered {
    seen: HashMap<(i64, Vec<u8>), Merged>,
    used: HashMap<(i64, i64), Moment>,
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
            tracing::error!("writing sightings panicked");
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

    /// Tries for a while: the database may be away.
    fn write(self, db: &Db) {
        for attempt in 0..TRIES {
            match db.write_here(|conn| self.store(conn)) {
                Ok(()) => break,
                Err(error) if error.is_unavailable() && attempt + 1 < TRIES => std::thread::sleep(PAUSE),
                Err(error) => {
                    tracing::error!(cause = error.cause(), lost = self.seen.len(), "sightings were not written");
                    break;
                }
            }
        }
        for done in self.settle {
            if done.send(()).is_err() {
                tracing::debug!("nobody waits for the sightings any more");
            }
        }
    }

    fn store(&self, conn: &mut Conn) -> Result<(), Error> {
        let mut projects: Vec<i64> = self.seen.keys().map(|(project, _)| *project).collect();
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
    fn store(&self, conn: &mut Conn, project: i64, key: &[u8]) -> QueryResult<()> {
        let own = app_user_ids::table.find((project, key));
        let found: Option<(i64, Option<i64>)> =
            own.select((app_user_ids::customer_id, app_user_ids::seen_at)).first(conn).optional()?;
        // Whoever is no more was erased meanwhile, or never was: asking for offerings makes nobody.
        let Some((customer, seen_at)) = found else { return Ok(()) };
        if seen_at.is_none_or(|before| before < self.at.millis()) {
            diesel::update(own).set(app_user_ids::seen_at.eq(self.at)).execute(conn)?;
        }
        store_contact(conn, customer, &self.device, self.at)?;
        if let Some(at) = self.info_at {
            let older = customers::info_fetched_at.is_null().or(customers::info_fetched_at.lt(at.millis()));
            let row = customers::table.find(customer).filter(older);
            diesel::update(row).set(customers::info_fetched_at.eq(at)).execute(conn)?;
        }
        if let Some(at) = self.offerings_at {
            let older = customers::offerings_fetched_at.is_null().or(customers::offerings_fetched_at.lt(at.millis()));
            let row = customers::table.find(customer).filter(older);
            diesel::update(row).set(customers::offerings_fetched_at.eq(at)).execute(conn)?;
        }
        Ok(())
    }
}

#[derive(AsChangeset)]
#[diesel(table_name = customers)]
struct ContactColumns<'a> {
    last_seen_at: Option<i64>,
    active_at: i64,
    app_version: Option<&'a str>,
    platform: Option<&'a str>,
    platform_version: Option<&'a str>,
    sdk_version: Option<&'a str>,
    locale: Option<&'a str>,
    country: Option<&'a str>,
}

/// Writes what a device tells of itself, unless a later contact is known. What it did not tell stays as it was, but of a
/// device of another platform nothing does.
pub fn store_contact(conn: &mut Conn, customer: i64, device: &Device, at: Moment) -> QueryResult<()> {
    let older = customers::last_seen_at.is_null().or(customers::last_seen_at.lt(at.millis()));
    if let Some(platform) = &device.platform {
        let versions = (
            customers::app_version.eq(None::<String>),
            customers::platform_version.eq(None::<String>),
            customers::sdk_version.eq(None::<String>),
        );
        let elsewhere = customers::table.find(customer).filter(older.and(customers::platform.ne(platform)));
        diesel::update(elsewhere).set(versions).execute(conn)?;
    }
    let columns = ContactColumns {
        last_seen_at: Some(at.millis()),
        active_at: at.millis(),
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
