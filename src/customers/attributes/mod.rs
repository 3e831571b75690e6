//! Attributes (§10): what a key and a value may be when somebody types them, and the values that are set here rather than
//! told by events.

mod key;
pub mod queries;
pub mod reserved;
mod value;

pub use key::{AttributeKey, MAX_CUSTOM, MAX_KEY};
pub use queries::Stored;
pub use value::{MAX_VALUE, Rule, TypedValue, is_address};
