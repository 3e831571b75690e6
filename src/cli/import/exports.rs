//! `dossier import --transactions … --customers …`: another system's exports (§16.4). All files are looked at before anything is
//! stored. Then their rows are brought together by customer, and one thread makes events of them while this one stores them.
//! Memory does not grow with the files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use indicatif::ProgressBar;

use super::{Args, LISTED, Summary, bar, print, project_of, tune};
use crate::audit::Ctx;
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::cli::one_line;
use crate::cli::settle::{self, ATTEMPTS};
use crate::customers::contacts::LastContact;
use crate::customers::state::WaitingTerms;
use crate::db::{Conn, Db};
use crate::events::Delivery;
use crate::ingest::exports::{Customers, File, Kind, Problem, Read, Record, Rows, Spool, Transactions};
use crate::ingest::{self, Taken};

/// How many rows are stored together, and how many such batches share a commit. More rows would need more memory; fewer commits
/// write fewer pages of indexes again and again, but servers on the same database wait for each, up to two seconds.
const BATCH: usize = 500;
const SHARE_COMMIT: usize = 32;
/// How long a commit waits for further rows.
const PATIENCE: Duration = Duration::from_millis(100);
/// How much memory a connection to SQLite gets, in KiB. Together with all else it stays below 200 MB.
const MEMORY: u32 = 80_000;
/// After how many pages of 4 KiB SQLite writes them to their places. Rows in the order of time change the same pages often.
const PAGES: u32 = 100_000;

/// The files of an import.
#[derive(Debug, Clone, Default)]
pub struct Files {
    pub transactions: Vec<String>,
    pub customers: Vec<String>,
}

impl Files {
    /// Transactions first: most customers are in them, and get all that they have at once.
    fn all(&self) -> impl Iterator<Item = (Kind, &String)> {
        let transactions = self.transactions.iter().map(|name| (Kind::Transactions, name));
        transactions.chain(self.customers.iter().map(|name| (Kind::Customers, name)))
    }
}

/// # Errors
/// As [`super::run`].
pub fn run(db: &Db, args: &Args) -> Result<(), String> {
    tune(db, MEMORY, PAGES)?;
    let files = Files { transactions: args.transactions.clone(), customers: args.customers.clone() };
    let size = files.all().filter_map(|(_, name)| fs::metadata(name).ok()).map(|meta| meta.len()).sum();
    let bar = bar(size, "{bytes}/{total_bytes} {msg}");
    let summary = import(db, &args.project, &files, Clock::Machine.now(), &bar)?;
    bar.finish_and_clear();
    print(&summary);
    Ok(())
}

/// Imports the files into a project, as of `now`.
///
/// # Errors
/// As [`super::run`]. A file without the columns that are needed is refused before anything is stored.
pub fn import(db: &Db, slug: &str, files: &Files, now: Moment, bar: &ProgressBar) -> Result<Summary, String> {
    let project = project_of(db, slug)?;
    check(files)?;
    let (sender, batches) = sync_channel(1);
    let reader = {
        let (files, bar) = (files.clone(), bar.clone());
        std::thread::spawn(move || read_files(&files, now, &sender, &bar))
    };
    let ctx = Ctx::operator(project, &Ids::random(), Clock::Machine.now());
    let Tally { mut summary, problems, settled, .. } = store_all(db, &ctx, &batches).map_err(one_line)?;
    problems.list(files, &mut summary);
    drop(batches);
    let read = reader.join().map_err(|_| "reading the files failed".to_owned())?;
    // What was read before a file failed is derived all the same.
    bar.set_message("deriving");
    summary.customers = settled + settle::stale(db, bar).map_err(one_line)?;
    read.map(|()| summary)
}

