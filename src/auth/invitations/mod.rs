//! Invitations: a link that lets one person join a project, once. An admin sends it in whatever way they like.

pub mod model;
pub mod queries;

pub use model::{DAYS, Invitation, OpenInvitation, Token};
