//! Events go out (§5.1): webhook endpoints of a project, the queue in the database, and the sending.
//!
//! What is to be sent is queued in the transaction that stores the event, so nothing is forgotten. Any number of processes
//! work the queue: whoever takes a delivery moves the time it is due, and should they die it comes due again. So a
//! delivery arrives at least once, and is never sent by two at the same moment.
//!
//! `reach` says where deliveries may go at all, `endpoint` what an endpoint wants, `queue` puts in, `lease` takes out,
//! `client` speaks HTTP, `courier` joins them, `worker` runs them beside the server.

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

pub use client::{Answer, Client, TIMEOUT};
pub use courier::Courier;
pub use endpoint::{Endpoint, Environments, MOST};
pub use lease::{LEASE, RETRIES};
pub use prune::prune;
pub use queue::{Source, announce, enqueue_test, forget, resend, resend_failed};
pub use resolver::resolves_to_allowed;
pub use signing::{OVERLAP_HOURS, Secret};
pub use worker::Worker;
