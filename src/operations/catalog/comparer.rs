//! Reads catalogs from RevenueCat and keeps what was read. One process reads one catalog at a time; when it ends in the middle, the
//! catalog is read again.

use std::cell::Cell;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{comparison, follow};
use crate::base::error::Error;
use crate::base::ids::{Ids, ProjectId};
use crate::stores::revenuecat::catalog::{Found, read};
use crate::stores::revenuecat::{Failure, NoReading, Pace, Service, Urgency};

/// How often the lease of a catalog is renewed while it is read.
const RENEWED: Duration = Duration::from_secs(15);
/// The longest sleep before it is asked whether to stop.
const NAP: Duration = Duration::from_millis(200);

/// Compares catalogs. Clones share it.
#[derive(Clone)]
pub struct Comparer {
    pub service: Arc<Service>,
    pub ids: Ids,
}

impl Comparer {
    /// Reads every catalog that is due; returns how many. What cannot be read is kept as the reason.
    ///
    /// # Errors
    /// When the database fails.
    pub fn work(&self, is_stopping: &dyn Fn() -> bool) -> Result<usize, Error> {
        let now = self.service.clock.now();
        let due = self.service.db.read_here(|conn| Ok::<_, Error>(comparison::due(conn, now)?))?;
        let mut read = 0;
        for project in due {
            read += usize::from(!is_stopping() && self.read(project, Urgency::Background, is_stopping)?);
        }
        Ok(read)
    }

    /// Reads the catalog of a project if it is due and nobody else does, and follows it if it is kept in step. It blocks, for minutes
    /// where a catalog is large. Returns whether it did.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(&self, project: ProjectId, urgency: Urgency, is_stopping: &dyn Fn() -> bool) -> Result<bool, Error> {
        let (db, clock) = (&self.service.db, &self.service.clock);
        if !db.write_here(|conn| Ok::<_, Error>(comparison::claim(conn, project, clock.now())?))? {
            return Ok(false);
        }
        let found = self.found(project, urgency, is_stopping);
        if is_stopping() {
            db.write_here(|conn| Ok::<_, Error>(comparison::hold(conn, project, None)?))?;
            return Ok(false);
        }
        let read = found.and_then(|found| {
            let text = serde_json::to_string(&found).map_err(|error| error.to_string())?;
            Ok((found, text))
        });
        let kept = read.as_ref().map(|(_, text)| text.clone()).map_err(Clone::clone);
        let in_step = db.write_here(|conn| {
            conn.lock_project(project)?;
            Ok::<_, Error>(comparison::note(conn, project, &kept, clock.now())?)
        })?;
        match read {
            Ok((found, _)) if in_step => follow::follow(self, project, &found, is_stopping)?,
            Ok(_) => {}
            Err(words) => tracing::warn!(project = project.0, words, "the catalog could not be read at RevenueCat"),
        }
        Ok(true)
    }

    fn found(&self, project: ProjectId, urgency: Urgency, is_stopping: &dyn Fn() -> bool) -> Result<Found, String> {
        let session = self.service.session(project, urgency).map_err(|no| match no {
            NoReading::Away(unread) => unread.words,
            NoReading::Denied(words) => words,
        })?;
        let steps = Steps { comparer: self, project, is_stopping, renewed: Cell::new(Instant::now()) };
        read(&session, &steps).map_err(|Failure(words)| words)
    }
}

/// The steps of one reading.
struct Steps<'a> {
    comparer: &'a Comparer,
    project: ProjectId,
    is_stopping: &'a dyn Fn() -> bool,
    renewed: Cell<Instant>,
}

impl Pace for Steps<'_> {
    fn beat(&self) -> Result<(), Failure> {
        if (self.is_stopping)() {
            return Err(Failure("The program stopped.".into()));
        }
        if self.renewed.get().elapsed() < RENEWED {
            return Ok(());
        }
        self.renewed.set(Instant::now());
        let Comparer { service, .. } = self.comparer;
        let until = service.clock.now().plus_seconds(comparison::LEASE);
        let held = service.db.write_here(|conn| Ok::<_, Error>(comparison::hold(conn, self.project, Some(until))?));
        held.map_err(|_| Failure("The database did not answer.".into()))
    }

    fn wait(&self, seconds: i64) -> Result<(), Failure> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(seconds.unsigned_abs()) {
            self.beat()?;
            sleep(NAP);
        }
        self.beat()
    }
}
