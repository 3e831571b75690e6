//! The order in which events take effect (§6.3): by the time they were generated. Events of one transaction that were
//! generated together are ordered by cause and effect.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::yielding::{Sifted, sift};
use super::{CustomerId, Fact};
use crate::base::clock::Moment;
use crate::events::Store;
use crate::events::kinds::Changes;

/// Events of one transaction at most so many milliseconds apart were generated for the same cause.
pub const TOGETHER_MS: i64 = 1_000;

/// Where an event stands among the events of a customer, before those of one cause are ordered among themselves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    pub at: Moment,
    pub rank: u8,
    /// The id of the event.
    pub id: String,
}

impl Fact {
    pub fn position(&self) -> Position {
        let Fact { event, .. } = self;
        Position { at: event.event_at, rank: event.kind.traits().causal_rank, id: event.id.clone() }
    }

    /// The store and the transaction, where the event changes a purchase and names a transaction.
    pub fn cause(&self) -> Option<CauseKey> {
        let Fact { event, .. } = self;
        let transaction = event.transaction_id.as_deref()?;
        match event.kind.traits().changes {
            Changes::Purchase(_) => Some(CauseKey::new(event.store.as_ref(), transaction)),
            Changes::Nothing | Changes::Transfer | Changes::Balance => None,
        }
    }
}

/// A hash of the store and the transaction of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CauseKey(i64);

impl CauseKey {
    fn new(store: Option<&Store>, transaction: &str) -> CauseKey {
        let store = store.map_or("", Store::as_str);
        let digest = Sha256::new().chain_update(store).chain_update([0]).chain_update(transaction).finalize();
        CauseKey(digest.iter().take(8).fold(0, |sum, byte| (sum << 8) | i64::from(*byte)))
    }
}

/// Facts in the order of effect. Those of the same event come once.
#[derive(Debug, Default)]
pub struct Ordered {
    pub facts: Vec<Fact>,
    /// Whether the first so many facts are all that stand before a position: no later fact was moved among them.
    pub is_whole: Vec<bool>,
    /// The facts that are left out, because others say the same (§6.7).
    pub yielded: Vec<Fact>,
}

/// Puts facts into the order of effect, without those that yield to others. The same set of facts always gets the same order.
pub fn ordered(facts: Vec<Fact>) -> Ordered {
    let Sifted { counting: mut facts, yielded } = sift(facts);
    facts.sort_by_cached_key(Fact::position);
    facts.dedup_by(|one, other| one.event.id == other.event.id);
    let mut is_whole = vec![true; facts.len() + 1];
    for cluster in clusters(&facts) {
        if let (Some(first), Some(last)) = (cluster.first(), cluster.last()) {
            is_whole.iter_mut().take(last + 1).skip(first + 1).for_each(|whole| *whole = false);
        }
        rearrange(&mut facts, cluster);
    }
    Ordered { facts, is_whole, yielded }
}

/// The positions of events of one transaction that follow each other closely, cluster by cluster.
fn clusters(facts: &[Fact]) -> Vec<Vec<usize>> {
    let mut open: HashMap<(CustomerId, CauseKey), Vec<usize>> = HashMap::new();
    let mut done = Vec::new();
    for (place, fact) in facts.iter().enumerate() {
        let Some(cause) = fact.cause() else { continue };
        let cluster = open.entry((fact.customer, cause)).or_default();
        let follows = cluster.last().is_none_or(|&last| follows(fact.event.event_at, facts[last].event.event_at));
        if !follows {
            done.push(std::mem::take(cluster));
        }
        cluster.push(place);
    }
    done.extend(open.into_values());
    done.retain(|cluster| cluster.len() > 1);
    done
}

/// Whether an event follows the last one of its transaction so closely that both have one cause.
pub fn follows(at: Moment, last: Moment) -> bool {
    at.since(last) <= TOGETHER_MS
}

/// Reorders the events of a cluster within the cluster's positions, causes first.
fn rearrange(facts: &mut [Fact], places: Vec<usize>) {
    let mut events: Vec<Fact> = places.iter().map(|&place| facts[place].clone()).collect();
    events.sort_by_key(|fact| fact.event.kind.traits().causal_rank);
    for (place, fact) in places.into_iter().zip(events) {
        facts[place] = fact;
    }
}

/// Sorts what is of one transaction: by time, and by cause among those that follow each other closely.
pub fn sort_by_cause<T, K: Ord>(all: &mut [T], at: impl Fn(&T) -> Moment, cause: impl Fn(&T) -> K) {
    all.sort_by(|one, other| at(one).cmp(&at(other)).then_with(|| cause(one).cmp(&cause(other))));
    for together in all.chunk_by_mut(|last, next| follows(at(next), at(last))) {
        together.sort_by_key(&cause);
    }
}
