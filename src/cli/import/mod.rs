//! `dossier import`: reads webhook bodies from files, one JSON object per line, or another system's exports (`exports.rs`). It
//! stores all events, then derives the state of those customers whose events did not come all at once. An operator can stop it
//! at any moment and run it again; the result is the same.

pub mod exports;

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::one_line;
use crate::audit::Ctx;
use crate::auth::queries::project_id;
use crate::base::clock::Clock;
use crate::base::error::Error;
use crate::base::ids::{Ids, ProjectId};
use crate::cli::compare::{self, Calls};
use crate::cli::settle::{self, retried};
use crate::db::Db;
use crate::events::{Delivery, MAX_BODY};
use crate::ingest::{self, Outcome, Taken};
use crate::stores::revenuecat::queue::Run;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's slug
    #[arg(long)]
    pub project: String,
    /// Files of webhook bodies, one JSON object per line; "-" is standard input
    #[arg(required_unless_present_any = ["transactions", "customers", "from_revenuecat"])]
    pub files: Vec<String>,
    /// Exports of transactions by RevenueCat, versions 3 to 5: CSV, plain or gzip, with commas or semicolons
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "files")]
    pub transactions: Vec<String>,
    /// Exports of the list of customers by RevenueCat: CSV, plain or gzip, with commas or semicolons
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "files")]
    pub customers: Vec<String>,
    /// All customers of the RevenueCat project to which this one is connected
    #[arg(long, conflicts_with_all = ["files", "transactions", "customers"])]
    pub from_revenuecat: bool,
    #[command(flatten)]
    pub budget: Calls,
}

/// How many events share a commit. More would not be faster, and servers on the same database wait for it.
const BATCH: usize = 2_000;
/// How many bytes of a line are read at most: enough to see that the line is too long.
const LONGEST_LINE: u64 = 2 * MAX_BODY as u64;
/// How many rejected lines the summary lists.
const LISTED: usize = 100;

/// The result of an import.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub stored: u64,
    pub duplicates: u64,
    pub tests: u64,
    /// Events of customers who are erased or blocked.
    pub screened_out: u64,
    pub rejected: u64,
    /// The first hundred rejected lines, and those of which something was left out. Consecutive lines with the same reason share
    /// an entry.
    pub rejected_lines: Vec<RejectedLines>,
    /// How many further lines are not listed.
    pub unlisted: u64,
    /// How many rows of exports were read.
    pub rows: u64,
    pub customers: usize,
}

/// Lines of a file that were rejected for the same reason.
#[derive(Debug, PartialEq, Eq)]
pub struct RejectedLines {
    pub file: String,
    pub first: u64,
    pub last: u64,
    pub reason: String,
}

/// # Errors
/// One line for standard error, when the project does not exist, a file cannot be read or the database fails.
pub fn run(args: &Args, config: &crate::base::config::Config) -> Result<(), String> {
    if args.from_revenuecat {
        return compare::over_all(&args.project, Run::Fill, args.budget, config);
    }
    let db = crate::cli::open_with(config, 2)?;
    if args.files.is_empty() {
        return exports::run(&db, args);
    }
    tune(&db, 200_000, 8_000)?;
    let size = args.files.iter().filter_map(|name| std::fs::metadata(name).ok()).map(|meta| meta.len()).sum();
    let bar = bar(size, "{bytes}/{total_bytes} {msg}");
    let summary = import(&db, &args.project, &args.files, &bar)?;
    bar.finish_and_clear();
    print(&summary);
    Ok(())
}

/// Gives SQLite connections more memory, so many KiB each, and fewer checkpoints, after so many pages. Each commit is still
/// written to the disk.
pub fn tune(db: &Db, kib: u32, pages: u32) -> Result<(), String> {
    if !db.is_sqlite() {
        return Ok(());
    }
    db.batch_everywhere(&format!("PRAGMA cache_size = -{kib}; PRAGMA wal_autocheckpoint = {pages};"))
}

/// A progress bar. It is hidden if standard error is not a terminal.
pub fn bar(length: u64, shown: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{bar:40}} {shown} {{elapsed}}, {{eta}} left"));
    let bar = ProgressBar::new(length);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

/// Imports the files into a project.
///
/// # Errors
/// As [`run`].
pub fn import(db: &Db, slug: &str, files: &[String], bar: &ProgressBar) -> Result<Summary, String> {
    let project = project_of(db, slug)?;
    let (sender, lines) = sync_channel(2);
    let reader = {
        let (files, bar) = (files.to_vec(), bar.clone());
        std::thread::spawn(move || read_files(&files, &sender, &bar))
    };
    let ctx = Ctx::operator(project, &Ids::random(), Clock::Machine.now());
    let mut summary = Summary::default();
    let settled = store_all(db, &ctx, &lines, &mut summary)?;
    drop(lines);
    reader.join().map_err(|_| "reading the files failed".to_owned())??;
    bar.set_message("deriving");
    summary.customers = settled + settle::stale(db, bar).map_err(one_line)?;
    Ok(summary)
}

fn project_of(db: &Db, slug: &str) -> Result<ProjectId, String> {
    let project = db.read_here(|conn| Ok::<_, Error>(project_id(conn, slug)?)).map_err(one_line)?;
    project.ok_or_else(|| format!("there is no project {slug}"))
}

struct Line {
    file: String,
    number: u64,
    parsed: Result<Delivery, String>,
}

