//! Dossier: the page on which a company looks at one of its subscribers.
//!
//! In reading order: the clock and names of rows, money; the store; the facts (`events`) and what follows from them
//! (`state`); whose they are (`customers`).

pub mod clock;
pub mod customers;
pub mod db;
pub mod demo;
pub mod events;
pub mod ids;
pub mod money;
pub mod schema;
pub mod state;
