//! Who may do what, in one table. A route names the permission it needs, and a template checks the same permission.

use std::fmt;

/// The role of a person in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    Viewer,
    Support,
    Developer,
    Admin,
}

/// Something that a role may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    ReadCustomers,
    ReadLists,
    ExportLists,
    /// See the team's actions in a customer's history.
    ReadTeam,
    WriteNotes,
    EditAttributes,
    OverrideOffering,
    GrantEntitlements,
    TransferPurchases,
    BlockCustomers,
    /// Download everything that is stored about a customer.
    ExportCustomers,
    /// Send an event again to an endpoint it was queued for.
    ResendDeliveries,
    DeleteCustomers,
    DeleteTestAccounts,
    ReadSettings,
    ReadRejected,
    ManageCatalog,
    /// Replace the project's webhook secret.
    ManageSecrets,
    /// Make and revoke keys of the client API.
    ManageKeys,
    /// Change the webhook endpoints that events are sent to.
    ManageEndpoints,
    ManageProject,
    ReadPeople,
    ManagePeople,
    ReadAudit,
}

use Permission::{
    BlockCustomers, DeleteCustomers, DeleteTestAccounts, EditAttributes, ExportCustomers, ExportLists,
    GrantEntitlements, ManageCatalog, ManageEndpoints, ManageKeys, ManagePeople, ManageProject, ManageSecrets,
    OverrideOffering, ReadAudit, ReadCustomers, ReadLists, ReadPeople, ReadRejected, ReadSettings, ReadTeam,
    ResendDeliveries, TransferPurchases, WriteNotes,
};

/// What support may do. Developers and admins may do this and more.
const SUPPORT_PERMISSIONS: [Permission; 11] = [
    ReadCustomers,
    ReadLists,
    ReadTeam,
    WriteNotes,
    EditAttributes,
    OverrideOffering,
    GrantEntitlements,
    TransferPurchases,
    BlockCustomers,
    ExportCustomers,
    ResendDeliveries,
];

impl Role {
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Support, Role::Developer, Role::Admin];

    pub fn may(self, permission: Permission) -> bool {
        match self {
            Role::Viewer => matches!(permission, ReadCustomers | ReadLists | ExportLists),
            Role::Support => SUPPORT_PERMISSIONS.contains(&permission),
            Role::Developer => {
                matches!(
                    permission,
                    ReadSettings | ReadRejected | ManageCatalog | ManageSecrets | ManageKeys | ManageEndpoints
                ) || SUPPORT_PERMISSIONS.contains(&permission)
            }
            Role::Admin => true,
        }
    }

    /// Whether the role has the permission in a project. A project with `others_may_delete` also lets support and
    /// developers delete customers.
    pub fn may_in(self, others_may_delete: bool, permission: Permission) -> bool {
        let is_other = matches!(self, Role::Support | Role::Developer);
        self.may(permission) || (permission == DeleteCustomers && others_may_delete && is_other)
    }

    /// The name as it is stored, typed on the command line and shown.
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
    pub const ALL: [Permission; 24] = [
        ReadCustomers,
        ReadLists,
        ExportLists,
        ReadTeam,
        WriteNotes,
        EditAttributes,
        OverrideOffering,
        GrantEntitlements,
        TransferPurchases,
        BlockCustomers,
        ExportCustomers,
        ResendDeliveries,
        DeleteCustomers,
        DeleteTestAccounts,
        ReadSettings,
        ReadRejected,
        ManageCatalog,
        ManageSecrets,
        ManageKeys,
        ManageEndpoints,
        ManageProject,
        ReadPeople,
        ManagePeople,
        ReadAudit,
    ];

    /// What the permission allows, as a verb: `write notes`.
    pub const fn words(self) -> &'static str {
        match self {
            ReadCustomers => "see customers",
            ReadLists => "see lists of customers",
            ExportLists => "download lists of customers",
            ReadTeam => "see what the team did",
            WriteNotes => "write notes",
            EditAttributes => "change attributes",
            OverrideOffering => "choose offerings",
            GrantEntitlements => "grant entitlements",
            TransferPurchases => "move purchases",
            BlockCustomers => "block customers",
            ExportCustomers => "see everything held on a customer",
            ResendDeliveries => "send events again",
            DeleteCustomers => "delete customers",
            DeleteTestAccounts => "delete test accounts",
            ReadSettings => "see the settings",
            ReadRejected => "see rejected deliveries",
            ManageCatalog => "change the catalog",
            ManageSecrets => "replace secrets",
            ManageKeys => "make API keys",
            ManageEndpoints => "change webhook endpoints",
            ManageProject => "change the project",
            ReadPeople => "see the project's people",
            ManagePeople => "change the project's people",
            ReadAudit => "see the audit log",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_roles_and_permissions() {
        let line = |permission: Permission| {
            let cells = Role::ALL.map(|role| if role.may(permission) { "yes" } else { " . " });
            format!("{:<18} {}", format!("{permission:?}"), cells.join("  "))
        };
        let table = Permission::ALL.map(line).join("\n");
        insta::assert_snapshot!(table, @r"
        ReadCustomers      yes  yes  yes  yes
        ReadLists          yes  yes  yes  yes
        ExportLists        yes   .    .   yes
        ReadTeam            .   yes  yes  yes
        WriteNotes          .   yes  yes  yes
        EditAttributes      .   yes  yes  yes
        OverrideOffering    .   yes  yes  yes
        GrantEntitlements   .   yes  yes  yes
        TransferPurchases   .   yes  yes  yes
        BlockCustomers      .   yes  yes  yes
        ExportCustomers     .   yes  yes  yes
        ResendDeliveries    .   yes  yes  yes
        DeleteCustomers     .    .    .   yes
        DeleteTestAccounts  .    .    .   yes
        ReadSettings        .    .   yes  yes
        ReadRejected        .    .   yes  yes
        ManageCatalog       .    .   yes  yes
        ManageSecrets       .    .   yes  yes
        ManageKeys          .    .   yes  yes
        ManageEndpoints     .    .   yes  yes
        ManageProject       .    .    .   yes
        ReadPeople          .    .    .   yes
        ManagePeople        .    .    .   yes
        ReadAudit           .    .    .   yes
        ");
    }

    #[test]
    fn a_project_can_allow_support_and_developers_to_delete_customers_and_nothing_more() {
        for permission in Permission::ALL {
            for role in Role::ALL {
                let is_allowed = permission == DeleteCustomers && matches!(role, Role::Support | Role::Developer);
                assert_eq!(role.may_in(true, permission), role.may(permission) || is_allowed, "{role} {permission:?}");
                assert_eq!(role.may_in(false, permission), role.may(permission));
            }
        }
    }

    #[test]
    fn every_role_is_found_by_its_name() {
        assert!(Role::ALL.into_iter().all(|role| Role::parse(role.name()) == Some(role)));
        assert_eq!(Role::parse("Admin"), None);
    }
}
