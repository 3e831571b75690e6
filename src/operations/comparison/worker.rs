//! What the program asks by itself: about customers of webhooks that left something out, and every night about a sample.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Timelike};
use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::echoes;
use super::run::{Runner, begin};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::db::Conn;
use crate::db::schema::{comparisons, connections, customers};
use crate::operations::catalog::Comparer;
use crate::stores::revenuecat::queue::{self, Queued, Run};
use crate::stores::revenuecat::{Failure, Pace};

/// How many customers are asked about before other work has its turn, of all projects together; of each at least one.
const TURN: i64 = 20;
/// After so many customers in a row who could not be read, a project waits for another turn.
const GIVE_UP: usize = 2;
/// How many calls a customer may need.
const CALLS: usize = 20;
/// The longest wait for one customer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The hour at which the sample is compared, in UTC.
const NIGHT: u32 = 3;
/// The most customers of a sample.
pub const LARGEST_SAMPLE: i64 = 10_000;

/// Waits for a while, and no longer than the program runs.
pub struct Patience<'a> {
    until: Instant,
    is_stopping: &'a dyn Fn() -> bool,
}

impl<'a> Patience<'a> {
    pub fn new(patience: Duration, is_stopping: &'a dyn Fn() -> bool) -> Patience<'a> {
        Patience { until: Instant::now() + patience, is_stopping }
    }
}

impl Pace for Patience<'_> {
    fn beat(&self) -> Result<(), Failure> {
        match (self.is_stopping)() {
            true => Err(Failure("The program stopped.".into())),
            false if Instant::now() > self.until => Err(Failure("RevenueCat took too long.".into())),
            false => Ok(()),
        }
    }

