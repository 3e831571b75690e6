//! Dossier: the page on which a company looks at one of its subscribers.
//!
//! `src/README.md` is the map: what each module is for, in the order of the one rule that `tests/layers.rs` checks, that a
//! module uses only modules above it.

#![forbid(unsafe_code)]

/// A page is made of thousands of short strings, on one thread and for another that sends it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod actions;
pub mod api;
pub mod audit;
pub mod auth;
pub mod base;
pub mod catalog;
pub mod cli;
pub mod customers;
pub mod db;
pub mod endpoints;
pub mod events;
pub mod explanation;
pub mod ingest;
pub mod jobs;
pub mod live;
pub mod operations;
pub mod pages;
pub mod projection;
pub mod requests;
pub mod server;
pub mod stores;
pub mod web;
pub mod webhooks;
pub mod wording;
