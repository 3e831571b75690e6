//! Webhook events: parsing them leniently, and the events that Dossier itself makes. Stored events are kept for ever.

mod delivery;
mod event;
pub mod history;
pub mod json;
pub mod kinds;
pub mod own;
mod read;
pub mod redaction;
mod summary;

pub use delivery::{Delivery, MAX_BODY, Rejection};
pub use event::{Adjustment, AttributeUpdate, Enrolment, Environment, Event, Item};
pub use kinds::{EventType, PeriodType, Reason, Store};
pub use summary::Summary;
