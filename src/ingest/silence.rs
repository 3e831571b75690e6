//! When webhooks stop coming. They are counted by the hour; none for ten times the usual gap, and for an hour at least, is silence,
//! which admins are told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::ProjectId;
use crate::db::schema::{projects, webhook_hours as hours};
use crate::db::{Both, Conn, Db};

const HOUR: i64 = 3_600_000;
/// For how many hours what came is remembered: what is usual is that of a week.
const REMEMBERED: i64 = 7 * 24;
/// Silence is so many times the usual gap.
const TIMES: i64 = 10;
/// With fewer arrivals in a week nothing is usual.
const FEWEST: i64 = 20;

/// Webhooks that came and are not yet written down. They are counted in memory, so that no delivery waits for a row that all
/// deliveries of a project share: a process that is killed forgets those of its last minute. Clones share the count.
#[derive(Debug, Clone)]
pub struct Arrivals {
    counted: Arc<Mutex<BTreeMap<(ProjectId, i64), Arrived>>>,
    /// When this process began to listen.
    since: Moment,
}

/// What came within an hour.
#[derive(Debug, Clone, Copy)]
struct Arrived {
    count: i64,
    last_at: Moment,
}

impl Arrivals {
    /// Nothing has come to this process, which listens from now on.
    pub fn from(now: Moment) -> Arrivals {
        Arrivals { counted: Arc::default(), since: now }
    }

    /// Counts a webhook that came now.
    pub fn add(&self, project: ProjectId, now: Moment) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let arrived = counted.entry((project, now.millis().div_euclid(HOUR)));
        let arrived = arrived.or_insert(Arrived { count: 0, last_at: now });
        *arrived = Arrived { count: arrived.count + 1, last_at: arrived.last_at.max(now) };
    }

    /// Writes down what came since the last time: a project of which something came is not silent.
    ///
    /// # Errors
    /// When the database fails: then the counts are kept for the next time.
    pub fn write(&self, db: &Db) -> Result<(), Error> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if counted.is_empty() {
            return Ok(());
        }
        db.write_here(|conn| {
            counted.iter().try_for_each(|(place, arrived)| Ok::<_, Error>(store(conn, *place, *arrived)?))
        })?;
        let mut left = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        for (place, written) in counted {
            left.entry(place).and_modify(|arrived| arrived.count -= written.count);
        }
        left.retain(|_, arrived| arrived.count > 0);
        Ok(())
    }

    /// Looks for projects that have fallen silent, and forgets what is old. Returns how many changed. While no process listened,
    /// nothing could come: that is no silence.
    ///
    /// # Errors
    /// When the database fails.
    pub fn look(&self, db: &Db, now: Moment) -> Result<usize, Error> {
        let since = now.millis().div_euclid(HOUR) - REMEMBERED;
        let (found, is_old) = db.read_here(|conn| {
            let old: i64 = hours::table.filter(hours::hour.lt(since)).count().get_result(conn)?;
            Ok::<_, Error>((fallen_silent(conn, since, (self.since, now))?, old > 0))
        })?;
        if found.is_empty() && !is_old {
            return Ok(0);
        }
        db.write_here(|conn| {
            for (project, last_at, gap) in &found {
                let silent = (projects::webhooks_silent_since.eq(last_at), projects::webhooks_usual_gap.eq(gap));
                diesel::update(projects::table.find(project)).set(silent).execute(conn)?;
            }
            diesel::delete(hours::table.filter(hours::hour.lt(since))).execute(conn)?;
            Ok(found.len())
        })
    }
}

fn store(conn: &mut Conn, (project, hour): (ProjectId, i64), arrived: Arrived) -> QueryResult<()> {
    let Arrived { count, last_at } = arrived;
    let row =
        (hours::project_id.eq(project), hours::hour.eq(hour), hours::arrivals.eq(count), hours::last_at.eq(last_at));
    let counted = diesel::insert_into(hours::table)
        .values(row)
        .on_conflict((hours::project_id, hours::hour))
        .do_update()
        .set((hours::arrivals.eq(hours::arrivals + count), hours::last_at.eq(last_at)));
    Both(counted).execute(conn)?;
    diesel::update(projects::table.find(project).filter(projects::webhooks_silent_since.lt(last_at)))
        .set(projects::webhooks_silent_since.eq(None::<Moment>))
        .execute(conn)?;
    Ok(())
}

/// The projects that are silent and not known to be: with when the last webhook came, and the usual gap.
fn fallen_silent(
    conn: &mut Conn,
    since: i64,
    (listening_since, now): (Moment, Moment),
) -> QueryResult<Vec<(ProjectId, Moment, i64)>> {
    let silence = |last_at: i64| now.millis() - last_at.max(listening_since.millis());
    // Only those of whom nothing came within the hour can be silent.
    let last = sql::<BigInt>("max(webhook_hours.last_at)");
    let quiet: Vec<(ProjectId, i64)> = hours::table
        .inner_join(projects::table.on(projects::id.eq(hours::project_id)))
        .filter(projects::webhooks_silent_since.is_null().and(hours::hour.ge(since)))
        .group_by(hours::project_id)
        .select((hours::project_id, last))
        .load(conn)?;
    let mut found = Vec::new();
    for (project, last_at) in quiet.into_iter().filter(|(_, last_at)| silence(*last_at) > HOUR) {
        let own = hours::table.filter(hours::project_id.eq(project).and(hours::hour.ge(since)));
        let rows: Vec<(i64, i64)> = own.order(hours::hour).select((hours::hour, hours::arrivals)).load(conn)?;
        if let Some(gap) = usual_gap(&rows).filter(|gap| silence(last_at) > gap.saturating_mul(TIMES)) {
            found.push((project, Moment(last_at), gap));
        }
    }
    Ok(found)
}

/// The median of the gaps between arrivals, in milliseconds: within an hour they count as equally far apart. `None` when too few
/// came.
fn usual_gap(rows: &[(i64, i64)]) -> Option<i64> {
    let mut gaps: Vec<(i64, i64)> = Vec::new();
    let mut before = None;
    for (hour, arrivals) in rows.iter().filter(|(_, arrivals)| *arrivals > 0) {
        let within = HOUR / arrivals;
        let first = before.map_or(within, |before| if hour - before > 1 { (hour - before) * HOUR } else { within });
        gaps.extend([(first, 1), (within, arrivals - 1)]);
        before = Some(*hour);
    }
    let all: i64 = gaps.iter().map(|(_, count)| count).sum();
    gaps.sort_unstable();
    let mut counted = 0;
    let middle = gaps.into_iter().find(|(_, count)| {
        counted += count;
        counted * 2 >= all
    });
    middle.map(|(gap, _)| gap).filter(|_| all >= FEWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_gap_is_the_median_whatever_the_nights_are_like() {
        let minutes = |rows: &[(i64, i64)]| usual_gap(rows).map(|gap| gap / 60_000);
        assert_eq!(minutes(&(0..24).map(|hour| (hour, 60)).collect::<Vec<_>>()), Some(1));
        let days: Vec<(i64, i64)> = (0..168).filter(|hour| hour % 24 >= 8).map(|hour| (hour, 12)).collect();
        assert_eq!(minutes(&days), Some(5), "eight silent hours at night are seven gaps of many");
        let seldom: Vec<(i64, i64)> = (0..28).map(|place| (place * 6, 1)).collect();
        assert_eq!(minutes(&seldom), Some(360), "one in six hours");
        assert_eq!(minutes(&[(0, 19)]), None, "nothing is usual yet");
    }
}
