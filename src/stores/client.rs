//! How a store is asked. The calls block, and only the worker that sends requests makes them.

use crate::base::clock::Moment;
use crate::base::ids::RequestId;
use crate::stores::Order;

/// A connection to a store.
pub trait StoreClient: Send + Sync {
    /// Reads what the order is about, before it is sent.
    ///
    /// # Errors
    /// [`Unread`] when the store does not answer. The order can be tried again.
    fn read(&self, order: &Order) -> Result<Reading, Unread>;

    /// Asks the store to do it. Called once for each time that the order counts as sent. Nothing leaves after `deadline`: a program
    /// that stood still meanwhile must not send what another has settled.
    fn send(&self, order: &Order, before: &Snapshot, deadline: Moment) -> Answer;

    /// Reads whether an order was carried out that had no definite answer. `before` is what [`StoreClient::read`] returned.
    ///
    /// # Errors
    /// [`Unread`] when the store does not answer.
    fn prove(&self, order: &Order, before: &Snapshot, sent: Sent) -> Result<Proof, Unread>;

    /// The longest that a call takes, in seconds: after that there is no answer.
    fn longest_call(&self) -> i64;

    /// How many calls the store takes in a minute; `None` when it names no number.
    fn calls_per_minute(&self) -> Option<u32>;
}

/// What is known of an order that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub at: Moment,
    /// Whether what changes nothing a second time may be sent once more, to learn what came of it.
    pub may_repeat: bool,
}

/// What a store shows of a purchase, in a form that only its client reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot(pub String);

/// What was read before sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub snapshot: Snapshot,
    /// Set when the purchase is already as the order wants it.
    pub already: Option<Outcome>,
    /// Set when it cannot be done at all; why, in the other side's own words.
    pub refused: Option<String>,
}

impl Reading {
    /// A reading that shows that it cannot be done.
    pub fn refused(why: String) -> Reading {
        Reading { snapshot: Snapshot::default(), already: None, refused: Some(why) }
    }
}

/// What a store did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The request that it answers.
    pub request: RequestId,
    pub at: Moment,
    /// The store's own number for it.
    pub reference: Option<String>,
    /// What the store said, in its own words.
    pub words: String,
}

/// How a store answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Done(Outcome),
    /// It was accepted, and the store decides later.
    Accepted(Outcome),
    /// The store will not do it; why, in its own words.
    Refused(String),
    /// The order certainly did not arrive, and may be sent later.
    NotSent(Unread),
    /// It may have arrived: the connection broke, the time ran out, or the answer makes no sense.
    Unclear(String),
}

/// The store did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub words: String,
    /// In how many seconds it may be asked again, if it said so.
    pub retry_after: Option<i64>,
}

/// What reading shows about an order whose outcome is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    Done(Outcome),
    /// It was not carried out, and cannot be any more.
    NotDone(String),
    /// Nothing can be told yet.
    NotYet,
    /// Reading will never tell: why, and what a person can do.
    Unknowable(String),
}
