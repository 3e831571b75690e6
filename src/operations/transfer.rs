//! Moves purchases from one customer to another (§7.3): all that came from stores, of both environments. The customers
//! are not merged; grants, currencies, notes, attributes and ids stay where they are.

use diesel::prelude::*;

use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::customers::{locks, merge, state, subject};
use crate::db::Conn;
use crate::db::schema::purchases;
use crate::events::{Delivery, own};
use crate::ingest;
use crate::projection::{Fact, Kind, Purchase};

/// A move from one customer to another of the same project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    pub from: CustomerId,
    pub to: CustomerId,
}

/// What was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// How many purchases.
    pub purchases: i64,
    /// The row of the event.
    pub event: EventId,
}

/// Why nothing can move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Both ids are of one customer.
    Same,
    /// The customer has no purchases from a store.
    NoPurchases,
}

/// The purchases of both customers, before and after.
#[derive(Debug, Default)]
pub struct Preview {
    pub from: (Vec<Purchase>, Vec<Purchase>),
    pub to: (Vec<Purchase>, Vec<Purchase>),
}

/// How many purchases a transfer would move.
pub fn movable(conn: &mut Conn, customer: CustomerId) -> QueryResult<i64> {
    let own = purchases::customer_id.eq(customer).and(purchases::kind.ne(Kind::Grant));
    purchases::table.filter(own).count().get_result(conn)
}

impl Move {
    /// Moves the purchases. Needs a write transaction, which locks both customers until it ends.
    ///
    /// # Errors
    /// [`Error::NotFound`] when one of the customers does not exist.
    pub fn make(self, conn: &mut Conn, ctx: &Ctx) -> Result<Result<Moved, Refusal>, Error> {
        locks::lock(conn, [self.from, self.to])?;
        if self.from == self.to {
            return Ok(Err(Refusal::Same));
        }
        let moved = movable(conn, self.from)?;
        if moved == 0 {
            return Ok(Err(Refusal::NoPurchases));
        }
        let event = self.event(conn, ctx.project, ctx.now, own::Moved::Everything)?;
        let event = self.append(conn, ctx, event)?;
        Ok(Ok(Moved { purchases: moved, event }))
    }

    /// Moves only purchases of the Test Store, because the receiver posted one of their receipts (§9.5).
    ///
    /// # Errors
    /// As [`Move::make`].
    pub fn make_of_test_store(self, conn: &mut Conn, ctx: &Ctx) -> Result<(), Error> {
        locks::lock(conn, [self.from, self.to])?;
        let event = self.event(conn, ctx.project, ctx.now, own::Moved::OfTestStore)?;
        self.append(conn, ctx, event).map(drop)
    }

    /// Appends the event, and moves pending renewals of the Test Store to the receiver.
    fn append(self, conn: &mut Conn, ctx: &Ctx, event: Delivery) -> Result<EventId, Error> {
        merge::move_test_sales(conn, self.to, self.from)?;
        Ok(ingest::append_one(conn, ctx, &event)?)
    }

    /// The purchases of both customers now and after the move.
    ///
    /// # Errors
    /// As [`Move::make`].
    pub fn preview(self, conn: &mut Conn, project: ProjectId, now: Moment) -> Result<Preview, Error> {
        let event = self.event(conn, project, now, own::Moved::Everything)?.event;
        let fact = Fact { row: state::PREVIEWED, event, customer: self.to, lost_by: Some(self.from) };
        let (mut before, mut after) = state::preview(conn, project, &[self.from, self.to], vec![fact])?;
        let mut of =
            |one: CustomerId| (before.remove(&one).unwrap_or_default(), after.remove(&one).unwrap_or_default());
        Ok(Preview { from: of(self.from), to: of(self.to) })
    }

    /// The event that moves the purchases. It is dated after all events about purchases of both customers, even those of a
    /// sender whose clock is ahead: otherwise they would give the purchases back.
    fn event(self, conn: &mut Conn, project: ProjectId, now: Moment, what: own::Moved) -> Result<Delivery, Error> {
        let newest = state::newest_event_at(conn, project, &[self.from, self.to])?;
        let newest = newest.map_or(i64::MIN, Moment::millis);
        let at = now.max(Moment(newest.saturating_add(1)));
        own::transfer(what, &subject::load(conn, self.from)?, &subject::load(conn, self.to)?, at, now)
    }
}
