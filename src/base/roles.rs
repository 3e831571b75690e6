//! Who may do what, in one table. A route names the permission it needs, and a template checks the same permission.

use std::fmt;

/// The role of a person in a project, or of a secret key. Each may what the one before it may, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Role {
    Viewer,
    Support,
    Developer,
    Admin,
}

/// Makes the permissions from the table of who has them. An admin has all of them, so no row names admins.
macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: [$($role:ident),*] $words:literal),+ $(,)?) => {
        /// Something that a role may or may not do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name,)+
        }

        impl Permission {
            pub const ALL: &'static [Permission] = &[$(Permission::$name,)+];

            /// What the permission allows, as a verb: `write notes`.
            pub const fn words(self) -> &'static str {
                match self { $(Permission::$name => $words,)+ }
            }

            /// The roles besides admin that have it.
            const fn roles(self) -> &'static [Role] {
                match self { $(Permission::$name => &[$(Role::$role),*],)+ }
            }
        }
    };
}

permissions! {
    ReadCustomers: [Viewer, Support, Developer] "see customers",
    ReadLists: [Viewer, Support, Developer] "see lists of customers",
    ExportLists: [] "download lists of customers",
    /// See the team's actions in a customer's history.
    ReadTeam: [Support, Developer] "see what the team did",
    WriteNotes: [Support, Developer] "write notes",
    EditAttributes: [Support, Developer] "change attributes",
    OverrideOffering: [Support, Developer] "choose offerings",
    GrantEntitlements: [Support, Developer] "grant entitlements",
    /// Change balances of virtual currencies.
    AdjustBalances: [Support, Developer] "change balances",
    TransferPurchases: [Support, Developer] "move purchases",
    /// Refund, cancel and extend them, and post receipts for customers.
    ChangePurchases: [Support, Developer] "change purchases",
    /// Download everything that is stored about a customer.
    ExportCustomers: [Support, Developer] "see everything held on a customer",
    /// Send an event again to an endpoint it was queued for.
    ResendDeliveries: [Support, Developer] "send events again",
    /// Delete customers, and block them, which deletes them as well.
    DeleteCustomers: [] "delete or block customers",
    DeleteTestAccounts: [] "delete test accounts",
    ReadSettings: [Developer] "see the settings",
    ReadRejected: [Developer] "see rejected deliveries",
    ManageCatalog: [Developer] "change the catalog",
    /// Replace the project's webhook secret.
    ManageSecrets: [Developer] "replace secrets",
    /// Make and revoke public keys of apps.
    ManageKeys: [Developer] "make public API keys",
    /// Make and revoke secret keys of servers, change their roles, and answer for keys of people who have left.
    ManageSecretKeys: [] "manage secret keys",
    /// Change the webhook endpoints that events are sent to.
    ManageEndpoints: [Developer] "change webhook endpoints",
    /// Connect the project to RevenueCat, and whatever its keys can do there.
    ManageConnections: [] "manage connections",
    ManageProject: [] "change the project",
    ReadPeople: [] "see the project's people",
    ManagePeople: [] "change the project's people",
    ReadAudit: [] "see the audit log",
}

impl Permission {
    /// Whether it allows to see something, and to change nothing.
    pub const fn only_reads(self) -> bool {
        matches!(
            self,
            Permission::ReadCustomers
                | Permission::ReadLists
                | Permission::ExportLists
                | Permission::ReadTeam
                | Permission::ExportCustomers
                | Permission::ReadSettings
                | Permission::ReadRejected
                | Permission::ReadPeople
                | Permission::ReadAudit
        )
    }
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Support, Role::Developer, Role::Admin];

    pub fn may(self, permission: Permission) -> bool {
        self == Role::Admin || permission.roles().contains(&self)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_roles_and_permissions() {
        let line = |permission: Permission| {
            let cells = Role::ALL.map(|role| if role.may(permission) { "yes" } else { " . " });
            format!("{:<18} {}", format!("{permission:?}"), cells.join("  "))
        };
        let table = Permission::ALL.iter().copied().map(line).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(table, @r"
        ReadCustomers      yes  yes  yes  yes
        ReadLists          yes  yes  yes  yes
        ExportLists         .    .    .   yes
        ReadTeam            .   yes  yes  yes
        WriteNotes          .   yes  yes  yes
        EditAttributes      .   yes  yes  yes
        OverrideOffering    .   yes  yes  yes
        GrantEntitlements   .   yes  yes  yes
        AdjustBalances      .   yes  yes  yes
        TransferPurchases   .   yes  yes  yes
        ChangePurchases     .   yes  yes  yes
        ExportCustomers     .   yes  yes  yes
        ResendDeliveries    .   yes  yes  yes
        DeleteCustomers     .    .    .   yes
        DeleteTestAccounts  .    .    .   yes
        ReadSettings        .    .   yes  yes
        ReadRejected        .    .   yes  yes
        ManageCatalog       .    .   yes  yes
        ManageSecrets       .    .   yes  yes
        ManageKeys          .    .   yes  yes
        ManageSecretKeys    .    .    .   yes
        ManageEndpoints     .    .   yes  yes
        ManageConnections   .    .    .   yes
        ManageProject       .    .    .   yes
        ReadPeople          .    .    .   yes
        ManagePeople        .    .    .   yes
        ReadAudit           .    .    .   yes
        ");
    }

    #[test]
    fn each_role_may_what_the_one_before_it_may() {
        for pair in Role::ALL.windows(2) {
            assert!(Permission::ALL.iter().all(|permission| pair[1].may(*permission) || !pair[0].may(*permission)));
        }
    }

    #[test]
    fn every_role_is_found_by_its_name() {
        assert!(Role::ALL.into_iter().all(|role| Role::parse(role.name()) == Some(role)));
        assert_eq!(Role::parse("Admin"), None);
    }
}
