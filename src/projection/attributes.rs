//! Attributes: the newest of all values ever sent for a key counts (§10.4).

use crate::base::clock::Moment;

/// The newest value of a key. A deletion is kept with its date, so that an older value cannot return.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributeValue {
    pub updated_at: Moment,
    /// `None` if it was deleted. If two writes have the same time, the greater value counts, whichever came first.
    pub value: Option<String>,
}

impl AttributeValue {
    /// Keeps the newer of the two.
    pub fn merge(&mut self, other: AttributeValue) {
        if other > *self {
            *self = other;
        }
    }
}
