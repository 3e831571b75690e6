//! The side of the Test Store that does what it is asked. Like a real store it keeps its own books, and does twice what it
//! is asked twice.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;

use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::{Ids, ProjectId, RequestId, RowId};
use crate::base::money::Micros;
use crate::db::schema::{requests, test_store_actions};
use crate::db::{Conn, Db};
use crate::stores::{ActionKind, Answer, Order, Outcome, Proof, Reading, Sent, Snapshot, StoreClient, Unread, Wanted};

/// The longest that writing into the books takes, in seconds.
const BOOKING_SECONDS: i64 = 2;

/// The Test Store as something that can be asked.
pub struct Till {
    db: Db,
    ids: Ids,
    clock: Clock,
    /// How long it takes before it acts, and again before it answers.
    delay: Duration,
    /// What goes wrong with the next calls that send something, in order.
    faults: Mutex<VecDeque<Fault>>,
    /// The last answer that was given.
    last: Mutex<Option<Outcome>>,
    /// Whether its books cannot be read, for tests.
    is_silent: AtomicBool,
}

/// Something that goes wrong with a call, for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The order arrives nowhere, and no answer comes.
    Hang,
    /// The order is refused before it is looked at: the store is busy for so many seconds.
    Busy(i64),
    /// It is done, and the answer is lost.
    LoseAnswer,
    /// The store says no.
    Refuse,
    /// It is done, and the answer to the order before comes a second time.
    AnswerOfAnother,
    /// It is accepted, and decided later.
    Accept,
}

impl Till {
    pub fn new(db: &Db, ids: &Ids, clock: &Clock, delay: Duration) -> Till {
        let (db, ids, clock) = (db.clone(), ids.clone(), clock.clone());
        Till {
            db,
            ids,
            clock,
            delay,
            faults: Mutex::default(),
            last: Mutex::default(),
            is_silent: AtomicBool::new(false),
        }
    }

    /// Lets something go wrong with the next calls that send.
    pub fn fail_with(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
    }

    /// Lets its books be unreadable, or readable again.
    pub fn fall_silent(&self, is_silent: bool) {
        self.is_silent.store(is_silent, Ordering::SeqCst);
    }

    fn next_fault(&self) -> Fault {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(Fault::None)
    }

    fn act(&self, order: &Order, deadline: Moment) -> Answer {
        match self.db.write_here(|conn| self.record(conn, order, deadline)) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(cause = error.cause(), "the Test Store could not write its books");
                Answer::Unclear("The Test Store could not write its books.".into())
            }
        }
    }

    /// Writes into the books what was asked, unless the payment does not hold as much.
    fn record(&self, conn: &mut Conn, order: &Order, deadline: Moment) -> Result<Answer, Error> {
        conn.lock_project(order.project)?;
        if self.clock.now() > deadline {
            let words = "It was too late to send it.".into();
            return Ok(Answer::NotSent(Unread { words, retry_after: None }));
        }
        let (amount, until) = match &order.wanted {
            Wanted::Refund(refund) => (refund.amount.as_ref().map(|amount| amount.amount), None),
            Wanted::Extend { until, .. } => (None, Some(*until)),
            Wanted::Cancel { .. } | Wanted::Resume | Wanted::Customer(_) => (None, None),
        };
        let transaction = order.transaction_id.as_deref().unwrap_or_default();
        if let (Wanted::Refund(refund), Some(amount)) = (&order.wanted, amount) {
            let given_back = given_back(conn, order.project, transaction)?;
            let holds = |most: Option<Micros>, wanted: Micros| most.is_none_or(|most| wanted <= most);
            if !holds(refund.left, amount) || !holds(refund.paid, amount.plus(given_back)) {
                return Ok(Answer::Refused("The payment does not hold as much.".into()));
            }
        }
        let (id, at) = (self.ids.next::<RowId>(self.clock.now()), self.clock.now());
        let row = (
            test_store_actions::project_id.eq(order.project),
            test_store_actions::id.eq(id),
            test_store_actions::request_id.eq(order.request),
            test_store_actions::kind.eq(order.wanted.kind().name()),
            test_store_actions::transaction_id.eq(transaction),
            test_store_actions::amount.eq(amount.map(|amount| amount.0)),
            test_store_actions::until_at.eq(until),
            test_store_actions::at.eq(at),
        );
        diesel::insert_into(test_store_actions::table).values(row).execute(conn)?;
        Ok(Answer::Done(outcome(order.request, id, at)))
    }

    fn lost(&self) -> Answer {
        Answer::Unclear(format!("No answer came within {} seconds.", self.longest_call()))
    }

    fn find(&self, order: &Order) -> Result<Option<Outcome>, Error> {
        let own = test_store_actions::table
            .filter(test_store_actions::project_id.eq(order.project))
            .filter(test_store_actions::request_id.eq(order.request));
        let found = self.db.read_here(|conn| {
            let row = own.select((test_store_actions::id, test_store_actions::at));
            Ok::<_, Error>(row.first::<(RowId, Moment)>(conn).optional()?)
        });
        Ok(found?.map(|(id, at)| outcome(order.request, id, at)))
    }
}

