//! How far the events of a customer were applied to their purchases, and whether one more can be applied as it is.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::order::{CauseKey, Position, TOGETHER_MS};
use super::{Fact, Newest};
use crate::base::clock::Moment;
use crate::base::ids::EventId;

/// After so many events about purchases there is a checkpoint.
pub const CHECKPOINT_EVERY: u32 = 32;
/// How many of the last events are remembered with their causes.
const RECENT: usize = 8;
/// How many events from the future are remembered.
const AHEAD: usize = 100;

/// How far the events of a customer were applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The last event about purchases, in the order of effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Position>,
    /// The number of the newest checkpoint; 0 is the beginning, before all events.
    #[serde(default)]
    pub checkpoint: i64,
    /// How many events about purchases were applied since.
    #[serde(default)]
    pub since: u32,
    /// The last of them: their causes and times.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    recent: VecDeque<(CauseKey, Moment)>,
    /// Events up to this time may be missing in `recent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forgotten: Option<Moment>,
    /// Events whose own time is later than the one by which the history finds them (§5.3); too many: `None`.
    #[serde(default = "none_ahead")]
    pub ahead: Option<Vec<EventId>>,
    /// What events said last of the original App User ID, and of the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Newest<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Newest<String>>,
    /// The time of the newest event about purchases that Dossier read somewhere: such events may yield to others (§6.7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_until: Option<Moment>,
    /// The time of the newest event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_event_at: Option<Moment>,
    /// How many purchases in production are not grants, and how many of these are shared by a relative.
    #[serde(default)]
    pub bought: i64,
    #[serde(default)]
    pub shared: i64,
}

fn none_ahead() -> Option<Vec<EventId>> {
    Some(Vec::new())
}

impl Progress {
    /// That of a customer without events.
    pub fn new() -> Progress {
        Progress { ahead: none_ahead(), ..Progress::default() }
    }

    /// Whether the event comes after all applied ones, and none of these has the same cause: then it changes nothing of
    /// what they did.
    pub fn admits(&self, fact: &Fact) -> bool {
        let position = fact.position();
        let at = fact.event.event_at;
        let is_after = self.head.as_ref().is_none_or(|head| *head < position);
        let is_unknown = self.forgotten.is_some_and(|until| at.since(until) <= TOGETHER_MS);
        let has_company = |cause: CauseKey| {
            let same = self.recent.iter().filter(|(other, _)| *other == cause);
            is_unknown || same.into_iter().any(|(_, last)| at.since(*last) <= TOGETHER_MS)
        };
        is_after && !fact.cause().is_some_and(has_company)
    }

    /// Whether an event may be about a transaction of which Dossier read something: then all events have to be looked at, for
    /// one may yield to another (§6.7).
    pub fn may_make_yield(&self, fact: &Fact) -> bool {
        let is_read = fact.event.snapshot.is_some();
        let began_at = fact.event.purchased_at.unwrap_or(Moment::EARLIEST);
        fact.is_about_purchases() && (is_read || self.read_until.is_some_and(|until| began_at <= until.plus_days(1)))
    }

    /// Whether Dossier read any of the events somewhere, and it counts (§6.7).
    pub fn has_read(&self) -> bool {
        self.read_until.is_some()
    }

    /// Whether it is time for a checkpoint.
    pub fn is_long(&self) -> bool {
        self.since >= CHECKPOINT_EVERY
    }

    /// Begins at a checkpoint, at this time, before which events are not known.
    pub fn rewind(&mut self, checkpoint: i64, at: Option<Moment>) {
        self.checkpoint = checkpoint;
        self.since = 0;
        self.recent.clear();
        self.forgotten = at;
        self.head = at.map(|at| Position { at, rank: u8::MAX, id: String::new() });
    }

    /// Notes an event about purchases as applied.
    pub fn apply(&mut self, fact: &Fact) {
        self.head = self.head.take().max(Some(fact.position()));
        self.since += 1;
        let Some(cause) = fact.cause() else { return };
        self.recent.push_back((cause, fact.event.event_at));
        if self.recent.len() > RECENT {
            let oldest = self.recent.pop_front().map(|(_, at)| at);
            self.forgotten = self.forgotten.max(oldest);
        }
    }

    /// Joins what another customer's events said, who was merged into this one. Their events about purchases count as not
    /// applied.
    #[must_use]
    pub fn joined_by(self, other: Progress) -> Progress {
        let ahead = self.ahead.zip(other.ahead).map(|(own, theirs)| [own, theirs].concat());
        Progress {
            ahead: ahead.filter(|ahead| ahead.len() <= AHEAD),
            original: self.original.max(other.original),
            country: self.country.max(other.country),
            read_until: self.read_until.max(other.read_until),
            last_event_at: self.last_event_at.max(other.last_event_at),
            ..self
        }
    }

    /// Notes an event of any type, once.
    pub fn note(&mut self, fact: &Fact) {
        if fact.event.snapshot.is_some() && fact.is_about_purchases() {
            self.read_until = self.read_until.max(Some(fact.event.event_at));
        }
        if fact.event.event_at == fact.event.generated_at() {
            return;
        }
        match &mut self.ahead {
            Some(ahead) if ahead.len() < AHEAD => ahead.push(fact.row),
            Some(_) | None => self.ahead = None,
        }
    }
}
