//! Dossier: the page on which a company looks at one of its subscribers.
//!
//! In reading order: the clock and names of rows, money; the store; the facts (`events`) and what follows from them
//! (`state`); whose they are (`customers`).

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
pub mod server;
pub mod web;
pub mod webhooks;
pub mod wording;
