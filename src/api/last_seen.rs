//! Stores when apps were last open and when keys were last used. One thread collects contacts for a moment and writes
//! them in one transaction, so that a thousand app starts a second cost a few commits. A clean stop writes what is
//! left.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::auth::api_keys::{self, Key};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, KeyId, ProjectId};
use crate::customers::contacts::{self, Device, Sighting};
use crate::customers::identity;
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
    seen: HashMap<Id, Merged>,
    used: HashMap<(ProjectId, KeyId), Moment>,
    settle: Vec<mpsc::Sender<()>>,
}

/// An App User ID, by its key.
type Id = (ProjectId, Vec<u8>);

struct Merged {
    at: Moment,
    device: Device,
    info_at: Option<Moment>,
    offerings_at: Option<Moment>,
}

fn run(db: &Db, jobs: &mpsc::Receiver<Job>) {
    let mut busy: HashMap<Id, Merged> = HashMap::new();
    let mut is_open = true;
    while is_open || !busy.is_empty() {
        let first = match busy.is_empty() {
            true => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => jobs.recv_timeout(GATHER),
        };
        let mut gathered = Gathered { seen: std::mem::take(&mut busy), ..Gathered::default() };
        match first {
            Ok(first) => gathered.take(first),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => is_open = false,
        }
        let until = Instant::now() + GATHER;
        while gathered.settle.is_empty() && gathered.seen.len() < BATCH {
            match jobs.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(job) => gathered.take(job),
                Err(_) => break,
            }
        }
        match catch_unwind(AssertUnwindSafe(|| gathered.write(db))) {
            // When the server stops, nobody waits for a customer who is locked.
            Ok(left) if is_open => busy = left,
            Ok(_) => {}
            Err(_) => tracing::error!("writing contacts panicked"),
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

    /// Writes the batch; while the database is unavailable, tries again up to [`TRIES`] times. Returns the contacts of
    /// customers whom another transaction has locked, for the next batch.
    fn write(mut self, db: &Db) -> HashMap<Id, Merged> {
        let mut busy = HashMap::new();
        for attempt in 0..TRIES {
            match db.write_without_waiting(|conn| self.store(conn)) {
                Ok(left) => {
                    busy = left.into_iter().filter_map(|id| self.seen.remove_entry(&id)).collect();
                    break;
                }
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
        busy
    }

    /// Returns the ids whose customers are locked.
    fn store(&self, conn: &mut Conn) -> Result<Vec<Id>, Error> {
        let projects: BTreeSet<ProjectId> = self.seen.keys().map(|(project, _)| *project).collect();
        let (mut sightings, mut ids, mut busy) = (Vec::new(), Vec::new(), Vec::new());
        for project in projects {
            let own = || self.seen.iter().filter(|((of, _), _)| *of == project);
            let locked = identity::lock_keys(conn, project, own().map(|((_, key), _)| key.clone()).collect())?;
            for (id, merged) in own() {
                let owner = locked.owner_of_key(&id.1);
                busy.extend(locked.is_busy(&id.1).then(|| id.clone()));
                // The customer was erased meanwhile, or never existed: fetching offerings does not create a customer.
                let Some(customer) = owner else { continue };
                ids.push((project, id.1.clone(), merged.at));
                sightings.push(merged.sighting(customer));
            }
        }
        contacts::note_ids(conn, &ids)?;
        contacts::store_sightings(conn, sightings)?;
        for ((project, key), at) in &self.used {
            api_keys::queries::touch(conn, *project, *key, *at)?;
        }
        Ok(busy)
    }
}

impl Merged {
    fn sighting(&self, customer: CustomerId) -> Sighting<'_> {
        let Merged { at, device, info_at, offerings_at } = self;
        Sighting { customer, device, at: *at, info_at: *info_at, offerings_at: *offerings_at }
    }
}
