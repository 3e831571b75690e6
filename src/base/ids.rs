//! Ids of new rows: 64-bit numbers that grow with time. Dossier makes them, never the database.
//!
//! 41 bits are milliseconds since 2024, 10 bits distinguish processes, 12 bits are a counter.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::base::clock::Moment;

/// Makes a type for the ids of one kind of row, so that nobody can pass one kind for another.
macro_rules! row_ids {
    ($($(#[$documentation:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$documentation])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// No id is below this one.
            pub const MIN: $name = $name(i64::MIN);
            /// No id is above this one.
            pub const MAX: $name = $name(i64::MAX);
        }

        impl From<i64> for $name {
            fn from(id: i64) -> $name {
                $name(id)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<$name, ParseIntError> {
                text.parse().map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        /// The number alone, so that a logged query can be read and run.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

row_ids! {
    ProjectId,
    PersonId,
    CustomerId,
    /// A stored event.
    EventId,
    NoteId,
    /// A webhook endpoint.
    EndpointId,
    /// A delivery to a webhook endpoint.
    DeliveryId,
    /// A key of the client API.
    KeyId,
    InvitationId,
    /// A form that was sent.
    SubmissionId,
    /// A deletion of test accounts.
    JobId,
    /// What somebody asked for that a store has to do, or a colleague to agree to.
    RequestId,
    /// A row of any other table.
    RowId,
}

/// 2024-01-01T00:00:00Z, in milliseconds since 1970.
const EPOCH: i64 = 1_704_067_200_000;
const COUNTER_BITS: u32 = 12;
const NODE_BITS: u32 = 10;

/// Makes ids; clones share the counter.
#[derive(Debug, Clone)]
pub struct Ids {
    node: i64,
    /// Milliseconds and counter of the last id.
    last: Arc<Mutex<(i64, i64)>>,
}

impl Ids {
    /// For a process: the bits that distinguish it from others are random.
    pub fn random() -> Ids {
        let mut bytes = [0; 2];
        getrandom::fill(&mut bytes).expect("the system has random bytes");
        Ids::of_node(i64::from(u16::from_le_bytes(bytes)))
    }

    /// For tests, which need the same ids in every run.
    pub fn of_node(node: i64) -> Ids {
        Ids { node: node & ((1 << NODE_BITS) - 1), last: Arc::default() }
    }

    /// The next id, greater than all ids that this value and its clones made before.
    pub fn next<Id: From<i64>>(&self, now: Moment) -> Id {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (millis, counter) = *last;
        let now = (now.millis() - EPOCH).max(0);
        *last = match (now > millis, counter + 1 < 1 << COUNTER_BITS) {
            (true, _) => (now, 0),
            (false, true) => (millis, counter + 1),
            (false, false) => (millis + 1, 0),
        };
        Id::from((last.0 << (NODE_BITS + COUNTER_BITS)) | (self.node << COUNTER_BITS) | last.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_steps_back() {
        let ids = Ids::of_node(7);
        let mut last = 0_i64;
        for step in 0..10_000 {
            let next = ids.next(Moment(EPOCH + 10_000 - step));
            assert!(next > last);
            last = next;
        }
    }
}
