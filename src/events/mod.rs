//! Webhook events: parsing them leniently, and the events that Dossier itself makes. Stored events are kept for ever.

mod delivery;
mod digest;
mod event;
pub mod history;
pub mod json;
pub mod key;
pub mod kinds;
pub mod own;
mod read;
pub mod redaction;
mod stored;
mod summary;

pub use delivery::{Delivery, MAX_BODY, Rejection, StoredForm};
pub use digest::Digest;
pub use event::{Adjustment, AttributeUpdate, Enrolment, Environment, Event, Item, Origin, Snapshot};
pub use key::event_key;
pub use kinds::{EventType, PeriodType, Reason, Store};
pub use stored::{Damaged, StoredBody};
pub use summary::Summary;
