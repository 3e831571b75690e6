//! The whole program behind its own door: requests in, answers out, on a database of each test's own.

mod account;
mod away;
mod deleting;
mod erasing;
mod finding;
mod forms;
mod giving;
mod grants;
mod history;
mod importing;
mod ingestion;
mod invitations;
mod lists;
mod members;
mod notes;
mod people;
mod plans;
mod profile;
mod routes;
mod safety;
mod second_factor;
mod settings;
mod support;
mod transfer;
mod webhooks;
