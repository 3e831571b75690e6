//! Who had a purchase before: the transfers that moved it.

use serde::{Deserialize, Serialize};

use super::payments::Revenue;
use crate::base::clock::Moment;
use crate::base::ids::EventId;

/// A transfer that moved a purchase (§7.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The row of the event.
    pub by: EventId,
    pub at: Moment,
    /// The product of then.
    pub product_id: String,
    /// What the purchase had brought by then.
    pub brought: Revenue,
}

/// How many transfers a purchase remembers: the newest.
const MOST: usize = 50;

/// Remembers a transfer.
pub(super) fn add(moves: &mut Vec<Move>, new: impl IntoIterator<Item = Move>) {
    moves.extend(new);
    moves.sort_by_key(|one| (one.at, one.by));
    let surplus = moves.len().saturating_sub(MOST);
    moves.drain(..surplus);
}
