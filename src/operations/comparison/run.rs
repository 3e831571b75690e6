//! Runs over many customers: the first fill, with all whom RevenueCat lists, and the comparison of all who are known here. A run
//! first puts its customers into the queue, then asks about each. It can be stopped at any moment and goes on where it was.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use diesel::dsl::exists;
use diesel::prelude::*;
use serde_json::Value;

use super::{Compared, How, Outcome, compare};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::db::Conn;
use crate::db::schema::{comparison_runs as runs, comparisons, customers};
use crate::events::Origin;
use crate::operations::catalog::Comparer;
use crate::stores::revenuecat::queue::{self, FIRST_PAGE, Queued, Run};
use crate::stores::revenuecat::{Failure, NoReading, Pace, Urgency};

/// How many customers known here are put into the queue at once.
const STEP: i64 = 1_000;
/// How often a customer is tried before the run goes on without them, and the pauses between, in seconds.
const TRIES: i64 = 3;
const PAUSE: i64 = 20;
/// The pauses where a webhook left something out, of which the last one is repeated, and how often such a customer is tried: no run
/// brings them again, so they are tried for more than a day.
const LONG_PAUSES: [i64; 5] = [20, 100, 600, 3_600, 3 * 3_600];
const LONG_TRIES: i64 = 13;
/// After so many failures one after the other RevenueCat counts as away.
const IN_A_ROW: usize = 5;
/// How long whoever compares a customer has them alone, in minutes.
const LEASE: i64 = 5;

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = runs)]
pub struct Progress {
    pub started_at: Moment,
    next_page: Option<String>,
    pub same: i64,
    pub found: i64,
    pub unknown: i64,
    pub left_out: i64,
    pub failed: i64,
    pub finished_at: Option<Moment>,
}

impl Progress {
    /// How many customers RevenueCat was asked about.
    pub fn done(&self) -> i64 {
        self.same + self.found + self.unknown + self.left_out + self.failed
    }
}

/// A customer of whom something is to be reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    pub app_user_id: String,
    pub outcome: String,
    pub words: String,
}

/// A run of one project.
pub struct Runner<'a> {
    pub comparer: &'a Comparer,
    pub project: ProjectId,
    pub run: Run,
    pub pace: &'a dyn Pace,
}

/// How far the newest run of this kind has come; `None` before the first.
pub fn progress(conn: &mut Conn, project: ProjectId, run: Run) -> QueryResult<Option<Progress>> {
    runs::table.find((project, run.name())).select(Progress::as_select()).first(conn).optional()
}

/// The customers of whom something was found since, or who could not be read, the newest first. The comparisons are read in the
/// order of their index, and the names of those that are reported afterwards.
pub fn reported(conn: &mut Conn, project: ProjectId, since: Moment, most: i64) -> QueryResult<Vec<Reported>> {
    let own =
        customers::table.filter(customers::id.eq(comparisons::customer_id).and(customers::project_id.eq(project)));
    let found: Vec<(CustomerId, String, String)> = comparisons::table
        .filter(comparisons::asked_at.ge(since).and(comparisons::outcome.ne_all(["same", "filled"])))
        .filter(exists(own))
        .order((comparisons::asked_at.desc(), comparisons::customer_id.desc()))
        .limit(most)
        .select((comparisons::customer_id, comparisons::outcome, comparisons::words))
        .load(conn)?;
    let ids: Vec<CustomerId> = found.iter().map(|(customer, ..)| *customer).collect();
    let names = customers::table.filter(customers::id.eq_any(ids)).select((customers::id, customers::best_app_user_id));
    let names: HashMap<CustomerId, String> = names.load(conn)?.into_iter().collect();
    let named =
        |(customer, outcome, words)| Some(Reported { app_user_id: names.get(&customer)?.clone(), outcome, words });
    Ok(found.into_iter().filter_map(named).collect())
}

/// Begins a run, unless one is to be continued. Returns whether one is.
pub fn begin(conn: &mut Conn, project: ProjectId, run: Run, now: Moment) -> QueryResult<bool> {
    if progress(conn, project, run)?.is_some_and(|progress| progress.finished_at.is_none()) {
        // Whoever was just asked about when it was stopped is asked about again.
        queue::make_due(conn, project, run, now)?;
        return Ok(true);
    }
    diesel::delete(runs::table.find((project, run.name()))).execute(conn)?;
    let first = match run {
        Run::Fill => Some(FIRST_PAGE.to_owned()),
        Run::All => Some("0".to_owned()),
        Run::Sample | Run::Webhook => None,
    };
    let row =
        (runs::project_id.eq(project), runs::run.eq(run.name()), runs::started_at.eq(now), runs::next_page.eq(first));
    diesel::insert_into(runs::table).values(row).execute(conn)?;
    Ok(false)
}