    fn wait(&self, seconds: i64) -> Result<(), Failure> {
        let end = Instant::now() + Duration::from_secs(seconds.unsigned_abs());
        if end > self.until {
            return Err(Failure("RevenueCat takes no more calls at the moment.".into()));
        }
        while Instant::now() < end {
            self.beat()?;
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

/// Asks about the customers who are due, some of them; returns how many it was.
///
/// # Errors
/// When the database fails.
pub fn work(comparer: &Comparer, is_stopping: &dyn Fn() -> bool) -> Result<usize, Error> {
    let (db, clock) = (&comparer.service.db, &comparer.service.clock);
    let now = clock.now();
    for (project, size) in db.read_here(|conn| Ok::<_, Error>(due_samples(conn, now)?))? {
        let drawn = db.read_here(|conn| Ok::<_, Error>(sample(conn, project, size, now)?))?;
        db.write_here(|conn| Ok::<_, Error>(begin_sample(conn, project, &drawn, now)?))?;
    }
    echoes::miss(db, now)?;
    let mut done = 0;
    let mut failures: BTreeMap<ProjectId, Vec<String>> = BTreeMap::new();
    for run in [Run::Webhook, Run::Sample] {
        for queued in next(comparer, run, now)?.into_iter().take_while(|_| !is_stopping()) {
            // Who has to wait for the budget is asked about in a later turn.
            let failed = failures.entry(queued.project).or_default();
            // A project that does not answer does not hold up the others.
            if failed.len() >= GIVE_UP || !comparer.service.has_room(queued.project, CALLS) {
                continue;
            }
            ask(comparer, run, &queued, failed, is_stopping)?;
            done += 1;
        }
    }
    Ok(done)
}

/// Some of the customers who are due. Projects share them, and one that has to wait for its budget takes no share.
fn next(comparer: &Comparer, run: Run, now: Moment) -> Result<Vec<Queued>, Error> {
    let service = &comparer.service;
    let mut projects = service.db.read_here(|conn| Ok::<_, Error>(queue::projects_due(conn, run, now)?))?;
    projects.retain(|project| service.has_room(*project, CALLS));
    let share = TURN.checked_div(i64::try_from(projects.len()).unwrap_or(TURN)).unwrap_or_default().max(1);
    service.db.read_here(|conn| {
        let mut all = Vec::new();
        for project in projects {
            all.extend(queue::due(conn, run, project, now, share)?);
        }
        Ok::<_, Error>(all)
    })
}

fn ask(
    comparer: &Comparer,
    run: Run,
    queued: &Queued,
    failures: &mut Vec<String>,
    is_stopping: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let pace = Patience::new(PATIENCE, is_stopping);
    let runner = Runner { comparer, project: queued.project, run, pace: &pace };
    runner.ask(queued, failures)?;
    if run == Run::Sample {
        runner.finish()?;
    }
    Ok(())
}

fn due_samples(conn: &mut Conn, now: Moment) -> QueryResult<Vec<(ProjectId, i64)>> {
    connections::table
        .filter(connections::sample_size.gt(0).and(connections::suspended_at.is_null()))
        .filter(connections::sample_due_at.le(now))
        .select((connections::project_id, connections::sample_size))
        .load(conn)
}

/// Customers who were never compared, then those who were compared longest ago. Where there are millions it takes a while, so it is
/// read before anything is written.
pub fn sample(conn: &mut Conn, project: ProjectId, size: i64, now: Moment) -> QueryResult<Vec<CustomerId>> {
    let compared = comparisons::table.filter(comparisons::customer_id.eq(customers::id));
    let never = customers::table.filter(customers::project_id.eq(project)).filter(not(exists(compared)));
    let mut drawn: Vec<CustomerId> = never.order(customers::id).limit(size).select(customers::id).load(conn)?;
    let left = size - i64::try_from(drawn.len()).unwrap_or(size);
    if left > 0 {
        let own = customers::id.eq(comparisons::customer_id).and(customers::project_id.eq(project));
        let oldest: Vec<CustomerId> = comparisons::table
            .filter(comparisons::asked_at.le(now).and(exists(customers::table.filter(own))))
            .order((comparisons::asked_at, comparisons::customer_id))
            .limit(left)
            .select(comparisons::customer_id)
            .load(conn)?;
        drawn.extend(oldest);
    }
    Ok(drawn)
}

/// Puts those who were drawn into the queue, unless another process has. Who was erased meanwhile is not among them.
fn begin_sample(conn: &mut Conn, project: ProjectId, drawn: &[CustomerId], now: Moment) -> QueryResult<()> {
    let own = connections::table.find(project).filter(connections::sample_due_at.le(now));
    if diesel::update(own).set(connections::sample_due_at.eq(next_night(now))).execute(conn)? == 0 {
        return Ok(());
    }
    begin(conn, project, Run::Sample, now)?;
    for some in drawn.chunks(500) {
        let still_here = customers::table.filter(customers::id.eq_any(some.to_vec()));
        let ids: Vec<String> = still_here.select(customers::best_app_user_id).load(conn)?;
        queue::add(conn, project, Run::Sample, &ids, now)?;
    }
    Ok(())
}

/// The next time at which a sample is compared.
pub fn next_night(now: Moment) -> Moment {
    let Some(utc) = now.utc() else { return now.plus_days(1) };
    let since = TimeDelta::hours(i64::from(utc.hour())) + TimeDelta::minutes(i64::from(utc.minute()));
    let begun = now.plus_seconds(-since.num_seconds());
    let night = begun.plus_minutes(i64::from(NIGHT) * 60);
    if night > now { night } else { night.plus_days(1) }
}

/// Has a project compared every night, so many of its customers; 0 switches it off.
pub fn set_sample(conn: &mut Conn, project: ProjectId, size: i64, now: Moment) -> QueryResult<()> {
    let due = (size > 0).then(|| next_night(now));
    let row = diesel::update(connections::table.find(project));
    row.set((connections::sample_size.eq(size), connections::sample_due_at.eq(due))).execute(conn).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_compared_in_the_next_night() {
        let at = |text: &str| Moment::parse_rfc3339(text).expect("a time");
        for (now, next) in [
            ("2026-05-03T01:10:20Z", "2026-05-03T03:00"),
            ("2026-05-03T03:00:20Z", "2026-05-04T03:00"),
            ("2026-05-03T18:00:00Z", "2026-05-04T03:00"),
        ] {
            let found = next_night(at(now)).utc().expect("a time").format("%Y-%m-%dT%H:%M").to_string();
            assert_eq!(found, next, "{now}");
        }
    }
}
