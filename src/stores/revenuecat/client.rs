//! RevenueCat as a [`StoreClient`]: which call asks for what, and what reading proves afterwards (§5.2 and §10.3 of the rules about
//! stores).

use std::sync::Arc;

use super::budget::Urgency;
use super::http::{LONGEST_CALL, Lost, Reply};
use super::session::{Failed, NoReading, Service, Session};
use super::{customers, purchases};
use crate::base::clock::Moment;
use crate::stores::{Answer, Order, Outcome, Proof, Reading, Sent, Snapshot, StoreClient, Unread, Wanted};

/// The longest reading, in calls: two lists, each of which begins no page when the time of a call is over, and one call more.
const CALLS_OF_READING: i64 = 5;

/// The client for all projects that are connected.
pub struct Client {
    pub service: Arc<Service>,
}

impl StoreClient for Client {
    fn read(&self, order: &Order) -> Result<Reading, Unread> {
        let read = self.session(order).and_then(|session| match &order.wanted {
            Wanted::Customer(act) => customers::read(&session, order, act),
            Wanted::Refund(_) | Wanted::Cancel { .. } | Wanted::Resume | Wanted::Extend { .. } => {
                purchases::read(&session, order)
            }
        });
        match read {
            Ok(reading) => Ok(reading),
            Err(NoReading::Away(unread)) => Err(unread),
            Err(NoReading::Denied(words)) => Ok(Reading::refused(words)),
        }
    }

    fn send(&self, order: &Order, before: &Snapshot, deadline: Moment) -> Answer {
        let session = match self.session(order) {
            Ok(session) => session,
            Err(NoReading::Away(unread)) => return Answer::NotSent(unread),
            Err(NoReading::Denied(words)) => return Answer::Refused(words),
        };
        if session.now() > deadline {
            return Answer::NotSent(Unread { words: "It was too late to send it.".into(), retry_after: None });
        }
        match &order.wanted {
            Wanted::Customer(act) => customers::send(&session, order, act, before),
            Wanted::Refund(_) | Wanted::Cancel { .. } | Wanted::Resume | Wanted::Extend { .. } => {
                purchases::send(&session, order, before)
            }
        }
    }

    fn prove(&self, order: &Order, before: &Snapshot, sent: Sent) -> Result<Proof, Unread> {
        let proof = self.session(order).and_then(|session| match &order.wanted {
            Wanted::Customer(act) => customers::prove(&session, order, act, (before, sent)),
            Wanted::Refund(_) | Wanted::Cancel { .. } | Wanted::Resume | Wanted::Extend { .. } => {
                purchases::prove(&session, order, before, sent.at)
            }
        });
        proof.map_err(|no| match no {
            NoReading::Away(unread) => unread,
            NoReading::Denied(words) => Unread { words, retry_after: None },
        })
    }

    fn longest_call(&self) -> i64 {
        CALLS_OF_READING * i64::try_from(LONGEST_CALL).unwrap_or(i64::MAX / 8)
    }

    /// None: each call is counted by itself.
    fn calls_per_minute(&self) -> Option<u32> {
        None
    }
}

impl Client {
    fn session(&self, order: &Order) -> Result<Session<'_>, NoReading> {
        self.service.session(order.project, Urgency::Person)
    }
}

/// What an answer to a call that changes something means. `reference` is the other side's own id of what was changed.
pub fn answer(order: &Order, at: Moment, reference: Option<String>, replied: Result<Reply, Failed>) -> Answer {
    let outcome = || Outcome { request: order.request, at, reference, words: "RevenueCat confirmed it.".into() };
    match replied {
        Ok(reply) => match reply.status {
            202 => Answer::Accepted(outcome()),
            200..300 => Answer::Done(outcome()),
            423 | 429 => Answer::NotSent(Unread { words: reply.words(), retry_after: reply.retry_after }),
            // Whatever stands between may say so after it has handed the call on.
            408 | 425 => Answer::Unclear(reply.words()),
            400..500 => Answer::Refused(reply.words()),
            _ => Answer::Unclear(reply.words()),
        },
        Err(Failed::Budget(unread)) => Answer::NotSent(unread),
        Err(Failed::Lost(Lost::NotSent(words))) => Answer::NotSent(Unread { words, retry_after: None }),
        Err(Failed::Lost(Lost::Unclear(words))) => Answer::Unclear(words),
    }
}

/// What reading showed to be done.
pub fn proved(order: &Order, at: Moment, reference: Option<String>) -> Outcome {
    Outcome { request: order.request, at, reference, words: "Reading at RevenueCat showed that it is done.".into() }
}