/// Checks that every file can be opened and has the columns that are needed.
fn check(files: &Files) -> Result<(), String> {
    let mut problems = Vec::new();
    for (kind, name) in files.all() {
        let (file, rows) = open(kind, name, &ProgressBar::hidden())?;
        let (missing, is_single) = (rows.missing(), file.header.len() == 1);
        match missing.as_slice() {
            [] => {}
            _ if is_single => problems.push(format!(
                "the header of {name} has one column: commas or semicolons have to separate the columns"
            )),
            [one] => problems.push(format!("{name} has no column {one}")),
            more => problems.push(format!("{name} lacks the columns {}", more.join(", "))),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(format!("{}; nothing was stored", problems.join("; "))) }
}

fn open(kind: Kind, name: &str, bar: &ProgressBar) -> Result<(File, Box<dyn Rows>), String> {
    let unreadable = |error: io::Error| unreadable(name, &error);
    let source = Counted { file: fs::File::open(name).map_err(unreadable)?, bar: bar.clone() };
    let file = File::open(source).map_err(unreadable)?;
    let rows: Box<dyn Rows> = match kind {
        Kind::Transactions => Box::new(Transactions::new(&file.header)),
        Kind::Customers => Box::new(Customers::new(&file.header)),
    };
    Ok((file, rows))
}

fn unreadable(name: &str, error: &io::Error) -> String {
    format!("cannot read {name}: {error}")
}

/// Moves the progress bar as a file is read.
struct Counted {
    file: fs::File,
    bar: ProgressBar,
}

impl io::Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.bar.inc(length as u64);
        Ok(length)
    }
}

struct Row {
    file: usize,
    line: u64,
    read: Result<Read, Problem>,
}

/// One thread's work: reads all files, then hands on their rows, those of a customer together.
fn read_files(files: &Files, now: Moment, sender: &SyncSender<Vec<Row>>, bar: &ProgressBar) -> Result<(), String> {
    let mut reading = Reading::default();
    let read = files.all().try_for_each(|(kind, name)| reading.read(kind, name, sender, bar));
    // What was read before a file failed is taken in all the same.
    reading.hand_on(now, sender, bar).map_err(|error| format!("cannot sort the rows: {error}"))?;
    read
}

#[derive(Default)]
struct Reading {
    files: Vec<Box<dyn Rows>>,
    spool: Spool,
    /// Rows that cannot be divided into columns.
    broken: Vec<Row>,
    count: u64,
}

impl Reading {
    fn read(&mut self, kind: Kind, name: &str, sender: &SyncSender<Vec<Row>>, bar: &ProgressBar) -> Result<(), String> {
        let (file, rows) = open(kind, name, bar)?;
        let read = self.spool_rows(file, name, &*rows, sender);
        self.files.push(rows);
        read
    }

