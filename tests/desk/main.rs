//! The whole program behind its own door: requests in, answers out, on a database of each test's own.

mod audit;
mod audit_chain;
mod away;
mod erasing;
mod finding;
mod forms;
mod giving;
mod history;
mod importing;
mod ingestion;
mod lists;
mod notes;
mod people;
mod plans;
mod profile;
mod routes;
mod safety;
mod settings;
mod support;
mod team_history;
mod webhooks;
