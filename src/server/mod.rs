//! The application: what its handlers share, every route and every layer, its health checks, and the HTTP server.

pub mod app;
mod head_memory;
pub mod health;
pub mod http;
mod socket;
