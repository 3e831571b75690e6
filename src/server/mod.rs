//! The application: what it is made of, every route and every layer; whether it is well.

pub mod app;
pub mod health;
