//! Attributes (§10): the rules for keys and values that somebody types, and the stored values: from events, from the
//! app and from the team.

pub mod changes;
mod key;
pub mod queries;
pub mod reserved;
mod value;

pub use changes::{Changes, Dated, Saved, Update};
pub use key::{AttributeKey, MAX_CUSTOM, MAX_KEY};
pub use queries::{OfEvents, Source, Stored};
pub use value::{MAX_VALUE, Rule, TypedValue, is_address};
