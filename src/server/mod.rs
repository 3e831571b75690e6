//! The application: what its handlers share, every route and every layer, and its health checks.

pub mod app;
pub mod health;
