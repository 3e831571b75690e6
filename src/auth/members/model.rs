//! A member as the list shows them, and the rule that a project keeps at least one admin.

use diesel::prelude::*;

use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::ids::PersonId;
use crate::db::schema::{memberships, people};

/// The name shown for a person whose name was erased.
pub const FORMER: &str = "A former member";

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = people)]
pub struct Line {
    pub id: PersonId,
    pub name: String,
    pub email: String,
    #[diesel(select_expression = memberships::role)]
    pub role: Role,
    #[diesel(select_expression = people::second_factor_at.is_not_null())]
    pub has_second_factor: bool,
    pub seen_at: Option<Moment>,
}

/// Whether a member with this role may lose it or leave.
///
/// # Errors
/// One sentence, when this is the last admin of the project.
pub fn may_leave_admins(role: Role, admins: usize) -> Result<(), &'static str> {
    match role == Role::Admin && admins <= 1 {
        true => Err("This is the project's last admin. Make somebody else an admin first."),
        false => Ok(()),
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
