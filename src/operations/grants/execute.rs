//! Executes a plan, and records the end of a grant. The caller holds the project's lock until its transaction ends, so
//! that what the plan is based on stays true.

use super::plan::{Plan, of_purchase};
use super::{Holder, queries};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::customers::{Resolver, subject};
use crate::db::Conn;
use crate::events::Delivery;
use crate::ingest;
use crate::projection::Purchase;

impl Holder {
    /// Appends the events of a plan. Schedules the end of each grant that it gives, and cancels the scheduled end of
    /// each grant that it removes.
    pub fn carry_out(self, conn: &mut Conn, ids: &Ids, plan: &Plan) -> Result<(), Error> {
        if !self.append(conn, ids, &plan.events)? {
            return Err(Error::Internal("an event of a grant was not stored: its id exists already".into()));
        }
        for removed in &plan.removed {
            queries::take_end(conn, self.customer, &removed.key)?;
        }
        for given in &plan.given {
            queries::await_end(conn, self.customer, &given.key, given.ends_at)?;
        }
        Ok(())
    }

    /// Appends the event that a grant ended, unless another process has recorded it. Returns whether it did.
    pub fn record_end(self, conn: &mut Conn, ids: &Ids, key: &str) -> Result<bool, Error> {
        if !queries::take_end(conn, self.customer, key)? {
            return Ok(false);
        }
        let ended = queries::find(conn, self.customer, key)?.filter(|grant| is_end_unrecorded(grant, self.now));
        let Some((grant, at)) = ended.and_then(|grant| grant.expires_at.map(|at| (grant, at))) else {
            return Ok(false);
        };
        let subject = subject::load(conn, self.customer)?;
        self.append(conn, ids, &[of_purchase(&grant).ended(&subject, at, self.now)?])
    }

    fn append(self, conn: &mut Conn, ids: &Ids, events: &[Delivery]) -> Result<bool, Error> {
        let mut resolver = Resolver::new(self.project, ids.clone(), self.now);
        Ok(ingest::append(conn, &mut resolver, events)?)
    }
}

/// Whether a grant has ended and no event has recorded that.
fn is_end_unrecorded(grant: &Purchase, now: Moment) -> bool {
    !grant.is_active(now) && grant.unsubscribed_at.is_none() && grant.expiration_reason.is_none()
}
