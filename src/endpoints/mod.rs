//! Sends events out (§5.1): the webhook endpoints of a project, the queue in the database, and the worker that sends.
//!
//! A delivery is queued in the transaction that stores the event, so none is lost. Any number of processes work the
//! queue. A process that takes a delivery moves its next attempt into the future; if the process dies, the delivery is
//! due again then. So a delivery arrives at least once, and two processes never send it at the same time.
//!
//! `endpoint` decides which events an endpoint wants, `queue` adds deliveries and `lease` takes them out, `resolver`
//! checks addresses against the allowlist, `client` speaks HTTP, `courier` joins these, and `worker` runs them beside
//! the server.

mod body;
mod client;
mod courier;
pub mod deliveries;
mod endpoint;
mod lease;
mod prune;
pub mod queries;
mod queue;
mod resolver;
mod signing;
mod test_event;
mod worker;

pub use client::{Answer, Client, TIMEOUT, agent, describe_error};
pub use courier::Courier;
pub use endpoint::{Endpoint, Environments, MOST};
pub use lease::{LEASE, RETRIES};
pub use prune::prune;
pub use queue::{Announced, Source, announce, enqueue_test, forget, resend, resend_failed};
pub use resolver::{NotAllowed, resolves_to_allowed};
pub use signing::{OVERLAP_HOURS, Secret};
pub use worker::Worker;