/// The pages that were listed, by which a list is noticed that does not end.
#[derive(Debug, Default)]
pub struct Listing {
    pages: HashSet<String>,
    beginnings: usize,
}

/// How often a list may begin anew, because somebody in it is gone.
const BEGINNINGS: usize = 5;

impl Listing {
    /// # Errors
    /// In words, when the page was listed before.
    fn begin(&mut self, page: &str) -> Result<(), String> {
        if page == FIRST_PAGE && self.beginnings < BEGINNINGS {
            self.beginnings += 1;
            self.pages.clear();
        }
        match self.pages.insert(page.to_owned()) {
            true => Ok(()),
            false => Err("The list of customers repeats a page and does not end.".into()),
        }
    }
}

impl Runner<'_> {
    /// Puts the next customers into the queue; returns whether there may be more.
    ///
    /// # Errors
    /// In words, when RevenueCat's list cannot be read; when the database fails.
    pub fn list(&self, listing: &mut Listing) -> Result<bool, String> {
        let words = |error: Error| error.cause().unwrap_or("the database failed").to_owned();
        let db = &self.comparer.service.db;
        let at = db.read_here(|conn| Ok::<_, Error>(progress(conn, self.project, self.run)?)).map_err(words)?;
        let Some(page) = at.and_then(|progress| progress.next_page) else { return Ok(false) };
        listing.begin(&page)?;
        let (ids, next) = match self.run {
            Run::Fill => self.page(page)?,
            Run::All => db.read_here(|conn| Ok::<_, Error>(known(conn, self.project, &page)?)).map_err(words)?,
            Run::Sample | Run::Webhook => (Vec::new(), None),
        };
        let now = self.comparer.service.clock.now();
        let listed = db.write_here(|conn| {
            queue::add(conn, self.project, self.run, &ids, now)?;
            let row = diesel::update(runs::table.find((self.project, self.run.name())));
            row.set(runs::next_page.eq(&next)).execute(conn)?;
            Ok::<_, Error>(next.is_some())
        });
        listed.map_err(words)
    }

    /// A page of RevenueCat's customers, and where the next one is.
    fn page(&self, page: String) -> Result<(Vec<String>, Option<String>), String> {
        let session = self.comparer.service.session(self.project, Urgency::Background).map_err(|no| match no {
            NoReading::Away(unread) => unread.words,
            NoReading::Denied(words) => words,
        })?;
        let found = session.page("customers", &page, self.pace).map_err(|Failure(words)| words)?;
        let Some(found) = found else {
            // Whoever the page begins after may be gone: the list begins anew, and whoever is in the queue stays there once.
            return match page == FIRST_PAGE {
                true => Err("RevenueCat has no list of customers.".into()),
                false => Ok((Vec::new(), Some(FIRST_PAGE.to_owned()))),
            };
        };
        let items = found.items.iter().filter_map(|item| item.get("id").and_then(Value::as_str));
        Ok((items.map(str::to_owned).collect(), found.next))
    }

    /// Asks about the next customer. Returns whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn step(&self, failures: &mut Vec<String>) -> Result<bool, Error> {
        let service = &self.comparer.service;
        let now = service.clock.now();
        let next = |conn: &mut Conn| Ok::<_, Error>(queue::due(conn, self.run, self.project, now, 1)?.pop());
        let Some(queued) = service.db.read_here(next)? else { return Ok(false) };
        self.ask(&queued, failures)?;
        Ok(true)
    }

    /// Asks about a customer in the queue, unless somebody else has just begun to.
    ///
    /// # Errors
    /// When the database fails.
    pub fn ask(&self, queued: &Queued, failures: &mut Vec<String>) -> Result<(), Error> {
        let service = &self.comparer.service;
        let (now, run) = (service.clock.now(), self.run);
        let claimed = service
            .db
            .write_here(|conn| Ok::<_, Error>(queue::claim(conn, run, queued, now, now.plus_minutes(LEASE))?))?;
        if !claimed {
            return Ok(());
        }
        let origin = if run == Run::Fill { Origin::Fill } else { Origin::Comparison };
        let how = How { urgency: Urgency::Background, origin, pace: self.pace };
        let compared = compare(self.comparer, self.project, &queued.app_user_id, &how);
        let (compared, was_answered) = match compared {
            Err(error) if !error.is_unavailable() && !error.is_busy() => {
                // What is wrong with one customer keeps nobody else from being compared.
                tracing::error!(cause = error.cause(), "a customer could not be compared");
                let words = "What RevenueCat shows could not be compared; the log says why.";
                (Compared::bare(Outcome::Failed(words.into())), true)
            }
            compared => (compared?, false),
        };
        match &compared.outcome {
            Outcome::Failed(words) if !was_answered => failures.push(words.clone()),
            Outcome::Failed(_) | Outcome::Busy => {}
            Outcome::Same | Outcome::Found(_) | Outcome::Filled(_) | Outcome::Unknown | Outcome::LeftOut => {
                failures.clear()
            }
        }
        let now = service.clock.now();
        service.db.write_here(|conn| Ok::<_, Error>(settle(conn, run, queued, &compared, now)?))
    }

    /// Whether so many customers could not be read one after the other that RevenueCat counts as away.
    pub fn is_away(failures: &[String]) -> bool {
        failures.len() >= IN_A_ROW
    }

    /// Ends the run, if nobody is left in it; else returns in how long the next one is due.
    ///
    /// # Errors
    /// When the database fails.
    pub fn finish(&self) -> Result<Option<Duration>, Error> {
        let service = &self.comparer.service;
        let now = service.clock.now();
        service.db.write_here(|conn| match queue::next_due(conn, self.project, self.run)? {
            Some(due) => Ok(Some(Duration::from_millis(due.since(now).max(100).unsigned_abs()))),
            None => {
                let row = diesel::update(runs::table.find((self.project, self.run.name())));
                row.set(runs::finished_at.eq(now)).execute(conn)?;
                Ok(None)
            }
        })
    }
}