fn outcome(request: RequestId, id: RowId, at: Moment) -> Outcome {
    Outcome { request, at, reference: Some(format!("ts_{id}")), words: "Done.".into() }
}

impl StoreClient for Till {
    fn read(&self, _: &Order) -> Result<Reading, Unread> {
        Ok(Reading { snapshot: Snapshot::default(), already: None, refused: None })
    }

    fn send(&self, order: &Order, _: &Snapshot, deadline: Moment) -> Answer {
        let fault = self.next_fault();
        std::thread::sleep(self.delay);
        match fault {
            Fault::Hang => return self.lost(),
            Fault::Busy(seconds) => {
                let words = "The Test Store is busy.".into();
                return Answer::NotSent(Unread { words, retry_after: Some(seconds) });
            }
            Fault::Refuse => return Answer::Refused("The Test Store was told to refuse.".into()),
            Fault::None | Fault::LoseAnswer | Fault::AnswerOfAnother | Fault::Accept => {}
        }
        let answer = self.act(order, deadline);
        std::thread::sleep(self.delay);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.clone();
        if let Answer::Done(outcome) = &answer {
            *last = Some(outcome.clone());
        }
        match (fault, answer) {
            (Fault::LoseAnswer, _) => self.lost(),
            (Fault::AnswerOfAnother, answer) => before.map_or(answer, Answer::Done),
            (Fault::Accept, Answer::Done(outcome)) => Answer::Accepted(outcome),
            (_, answer) => answer,
        }
    }

    fn prove(&self, order: &Order, _: &Snapshot, sent: Sent) -> Result<Proof, Unread> {
        let unreadable =
            || Unread { words: "The books of the Test Store could not be read.".into(), retry_after: None };
        if self.is_silent.load(Ordering::SeqCst) {
            return Err(unreadable());
        }
        let is_over = self.clock.now() > sent.at.plus_seconds(2 * self.longest_call());
        Ok(match self.find(order).map_err(|_| unreadable())? {
            Some(outcome) => Proof::Done(outcome),
            None if is_over => Proof::NotDone("The books of the Test Store do not hold it.".into()),
            None => Proof::NotYet,
        })
    }

    /// It only writes into its own books.
    fn longest_call(&self) -> i64 {
        let delay = i64::try_from(self.delay.as_secs()).unwrap_or(i64::MAX / 8);
        BOOKING_SECONDS + 2 * (delay + 1)
    }

    fn calls_per_minute(&self) -> Option<u32> {
        None
    }
}

/// How much the Test Store has given back of a payment, in the currency of the payment, by its own books. What was reversed since
/// is not part of it.
pub fn given_back(conn: &mut Conn, project: ProjectId, transaction: &str) -> QueryResult<Micros> {
    let of = requests::project_id.eq(test_store_actions::project_id);
    let of_request = requests::table.on(of.and(requests::id.eq(test_store_actions::request_id)));
    let own = test_store_actions::project_id.eq(project).and(test_store_actions::transaction_id.eq(transaction));
    let refunds = own.and(test_store_actions::kind.eq(ActionKind::Refund.name()));
    let amounts: Vec<Option<i64>> = test_store_actions::table
        .inner_join(of_request)
        .filter(refunds.and(requests::state.ne(REVERSED)))
        .select(test_store_actions::amount)
        .load(conn)?;
    Ok(Micros(amounts.into_iter().flatten().sum()))
}

/// The state of a request whose refund was reversed.
const REVERSED: &str = "reversed";
