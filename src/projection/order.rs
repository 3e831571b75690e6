//! The order in which events take effect (§6.3): by the time they were generated. Events of one transaction that were
//! generated together are ordered by cause and effect.

use std::collections::HashMap;

use super::{CustomerId, Fact};
use crate::events::Store;

/// A transaction: its customer, its store and its id.
type Transaction<'a> = (CustomerId, Option<&'a Store>, &'a str);

/// Events of one transaction at most so many milliseconds apart were generated for the same cause.
const TOGETHER_MS: i64 = 1_000;

/// Sorts facts into the order of effect. The same set of facts always gets the same order.
pub fn sort(facts: &mut [Fact]) {
    facts.sort_by(|a, b| {
        (a.event.event_at, a.event.kind.traits().causal_rank, &a.event.id).cmp(&(
            b.event.event_at,
            b.event.kind.traits().causal_rank,
            &b.event.id,
        ))
    });
    for cluster in clusters(facts) {
        rearrange(facts, cluster);
    }
}

/// The positions of events of one transaction that follow each other closely, cluster by cluster.
fn clusters(facts: &[Fact]) -> Vec<Vec<usize>> {
    let mut open: HashMap<Transaction<'_>, Vec<usize>> = HashMap::new();
    let mut done = Vec::new();
    for (place, fact) in facts.iter().enumerate() {
        let Some(transaction) = fact.event.transaction_id.as_deref() else { continue };
        let cluster = open.entry((fact.customer, fact.event.store.as_ref(), transaction)).or_default();
        let follows =
            cluster.last().is_none_or(|&last| fact.event.event_at.since(facts[last].event.event_at) <= TOGETHER_MS);
        if !follows {
            done.push(std::mem::take(cluster));
        }
        cluster.push(place);
    }
    done.extend(open.into_values());
    done.retain(|cluster| cluster.len() > 1);
    done
}

/// Reorders the events of a cluster within the cluster's positions, causes first.
fn rearrange(facts: &mut [Fact], places: Vec<usize>) {
    let mut events: Vec<Fact> = places.iter().map(|&place| facts[place].clone()).collect();
    events.sort_by_key(|fact| fact.event.kind.traits().causal_rank);
    for (place, fact) in places.into_iter().zip(events) {
        facts[place] = fact;
    }
}
