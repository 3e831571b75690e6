//! A member as the list shows them, and the rule that a project keeps an admin.

use crate::base::Role;
use crate::base::clock::Moment;

/// Who stands under what an erased person wrote.
pub const FORMER: &str = "A former member";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: i64,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub has_second_factor: bool,
    pub seen_at: Option<Moment>,
}

/// Whether somebody of this role may stop being what they are.
///
/// # Errors
/// One sentence: they are the last admin.
pub fn may_leave_admins(role: Role, admins: usize) -> Result<(), &'static str> {
    match role {
        Role::Admin if admins <= 1 => Err("This is the project's last admin. Make somebody else an admin first."),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_admin_stays_one() {
        assert!(may_leave_admins(Role::Admin, 1).is_err());
        assert!(may_leave_admins(Role::Admin, 2).is_ok());
        assert!(may_leave_admins(Role::Viewer, 1).is_ok());
    }
}
