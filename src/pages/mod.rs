//! The pages people see.

pub mod directory;
pub mod invitations;
pub mod store_badge;