/// Customers known here after the one with this number, and the number of the last of them.
fn known(conn: &mut Conn, project: ProjectId, after: &str) -> QueryResult<(Vec<String>, Option<String>)> {
    let after = CustomerId(after.parse().unwrap_or_default());
    let own = customers::table.filter(customers::project_id.eq(project).and(customers::id.gt(after)));
    let rows: Vec<(CustomerId, String)> =
        own.order(customers::id).limit(STEP).select((customers::id, customers::best_app_user_id)).load(conn)?;
    let last = rows.last().map(|(customer, _)| customer.0.to_string());
    Ok((rows.into_iter().map(|(_, id)| id).collect(), last))
}

/// Takes a customer out of the queue and counts what came of it, or puts them off.
fn settle(conn: &mut Conn, run: Run, queued: &Queued, compared: &Compared, now: Moment) -> QueryResult<()> {
    if let Some(pause) = pause(run, &compared.outcome, queued.tries + 1) {
        return queue::put_off(conn, run, queued, now.plus_seconds(pause));
    }
    queue::remove(conn, run, queued)?;
    let row = diesel::update(runs::table.find((queued.project, run.name())));
    match &compared.outcome {
        Outcome::Same => row.set(runs::same.eq(runs::same + 1)).execute(conn),
        Outcome::Found(_) | Outcome::Filled(_) => row.set(runs::found.eq(runs::found + 1)).execute(conn),
        Outcome::Unknown => row.set(runs::unknown.eq(runs::unknown + 1)).execute(conn),
        Outcome::LeftOut => row.set(runs::left_out.eq(runs::left_out + 1)).execute(conn),
        Outcome::Failed(_) | Outcome::Busy => row.set(runs::failed.eq(runs::failed + 1)).execute(conn),
    }
    .map(drop)
}

/// In how many seconds a customer is tried again who was tried so often; `None` when they are not.
fn pause(run: Run, outcome: &Outcome, tries: i64) -> Option<i64> {
    let (pause, most) = match (outcome, run) {
        (Outcome::Failed(_) | Outcome::Busy, Run::Webhook) => {
            let place = usize::try_from(tries - 1).unwrap_or_default().min(LONG_PAUSES.len() - 1);
            (LONG_PAUSES.get(place).copied()?, LONG_TRIES)
        }
        (Outcome::Failed(_), Run::Sample | Run::All | Run::Fill) => (PAUSE * tries * tries, TRIES),
        (Outcome::Busy, Run::Sample | Run::All | Run::Fill) => (PAUSE, 3 * TRIES),
        (Outcome::Same | Outcome::Found(_) | Outcome::Filled(_) | Outcome::Unknown | Outcome::LeftOut, _) => {
            return None;
        }
    };
    (tries < most).then_some(pause)
}
