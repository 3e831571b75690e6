//! Who may do what: one table. A route names the permission it needs; a template asks the same question.

use std::fmt;

/// What a person is in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    Viewer,
    Support,
    Developer,
    Admin,
}

/// What a role may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    ReadCustomers,
    ReadLists,
    ExportLists,
    ReadSettings,
    ReadRejected,
    ReadPeople,
}

use Permission::{ExportLists, ReadCustomers, ReadLists, ReadPeople, ReadRejected, ReadSettings};

impl Role {
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Support, Role::Developer, Role::Admin];

    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Role::Viewer => &[ReadCustomers, ReadLists, ExportLists],
            Role::Support => &[ReadCustomers, ReadLists],
            Role::Developer => &[ReadCustomers, ReadLists, ReadSettings, ReadRejected],
            Role::Admin => &[ReadCustomers, ReadLists, ExportLists, ReadSettings, ReadRejected, ReadPeople],
        }
    }

    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// As it is stored, typed on the command line and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Support => "support",
            Role::Developer => "developer",
            Role::Admin => "admin",
        }
    }

    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Permission {
    pub const ALL: [Permission; 6] = [ReadCustomers, ReadLists, ExportLists, ReadSettings, ReadRejected, ReadPeople];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_roles_and_permissions() {
        let line = |permission: Permission| {
            let cells = Role::ALL.map(|role| if role.may(permission) { "yes" } else { " . " });
            format!("{:<14} {}", format!("{permission:?}"), cells.join("  "))
        };
        let table = Permission::ALL.map(line).join("\n");
        insta::assert_snapshot!(table, @r"
        ReadCustomers  yes  yes  yes  yes
        ReadLists      yes  yes  yes  yes
        ExportLists    yes   .    .   yes
        ReadSettings    .    .   yes  yes
        ReadRejected    .    .   yes  yes
        ReadPeople      .    .    .   yes
        ");
    }

    #[test]
    fn every_role_is_found_by_its_name() {
        assert!(Role::ALL.into_iter().all(|role| Role::parse(role.name()) == Some(role)));
        assert_eq!(Role::parse("Admin"), None);
    }
}
