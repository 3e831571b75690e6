//! Removes old deliveries. Finished ones are kept for a while, so that people can look at them and send them again.

use diesel::prelude::*;

use super::deliveries::State;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{DeliveryId, ProjectId};
use crate::db::Db;
use crate::db::schema::webhook_deliveries;

/// How many days deliveries are kept after they were sent, or after they failed.
const DAYS: [(State, i64); 2] = [(State::Sent, 30), (State::Failed, 90)];
/// How many deliveries one transaction removes.
const BATCH: i64 = 500;

/// Removes deliveries that are older than `DAYS`. Returns how many.
pub fn prune(db: &Db, now: Moment) -> Result<usize, Error> {
    let mut pruned = 0;
    for (state, days) in DAYS {
        loop {
            let count = db.write_here(|conn| batch(conn, state, now.plus_days(-days)))?;
            pruned += count;
            if i64::try_from(count).unwrap_or(BATCH) < BATCH {
                break;
            }
        }
    }
    Ok(pruned)
}

fn batch(conn: &mut crate::db::Conn, state: State, before: Moment) -> Result<usize, Error> {
    let old: Vec<(ProjectId, DeliveryId)> = webhook_deliveries::table
        .filter(webhook_deliveries::state.eq(state).and(webhook_deliveries::finished_at.lt(before)))
        .select((webhook_deliveries::project_id, webhook_deliveries::id))
        .limit(BATCH)
        .load(conn)?;
    for row in &old {
        diesel::delete(webhook_deliveries::table.find(*row)).execute(conn)?;
    }
    Ok(old.len())
}
