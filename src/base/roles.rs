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
    /// See in a customer's history what the team did.
    ReadTeam,
    WriteNotes,
    EditAttributes,
    OverrideOffering,
    GrantEntitlements,
    TransferPurchases,
    BlockCustomers,
    /// Everything that is held on one customer, as a file.
    ExportCustomers,
    /// Send an event once more to an endpoint it was queued for.
    ResendDeliveries,
    DeleteCustomers,
    DeleteTestAccounts,
    ReadSettings,
    ReadRejected,
    ManageCatalog,
    /// The project's webhook secret.
    ManageSecrets,
    /// The keys of the client API.
    ManageKeys,
    /// Where events are sent.
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

/// What a support agent may; developers and admins may more.
const HELPING: [Permission; 11] = [
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
            Role::Support => HELPING.contains(&permission),
            Role::Developer => {
                matches!(
                    permission,
                    ReadSettings | ReadRejected | ManageCatalog | ManageSecrets | ManageKeys | ManageEndpoints
                ) || HELPING.contains(&permission)
            }
            Role::Admin => true,
        }
    }

    /// What the role may in a project: deleting customers can be opened to support and developers there.
    pub fn may_in(self, others_may_delete: bool, permission: Permission) -> bool {
        let is_other = matches!(self, Role::Support | Role::Developer);
        self.may(permission) || (permission == DeleteCustomers && others_may_delete && is_other)
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

    /// What it lets people do: `write notes`.
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
        ManageEndpoints  .    .   yes  yes
        ManageProject       .    .    .   yes
        ReadPeople          .    .    .   yes
        ManagePeople        .    .    .   yes
        ReadAudit           .    .    .   yes
        ");
    }

    #[test]
    fn a_project_lets_support_and_developers_delete_customers_and_nothing_more() {
        for permission in Permission::ALL {
            for role in Role::ALL {
                let is_let = permission == DeleteCustomers && matches!(role, Role::Support | Role::Developer);
                assert_eq!(role.may_in(true, permission), role.may(permission) || is_let, "{role} {permission:?}");
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
