//! Keeps out events of erased and blocked ids. An event from before its customer was erased does not bring the customer
//! back (§12.1), and an event of a blocked id creates no customer (§12.2).

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;

use super::IdHasher;
use crate::base::clock::Moment;
use crate::base::ids::{ProjectId, RowId};
use crate::db::Conn;
use crate::db::many::{self, Column, Kind, Row, row};
use crate::db::schema::{blocked_ids, tombstones};

/// How many hashes one statement asks for.
const CHUNK: usize = 500;

/// Whether an event may go to the customer of its ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    /// One of the ids belonged to a customer who was erased after the event.
    Erased,
    /// One of the ids is blocked.
    Blocked,
}

/// When an id was erased, and the blocked customer that it belongs to.
#[derive(Debug, Clone, Copy, Default)]
struct Barred {
    erased_at: Option<Moment>,
    blocked: Option<RowId>,
}

/// The tombstones and blocked ids that were read so far, valid for one transaction. If no customer was ever erased or
/// blocked, it reads the database once.
#[derive(Debug, Default)]
pub struct Tombstones {
    hasher: Option<Option<IdHasher>>,
    known: HashMap<Vec<u8>, Barred>,
    /// How many events were too late for the erasure of an id, and how many were for a blocked customer.
    late: BTreeMap<Vec<u8>, i64>,
    ignored: BTreeMap<RowId, i64>,
}

impl Tombstones {
    /// Reads many ids at once.
    pub fn load<'a>(
        &mut self,
        conn: &mut Conn,
        project: ProjectId,
        ids: impl Iterator<Item = &'a str>,
    ) -> QueryResult<()> {
        let Some(hasher) = self.hasher(conn, project)? else { return Ok(()) };
        let unknown: HashSet<Vec<u8>> =
            ids.map(|id| hasher.hash(id)).filter(|hash| !self.known.contains_key(hash)).collect();
        let unknown: Vec<Vec<u8>> = unknown.into_iter().collect();
        unknown.chunks(CHUNK).try_for_each(|hashes| self.ask(conn, project, hashes))
    }

    /// The verdict on an event of these ids that was generated `at`. [`Tombstones::store_counts`] counts the events that
    /// are not accepted.
    pub fn verdict(&mut self, conn: &mut Conn, project: ProjectId, ids: &[&str], at: Moment) -> QueryResult<Verdict> {
        self.load(conn, project, ids.iter().copied())?;
        let Some(hasher) = self.hasher(conn, project)? else { return Ok(Verdict::Accepted) };
        let hashes: Vec<Vec<u8>> = ids.iter().map(|id| hasher.hash(id)).collect();
        let barred = |hash: &&Vec<u8>| self.known.get(*hash).copied().unwrap_or_default();
        if let Some(blocked) = hashes.iter().find_map(|hash| barred(&hash).blocked) {
            *self.ignored.entry(blocked).or_default() += 1;
            return Ok(Verdict::Blocked);
        }
        let is_late = |hash: &&Vec<u8>| barred(hash).erased_at.is_some_and(|erased_at| at <= erased_at);
        match hashes.iter().find(is_late) {
            Some(hash) => {
                *self.late.entry(hash.clone()).or_default() += 1;
                Ok(Verdict::Erased)
            }
            None => Ok(Verdict::Accepted),
        }
    }

    /// Stores how many events were not accepted.
    pub fn store_counts(&mut self, conn: &mut Conn, project: ProjectId) -> QueryResult<()> {
        const LATE: &[Column] = &[("project_id", Kind::Integer), ("id_hash", Kind::Bytes), ("events", Kind::Integer)];
        const IGNORED: &[Column] = &[("project_id", Kind::Integer), ("id", Kind::Integer), ("events", Kind::Integer)];
        let late: Vec<Row> =
            std::mem::take(&mut self.late).into_iter().map(|(hash, events)| row![project, hash, events]).collect();
        let ignored: Vec<Row> =
            std::mem::take(&mut self.ignored).into_iter().map(|(id, events)| row![project, id.0, events]).collect();
        let count_late = "UPDATE tombstones SET late = late + given.events FROM given
            WHERE tombstones.project_id = given.project_id AND tombstones.id_hash = given.id_hash";
        let count_ignored = "UPDATE blocked_customers SET ignored = ignored + given.events FROM given
            WHERE blocked_customers.project_id = given.project_id AND blocked_customers.id = given.id";
        many::change(conn, LATE, &late, count_late)?;
        many::change(conn, IGNORED, &ignored, count_ignored)?;
        Ok(())
    }

    /// Forgets everything: call it when a transaction begins.
    pub fn forget(&mut self) {
        *self = Tombstones::default();
    }

    fn hasher(&mut self, conn: &mut Conn, project: ProjectId) -> QueryResult<Option<IdHasher>> {
        if self.hasher.is_none() {
            self.hasher = Some(IdHasher::find(conn, project)?);
        }
        Ok(self.hasher.clone().flatten())
    }

    fn ask(&mut self, conn: &mut Conn, project: ProjectId, hashes: &[Vec<u8>]) -> QueryResult<()> {
        self.known.extend(hashes.iter().map(|hash| (hash.clone(), Barred::default())));
        let erased: Vec<(Vec<u8>, Moment)> = tombstones::table
            .filter(tombstones::project_id.eq(project).and(tombstones::id_hash.eq_any(hashes)))
            .select((tombstones::id_hash, tombstones::erased_at))
            .load(conn)?;
        for (hash, at) in erased {
            self.known.entry(hash).or_default().erased_at = Some(at);
        }
        let blocked: Vec<(Vec<u8>, RowId)> = blocked_ids::table
            .filter(blocked_ids::project_id.eq(project).and(blocked_ids::id_hash.eq_any(hashes)))
            .select((blocked_ids::id_hash, blocked_ids::blocked_id))
            .load(conn)?;
        for (hash, blocked) in blocked {
            self.known.entry(hash).or_default().blocked = Some(blocked);
        }
        Ok(())
    }
}
