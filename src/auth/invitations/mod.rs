//! Invitations: a link, sent by an admin by whatever means they like, lets one person join a project once.

pub mod model;
pub mod queries;

pub use model::{DAYS, Invitation, Token};