fn read_files(files: &[String], sender: &SyncSender<Vec<Line>>, bar: &ProgressBar) -> Result<(), String> {
    for name in files {
        let unreadable = |error: std::io::Error| format!("cannot read {name}: {error}");
        if name == "-" {
            read_lines("standard input", stdin().lock(), sender, bar).map_err(unreadable)?;
        } else {
            let file = File::open(name).map_err(unreadable)?;
            read_lines(name, BufReader::with_capacity(1 << 20, file), sender, bar).map_err(unreadable)?;
        }
    }
    Ok(())
}

/// Parses a file line by line and sends the lines in batches, so that memory use does not grow with the file.
fn read_lines(
    file: &str,
    mut source: impl BufRead,
    sender: &SyncSender<Vec<Line>>,
    bar: &ProgressBar,
) -> std::io::Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut bytes = 0;
    for number in 1.. {
        let mut line = Vec::new();
        let mut length = (&mut source).take(LONGEST_LINE).read_until(b'\n', &mut line)? as u64;
        if length == 0 {
            break;
        }
        if length == LONGEST_LINE && line.last() != Some(&b'\n') {
            length += skip_line(&mut source)?;
        }
        bar.inc(length);
        bytes += line.len();
        while line.last().is_some_and(u8::is_ascii_whitespace) {
            line.pop();
        }
        if !line.is_empty() {
            batch.push(Line { file: file.to_owned(), number, parsed: parse(line) });
        }
        if batch.len() >= BATCH || bytes > 16 * MAX_BODY {
            bytes = 0;
            if sender.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err() {
                return Ok(());
            }
        }
    }
    // The receiver is gone only if storing failed, and that error is reported instead.
    sender.send(batch).or(Ok(()))
}

/// Skips the rest of a line and returns its length in bytes.
fn skip_line(source: &mut impl BufRead) -> std::io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = source.fill_buf()?;
        let (length, is_end) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        source.consume(length);
        skipped += length as u64;
        if is_end {
            return Ok(skipped);
        }
    }
}

fn parse(line: Vec<u8>) -> Result<Delivery, String> {
    if line.len() > MAX_BODY {
        return Err("the line is longer than 1 MiB".into());
    }
    Delivery::parse(line, Clock::Machine.now()).map_err(|(rejection, _)| rejection.0)
}

/// Returns how many customers need not be settled any more.
fn store_all(db: &Db, ctx: &Ctx, lines: &Receiver<Vec<Line>>, summary: &mut Summary) -> Result<usize, String> {
    let mut settled = HashSet::new();
    for batch in lines {
        let taken = retried(|| store(db, ctx, &batch)).map_err(one_line)?;
        settled.extend(taken.settled);
        for customer in &taken.stale {
            settled.remove(customer);
        }
        count(summary, batch, taken.outcomes);
    }
    Ok(settled.len())
}

fn store(db: &Db, ctx: &Ctx, batch: &[Line]) -> Result<Taken, Error> {
    let readable: Vec<&Delivery> = batch.iter().filter_map(|line| line.parsed.as_ref().ok()).collect();
    db.write_here(|conn| {
        conn.lock_project(ctx.project)?;
        Ok(ingest::take_many(conn, ctx, &readable)?)
    })
}

fn count(summary: &mut Summary, batch: Vec<Line>, outcomes: Vec<Outcome>) {
    summary.count(outcomes);
    for Line { file, number, parsed } in batch {
        if let Err(reason) = parsed {
            summary.rejected += 1;
            summary.add_rejected(file, number, reason);
        }
    }
}

impl Summary {
    fn count(&mut self, outcomes: Vec<Outcome>) {
        for outcome in outcomes {
            match outcome {
                Outcome::Stored => self.stored += 1,
                Outcome::Duplicate => self.duplicates += 1,
                Outcome::Test => self.tests += 1,
                Outcome::Late | Outcome::Ignored => self.screened_out += 1,
            }
        }
    }

    fn add_rejected(&mut self, file: String, number: u64, reason: String) {
        let is_full = self.rejected_lines.len() >= LISTED;
        let before = self.rejected_lines.last_mut();
        match before.filter(|lines| lines.last + 1 == number && lines.file == file && lines.reason == reason) {
            Some(lines) => lines.last = number,
            None if is_full => self.unlisted += 1,
            None => self.rejected_lines.push(RejectedLines { file, first: number, last: number, reason }),
        }
    }
}

fn print(summary: &Summary) {
    let Summary { stored, duplicates, tests, screened_out, rejected, rows, .. } = summary;
    if *rows > 0 {
        println!("Read {} rows.", HumanCount(*rows));
    }
    println!(
        "Stored {}, duplicates {}, rejected {}.",
        HumanCount(*stored),
        HumanCount(*duplicates),
        HumanCount(*rejected)
    );
    if *tests > 0 {
        println!("Left out {} TEST events, which belong to no customer.", HumanCount(*tests));
    }
    if *screened_out > 0 {
        println!("Left out {} events of customers who are deleted or blocked.", HumanCount(*screened_out));
    }
    for RejectedLines { file, first, last, reason } in &summary.rejected_lines {
        match first == last {
            true => println!("  {file}, line {first}: {reason}"),
            false => println!("  {file}, lines {first} to {last}: {reason}"),
        }
    }
    if summary.unlisted > 0 {
        println!("  and {} further lines.", HumanCount(summary.unlisted));
    }
    println!("Derived the state of {} customers.", HumanCount(summary.customers as u64));
}
