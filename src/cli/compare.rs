//! `dossier compare`, and `dossier import --from-revenuecat`: asks RevenueCat about all customers known here, or about all whom it
//! lists. Both can be stopped at any moment, and go on where they were.

use std::thread::sleep;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar};

use super::import::bar;
use super::one_line;
use crate::auth::queries::project_id;
use crate::base::clock::{Clock, Moment};
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::{Ids, ProjectId};
use crate::operations::catalog::Comparer;
use crate::operations::comparison::run::{self, Listing, Progress, Reported, Runner};
use crate::stores::revenuecat::queue::{self, Run};
use crate::stores::revenuecat::{Failure, NoReading, Pace, Service, Upstream, Urgency};
use crate::wording::text;

/// How many calls a minute are made unless the operator says otherwise: half of what RevenueCat takes.
const CALLS: usize = 240;
/// How often a program without a terminal says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(60);
/// How many customers the report lists.
const LISTED: i64 = 100;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's slug
    #[arg(long)]
    project: String,
    #[command(flatten)]
    budget: Calls,
}

/// How fast RevenueCat is asked.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Calls {
    /// The most calls to RevenueCat in a minute, of the 480 that it takes of a project
    #[arg(long, default_value_t = CALLS, value_parser = parse_calls)]
    pub calls_per_minute: usize,
}

fn parse_calls(text: &str) -> Result<usize, String> {
    let calls = text.parse().ok().filter(|calls| (1..=480).contains(calls));
    calls.ok_or_else(|| "a number from 1 to 480".into())
}

/// # Errors
/// One line for standard error: there is no such project, it is not connected, RevenueCat does not answer, or the database fails.
pub fn run(args: &Args, config: &Config) -> Result<(), String> {
    over_all(&args.project, Run::All, args.budget, config)
}

/// Asks about all customers of a run, and prints what came of it.
///
/// # Errors
/// As [`run`].
pub fn over_all(slug: &str, run: Run, calls: Calls, config: &Config) -> Result<(), String> {
    let db = super::open(config)?;
    let project = db.read_here(|conn| Ok::<_, Error>(project_id(conn, slug)?)).map_err(one_line)?;
    let project = project.ok_or_else(|| format!("there is no project {slug}"))?;
    let service = Service::new(db, Upstream::new(config.allowlist.clone()), Clock::Machine);
    let service = service.with_background_calls(calls.calls_per_minute);
    let comparer = Comparer { service: service.into(), ids: Ids::random() };
    // A project that is not connected, or may not act, is said to be so before anything else.
    open(&comparer, project)?;
    let runner = Runner { comparer: &comparer, project, run, pace: &Patient };
    let began = comparer.service.db.write_here(|conn| {
        let now = Clock::Machine.now();
        let goes_on = run::begin(conn, project, run, now)?;
        let progress = run::progress(conn, project, run)?;
        Ok::<_, Error>((goes_on, progress.map_or(now, |progress| progress.started_at)))
    });
    let (goes_on, started_at) = began.map_err(one_line)?;
    if goes_on {
        println!("Going on with what began at {}.", crate::wording::times::full(started_at));
    }
    let bar = bar(0, "{pos}/{len} {msg}");
    let done = work_off(&runner, &bar);
    bar.finish_and_clear();
    report(&comparer, project, run, started_at)?;
    done
}

/// # Errors
/// In words, when RevenueCat cannot be asked.
fn open(comparer: &Comparer, project: ProjectId) -> Result<(), String> {
    comparer.service.session(project, Urgency::Background).map(drop).map_err(|no| match no {
        NoReading::Away(unread) => unread.words,
        NoReading::Denied(_) => "the project is not connected to RevenueCat: see dossier connect".into(),
    })
}

/// Lists all customers, then asks about each.
fn work_off(runner: &Runner<'_>, bar: &ProgressBar) -> Result<(), String> {
    bar.set_message("listing");
    let mut listing = Listing::default();
    while runner.list(&mut listing)? {
        bar.set_length(waiting(runner)?);
    }
    bar.set_message("asking");
    let mut failures = Vec::new();
    let mut said = Instant::now();
    loop {
        bar.set_length(bar.position() + waiting(runner)?);
        while runner.step(&mut failures).map_err(one_line)? {
            bar.inc(1);
            if bar.is_hidden() && said.elapsed() > SAY_EVERY {
                said = Instant::now();
                say(bar.position(), waiting(runner)?, bar.elapsed());
            }
            if Runner::is_away(&failures) {
                let words = failures.pop().unwrap_or_default();
                return Err(format!("RevenueCat cannot be asked: {words} Run the same command again to go on"));
            }
        }
        match runner.finish().map_err(one_line)? {
            Some(wait) => {
                // It may have been disconnected meanwhile, or suspended.
                open(runner.comparer, runner.project)?;
                sleep(wait.min(Duration::from_secs(1)));
            }
            None => return Ok(()),
        }
    }
}

/// Says how far it is, where no bar shows it.
fn say(asked: u64, left: u64, elapsed: Duration) {
    let seconds = elapsed.as_secs().saturating_mul(left) / asked.max(1);
    println!(
        "Asked about {}, {} left: about {}.",
        HumanCount(asked),
        HumanCount(left),
        HumanDuration(Duration::from_secs(seconds))
    );
}

/// How many customers are left.
fn waiting(runner: &Runner<'_>) -> Result<u64, String> {
    let db = &runner.comparer.service.db;
    let left = db.read_here(|conn| Ok::<_, Error>(queue::left(conn, runner.project, runner.run)?));
    left.map(i64::unsigned_abs).map_err(one_line)
}

fn report(comparer: &Comparer, project: ProjectId, run: Run, since: Moment) -> Result<(), String> {
    let read = comparer.service.db.read_here(|conn| {
        let progress = run::progress(conn, project, run)?;
        // Of a first fill everybody was found.
        let listed = if run == Run::Fill { Vec::new() } else { run::reported(conn, project, since, LISTED)? };
        Ok::<_, Error>((progress, listed, queue::left(conn, project, run)?))
    });
    let (progress, listed, left) = read.map_err(one_line)?;
    if let Some(progress) = progress {
        println!("{}", summary(&progress, run));
    }
    for Reported { app_user_id, words, .. } in listed {
        println!("  {}: {}", text::visible(&app_user_id), text::visible(&words));
    }
    if left > 0 {
        println!("{} are left.", text::count(left, "customer", "customers"));
    }
    Ok(())
}

fn summary(progress: &Progress, run: Run) -> String {
    let count = |number: i64| HumanCount(number.unsigned_abs());
    let verb = if run == Run::Fill { "Filled in" } else { "Found something about" };
    let mut parts = vec![
        format!("Asked about {}.", text::count(progress.done(), "customer", "customers")),
        format!("{verb} {}; nothing differed for {}.", count(progress.found), count(progress.same)),
    ];
    for (number, what) in [
        (progress.unknown, "are unknown at RevenueCat"),
        (progress.left_out, "were deleted here or are blocked, and stay so"),
        (progress.failed, "could not be read"),
    ] {
        if number > 0 {
            parts.push(format!("{} {what}.", count(number)));
        }
    }
    parts.join(" ")
}

/// Waits as long as it is asked to.
pub struct Patient;

impl Pace for Patient {
    fn beat(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn wait(&self, seconds: i64) -> Result<(), Failure> {
        sleep(Duration::from_secs(seconds.unsigned_abs()));
        Ok(())
    }
}
