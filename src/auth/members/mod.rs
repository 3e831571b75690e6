//! The people of a project: their roles, and how they leave.

mod model;
pub mod queries;

pub use model::{FORMER, Line, may_leave_admins};
