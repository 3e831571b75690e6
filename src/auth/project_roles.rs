//! What a project's settings allow roles besides the table of permissions.

use diesel::prelude::*;

use crate::base::{Permission, Role};
use crate::db::schema::projects;

/// What a project allows roles besides what the table of permissions says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = projects)]
pub struct ProjectRoles {
    /// Whether support and developers may delete customers as well.
    pub others_may_delete: bool,
    /// The lowest role that may download lists of customers.
    pub list_export_role: Role,
}

impl ProjectRoles {
    /// Whether `role` has the permission in this project.
    pub fn allow(self, role: Role, permission: Permission) -> bool {
        let deletes = permission == Permission::DeleteCustomers && self.others_may_delete && role >= Role::Support;
        let exports = permission == Permission::ExportLists && role >= self.list_export_role;
        role.may(permission) || deletes || exports
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_can_allow_others_to_delete_customers_and_to_download_lists_and_nothing_more() {
        let none = ProjectRoles { others_may_delete: false, list_export_role: Role::Admin };
        let some = ProjectRoles { others_may_delete: true, list_export_role: Role::Viewer };
        for permission in Permission::ALL.iter().copied() {
            for role in Role::ALL {
                let deletes = permission == Permission::DeleteCustomers && role != Role::Viewer;
                let is_allowed = deletes || permission == Permission::ExportLists;
                assert_eq!(some.allow(role, permission), role.may(permission) || is_allowed, "{role} {permission:?}");
                assert_eq!(none.allow(role, permission), role.may(permission));
            }
        }
        let developers = ProjectRoles { list_export_role: Role::Developer, ..none };
        let exporting = Role::ALL.map(|role| developers.allow(role, Permission::ExportLists));
        assert_eq!(exporting, [false, false, true, true]);
    }
}
