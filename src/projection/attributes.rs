//! Attributes: of all values ever sent for a key, the newest stays (§10.4).

use crate::base::clock::Moment;

/// The newest word on a key; a deletion is remembered with its date, so that an older value cannot come back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributeValue {
    pub updated_at: Moment,
    /// `None`: deleted. Of two writes of the same moment the greater value stays, whichever came first.
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
