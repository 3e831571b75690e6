//! The pages people see.

pub mod account;
pub mod directory;
pub mod invitations;
pub mod profile;
pub mod settings;
pub mod store_badge;