    fn spool_rows(
        &mut self,
        mut file: File,
        name: &str,
        rows: &dyn Rows,
        sender: &SyncSender<Vec<Row>>,
    ) -> Result<(), String> {
        let number = self.files.len();
        let mut record = Record::default();
        let broken_off = |line: u64, error: &io::Error| {
            format!("{}; it can be read until line {line}, and that was taken in", unreadable(name, error))
        };
        while let Some(row) = file.next_record(&mut record).map_err(|error| broken_off(file.lines(), &error))? {
            self.count += 1;
            match row {
                Ok(()) => {
                    let added = self.spool.add(rows.customer(&record), number, &record);
                    added.map_err(|error| format!("cannot write a temporary file: {error}"))?;
                }
                Err(problem) => self.broken.push(Row { file: number, line: record.line, read: Err(problem) }),
            }
            // The receiver is gone only if storing failed, and that error is reported instead.
            if self.broken.len() >= BATCH && sender.send(std::mem::take(&mut self.broken)).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Makes events of the rows and sends them in batches, which are cut between customers.
    fn hand_on(mut self, now: Moment, sender: &SyncSender<Vec<Row>>, bar: &ProgressBar) -> io::Result<()> {
        let (all, step) = (bar.length().unwrap_or(0), BATCH as u64);
        bar.set_position(0);
        bar.set_message("storing");
        let (mut batch, mut last) = (std::mem::take(&mut self.broken), String::new());
        while let Some(part) = self.spool.next_part()? {
            for (customer, (file, record)) in part {
                if batch.len() >= BATCH && customer != last {
                    bar.inc(all.saturating_mul(step) / self.count.max(step));
                    // The receiver is gone only if storing failed, and that error is reported instead.
                    if sender.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err() {
                        return Ok(());
                    }
                }
                let Some(rows) = self.files.get_mut(file) else { continue };
                batch.push(Row { file, line: record.line, read: rows.read(&record, now) });
                last = customer;
            }
        }
        sender.send(batch).unwrap_or_default();
        Ok(())
    }
}

/// What came of the rows so far.
#[derive(Default)]
struct Tally {
    summary: Summary,
    problems: Problems,
    /// How many customers were derived with their rows.
    settled: usize,
    waiting: WaitingTerms,
}

/// Stores all batches.
fn store_all(db: &Db, ctx: &Ctx, batches: &Receiver<Vec<Row>>) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    while let Ok(first) = batches.recv() {
        let mut next = Some(first);
        for attempt in 1.. {
            let stored = db.write_here(|conn| store_together(conn, ctx, (&mut next, batches), &mut tally));
            // Others may keep the database from being written. Batches that were stored in vain are gone, though.
            match stored {
                Err(_) if attempt < ATTEMPTS && next.is_some() => {}
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        if tally.waiting.is_full() {
            write_waiting(db, ctx, &mut tally)?;
        }
    }
    write_waiting(db, ctx, &mut tally)?;
    Ok(tally)
}

/// Writes the search terms that wait.
fn write_waiting(db: &Db, ctx: &Ctx, tally: &mut Tally) -> Result<(), Error> {
    settle::retried(|| {
        db.write_here(|conn| {
            conn.lock_project(ctx.project)?;
            tally.settled -= tally.waiting.begin(conn)?;
            Ok::<_, Error>(tally.waiting.write(conn, ctx.project)?)
        })
    })?;
    tally.waiting.clear();
    Ok(())
}

/// Stores batches as they come, in one transaction.
fn store_together(
    conn: &mut Conn,
    ctx: &Ctx,
    (next, batches): (&mut Option<Vec<Row>>, &Receiver<Vec<Row>>),
    tally: &mut Tally,
) -> Result<(), Error> {
    conn.lock_project(ctx.project)?;
    tally.settled -= tally.waiting.begin(conn)?;
    for _ in 0..SHARE_COMMIT {
        let Some(batch) = next.take().or_else(|| batches.recv_timeout(PATIENCE).ok()) else { break };
        let taken = store_batch(conn, ctx, &batch, &mut tally.waiting)?;
        tally.settled += taken.settled.len();
        tally.summary.count(taken.outcomes);
        tally.summary.rows += batch.len() as u64;
        batch.into_iter().for_each(|row| tally.problems.take(&mut tally.summary, row));
    }
    Ok(())
}

fn store_batch(conn: &mut Conn, ctx: &Ctx, batch: &[Row], waiting: &mut WaitingTerms) -> Result<Taken, Error> {
    let read = || batch.iter().filter_map(|row| row.read.as_ref().ok());
    let deliveries: Vec<&Delivery> = read().flat_map(|read| &read.deliveries).collect();
    let contacts: Vec<&LastContact> = read().filter_map(|read| read.last_contact.as_ref()).collect();
    Ok(ingest::take_read(conn, ctx, (&deliveries, &contacts), waiting)?)
}

/// What is wrong with rows: the first of them by file and line, and how many there are.
#[derive(Default)]
struct Problems {
    first: BTreeMap<(usize, u64, usize), String>,
    unlisted: u64,
}

impl Problems {
    fn take(&mut self, summary: &mut Summary, row: Row) {
        let Row { file, line, read } = row;
        match read {
            Ok(read) => (0..).zip(read.remarks).for_each(|(number, remark)| {
                self.add((file, line, number), format!("{remark}; it was left out"));
            }),
            Err(problem) => {
                summary.rejected += 1;
                self.add((file, line, 0), problem);
            }
        }
    }

    fn add(&mut self, place: (usize, u64, usize), reason: String) {
        self.first.insert(place, reason);
        if self.first.len() > LISTED {
            self.first.pop_last();
            self.unlisted += 1;
        }
    }

    fn list(self, files: &Files, summary: &mut Summary) {
        let names: Vec<&String> = files.all().map(|(_, name)| name).collect();
        for ((file, line, _), reason) in self.first {
            summary.add_rejected(names.get(file).map(|name| (*name).clone()).unwrap_or_default(), line, reason);
        }
        summary.unlisted += self.unlisted;
    }
}
