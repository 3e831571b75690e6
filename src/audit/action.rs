//! The actions that the audit log records (§14). Each has a name in the log, in snake case and past tense, and
//! words for pages.

macro_rules! actions {
    ($($variant:ident $name:literal $words:literal),+ $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($variant,)+
        }

        impl Action {
            pub const ALL: &'static [Action] = &[$(Action::$variant,)+];

            /// The name in the log: `note_created`.
            pub const fn name(self) -> &'static str {
                match self { $(Action::$variant => $name,)+ }
            }

            /// The words that follow the actor's name on pages: `added a note`.
            pub const fn words(self) -> &'static str {
                match self { $(Action::$variant => $words,)+ }
            }
        }
    };
}

actions! {
    NoteCreated "note_created" "added a note",
    NoteUpdated "note_updated" "edited a note",
    NoteDeleted "note_deleted" "deleted a note",
    AttributeSet "attribute_set" "set an attribute",
    AttributeDeleted "attribute_deleted" "cleared an attribute",
    OfferingOverrideSet "offering_override_set" "chose another offering",
    OfferingOverrideCleared "offering_override_cleared" "went back to the default offering",
    TestCustomerMarked "test_customer_marked" "marked a customer as their test customer",
    TestCustomerUnmarked "test_customer_unmarked" "unmarked a test customer",
    ProjectUpdated "project_updated" "changed the project's settings",
    WebhookSecretReplaced "webhook_secret_replaced" "replaced the webhook's Authorization value",
    WebhookSecretEnded "webhook_secret_ended" "ended the webhook's old Authorization value",
    ApiKeyCreated "api_key_created" "made an API key",
    ApiKeyRevoked "api_key_revoked" "revoked an API key",
    EndpointCreated "endpoint_created" "added a webhook endpoint",
    EndpointUpdated "endpoint_updated" "changed a webhook endpoint",
    EndpointEnabled "endpoint_enabled" "switched a webhook endpoint on",
    EndpointDisabled "endpoint_disabled" "switched a webhook endpoint off",
    EndpointSecretReplaced "endpoint_secret_replaced" "replaced the signing secret of a webhook endpoint",
    EndpointTested "endpoint_tested" "sent a test event",
    EndpointDeleted "endpoint_deleted" "deleted a webhook endpoint",
    WebhookResent "webhook_resent" "sent an event again",
    CatalogApplied "catalog_applied" "applied a catalog file",
    ProductCreated "product_created" "added a product",
    ProductUpdated "product_updated" "changed a product",
    ProductDeleted "product_deleted" "deleted a product",
    EntitlementCreated "entitlement_created" "added an entitlement",
    EntitlementUpdated "entitlement_updated" "changed an entitlement",
    EntitlementDeleted "entitlement_deleted" "deleted an entitlement",
    ProductAttached "product_attached" "attached a product to an entitlement",
    ProductDetached "product_detached" "detached a product from an entitlement",
    OfferingCreated "offering_created" "added an offering",
    OfferingUpdated "offering_updated" "changed an offering",
    OfferingDeleted "offering_deleted" "deleted an offering",
    OfferingArchived "offering_archived" "archived an offering",
    OfferingUnarchived "offering_unarchived" "took an offering out of the archive",
    DefaultOfferingChanged "default_offering_changed" "chose the default offering",
    PackageCreated "package_created" "added a package",
    PackageUpdated "package_updated" "changed a package",
    PackageDeleted "package_deleted" "deleted a package",
    AuditExported "audit_exported" "downloaded the audit log",
    SignedIn "user_signed_in" "logged in",
    SignInFailed "sign_in_failed" "failed to log in",
    SignedOut "signed_out" "logged out",
    AuthorizationRefused "authorization_refused" "was not allowed to",
    SessionsEnded "sessions_ended" "logged out elsewhere",
    NameChanged "name_changed" "changed their name",
    PasswordChanged "password_changed" "changed their password",
    SecondFactorEnabled "second_factor_enabled" "switched on their second factor",
    SecondFactorDisabled "second_factor_disabled" "switched off their second factor",
    RecoveryCodesReplaced "recovery_codes_replaced" "made new recovery codes",
    MemberInvited "member_invited" "invited somebody",
    InvitationWithdrawn "invitation_withdrawn" "withdrew an invitation",
    MemberJoined "member_joined" "joined the project",
    MemberRoleChanged "member_role_changed" "changed somebody's role",
    MemberRemoved "member_removed" "removed somebody",
    SecondFactorRequired "second_factor_required" "changed whether a second factor is required",
    EntitlementGranted "entitlement_granted" "granted an entitlement",
    EntitlementRevoked "entitlement_revoked" "removed a granted entitlement",
    TestPurchaseMade "test_purchase_made" "bought in the Test Store",
    PurchasesTransferred "purchases_transferred" "moved the purchases to another customer",
    CustomerCreated "customer_created" "added a customer",
    PurchaseRefunded "purchase_refunded" "refunded a purchase",
    SubscriptionCancelled "subscription_cancelled" "switched off a renewal",
    CustomerDeleted "customer_deleted" "deleted a customer",
    CustomerBlocked "customer_blocked" "blocked a customer",
    CustomerUnblocked "customer_unblocked" "unblocked a customer",
    CustomersExported "customers_exported" "downloaded a list of customers",
    CustomerExported "customer_exported" "viewed all data of a customer",
    TestAccountsChosen "test_accounts_chosen" "asked to delete test accounts",
    TestAccountsDeleted "test_accounts_deleted" "deleted test accounts",
}

impl Action {
    /// Finds an action by its name in the log; `None` for a name that this version does not know.
    pub fn parse(name: &str) -> Option<Action> {
        Action::ALL.iter().copied().find(|action| action.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_snake_case_and_parses_to_its_action() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.name()), Some(*action));
            assert!(action.name().chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'));
        }
        assert_eq!(Action::parse("other"), None);
    }
}
