//! The actions that the audit log records (§14). Each has a name in the log, in snake case and past tense, words for
//! pages, and what it is about.

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A customer, but nothing that their app fetches.
    Customer,
    /// The attributes, the offering or the access of a customer, which their app fetches.
    Attributes,
    Offering,
    Access,
    /// The project, its settings, or several customers.
    Project,
    /// The account or the membership of the person who acts.
    Account,
    /// Another person, whom the details name.
    Colleague,
}

impl About {
    /// Whether the details may be blanked when a person is erased. They name no customer.
    pub const fn is_people(self) -> bool {
        match self {
            About::Account | About::Colleague => true,
            About::Customer | About::Attributes | About::Offering | About::Access | About::Project => false,
        }
    }
}

macro_rules! actions {
    ($($variant:ident $name:literal $words:literal $about:ident),+ $(,)?) => {
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

            pub const fn about(self) -> About {
                match self { $(Action::$variant => About::$about,)+ }
            }
        }
    };
}

actions! {
    NoteCreated "note_created" "added a note" Customer,
    NoteUpdated "note_updated" "edited a note" Customer,
    NoteDeleted "note_deleted" "deleted a note" Customer,
    AttributeSet "attribute_set" "set an attribute" Attributes,
    AttributeDeleted "attribute_deleted" "cleared an attribute" Attributes,
    OfferingOverrideSet "offering_override_set" "chose another offering" Offering,
    OfferingOverrideCleared "offering_override_cleared" "went back to the default offering" Offering,
    TestCustomerMarked "test_customer_marked" "marked a customer as their test customer" Customer,
    TestCustomerUnmarked "test_customer_unmarked" "unmarked a test customer" Customer,
    CustomerRefreshed "customer_refreshed" "compared a customer with RevenueCat" Customer,
    ProjectUpdated "project_updated" "changed the project's settings" Project,
    WebhookSecretReplaced "webhook_secret_replaced" "replaced the webhook's Authorization value" Project,
    WebhookSecretEnded "webhook_secret_ended" "ended the webhook's old Authorization value" Project,
    ApiKeyCreated "api_key_created" "made an API key" Project,
    ApiKeyRevoked "api_key_revoked" "revoked an API key" Project,
    ApiKeyRoleChanged "api_key_role_changed" "changed the role of an API key" Project,
    ApiKeyKept "api_key_kept" "answers for an API key" Project,
    EndpointCreated "endpoint_created" "added a webhook endpoint" Project,
    EndpointUpdated "endpoint_updated" "changed a webhook endpoint" Project,
    EndpointEnabled "endpoint_enabled" "switched a webhook endpoint on" Project,
    EndpointDisabled "endpoint_disabled" "switched a webhook endpoint off" Project,
    EndpointSecretReplaced "endpoint_secret_replaced" "replaced the signing secret of a webhook endpoint" Project,
    EndpointTested "endpoint_tested" "sent a test event" Project,
    EndpointDeleted "endpoint_deleted" "deleted a webhook endpoint" Project,
    WebhookResent "webhook_resent" "sent an event again" Customer,
    ConnectionMade "connection_made" "connected the project" Project,
    ConnectionKeysReplaced "connection_keys_replaced" "replaced the keys of a connection" Project,
    ConnectionChecked "connection_checked" "checked a connection" Project,
    ConnectionSuspended "connection_suspended" "suspended a connection" Project,
    ConnectionResumed "connection_resumed" "let a suspended connection act" Project,
    ConnectionEnded "connection_ended" "disconnected the project" Project,
    OnlyHerePushed "only_here_pushed" "had pushed to RevenueCat what existed only here" Project,
    OnlyHereKept "only_here_kept" "keeps here what exists only here" Project,
    CatalogApplied "catalog_applied" "applied a catalog file" Project,
    CatalogCompared "catalog_compared" "compared the catalog with RevenueCat" Project,
    CatalogTaken "catalog_taken" "took over the catalog of RevenueCat" Project,
    SampleChanged "sample_changed" "changed how many customers are compared every night" Project,
    CatalogStepChanged "catalog_step_changed" "changed whether the catalog is kept in step" Project,
    ProductCreated "product_created" "added a product" Project,
    ProductUpdated "product_updated" "changed a product" Project,
    ProductDeleted "product_deleted" "deleted a product" Project,
    EntitlementCreated "entitlement_created" "added an entitlement" Project,
    EntitlementUpdated "entitlement_updated" "changed an entitlement" Project,
    EntitlementDeleted "entitlement_deleted" "deleted an entitlement" Project,
    ProductAttached "product_attached" "attached a product to an entitlement" Project,
    ProductDetached "product_detached" "detached a product from an entitlement" Project,
    OfferingCreated "offering_created" "added an offering" Project,
    OfferingUpdated "offering_updated" "changed an offering" Project,
    OfferingDeleted "offering_deleted" "deleted an offering" Project,
    OfferingArchived "offering_archived" "archived an offering" Project,
    OfferingUnarchived "offering_unarchived" "took an offering out of the archive" Project,
    DefaultOfferingChanged "default_offering_changed" "chose the default offering" Project,
    PackageCreated "package_created" "added a package" Project,
    PackageUpdated "package_updated" "changed a package" Project,
    PackageDeleted "package_deleted" "deleted a package" Project,
    AuditExported "audit_exported" "downloaded the audit log" Project,
    SignedIn "user_signed_in" "logged in" Account,
    SignInFailed "sign_in_failed" "failed to log in" Account,
    SignedOut "signed_out" "logged out" Account,
    AuthorizationRefused "authorization_refused" "was not allowed to" Project,
    SessionsEnded "sessions_ended" "logged out elsewhere" Account,
    NameChanged "name_changed" "changed their name" Account,
    PasswordChanged "password_changed" "changed their password" Account,
    PasswordReplaced "password_replaced" "replaced somebody's password" Colleague,
    SecondFactorEnabled "second_factor_enabled" "switched on their second factor" Account,
    SecondFactorDisabled "second_factor_disabled" "switched off their second factor" Account,
    RecoveryCodesReplaced "recovery_codes_replaced" "made new recovery codes" Account,
    MemberInvited "member_invited" "invited somebody" Colleague,
    InvitationWithdrawn "invitation_withdrawn" "withdrew an invitation" Colleague,
    MemberAdded "member_added" "added somebody" Colleague,
    MemberJoined "member_joined" "joined the project" Account,
    MemberRoleChanged "member_role_changed" "changed somebody's role" Colleague,
    MemberRemoved "member_removed" "removed somebody" Colleague,
    SecondFactorRequired "second_factor_required" "changed whether a second factor is required" Account,
    EntitlementGranted "entitlement_granted" "granted an entitlement" Access,
    EntitlementRevoked "entitlement_revoked" "removed a granted entitlement" Access,
    TestPurchaseMade "test_purchase_made" "bought in the Test Store" Customer,
    PurchasesTransferred "purchases_transferred" "moved the purchases to another customer" Customer,
    BalanceUpdated "balance_updated" "changed a balance of a virtual currency" Customer,
    CustomerCreated "customer_created" "added a customer" Customer,
    PurchaseRefunded "purchase_refunded" "refunded a purchase" Access,
    SubscriptionCancelled "subscription_cancelled" "switched off a renewal" Access,
    SubscriptionResumed "subscription_resumed" "switched a renewal back on" Access,
    SubscriptionExtended "subscription_extended" "extended a subscription" Access,
    StoreActionAsked "store_action_asked" "asked the store to act" Customer,
    RequestApproved "request_approved" "agreed to a request" Customer,
    RequestRefused "request_refused" "refused a request" Customer,
    RequestWithdrawn "request_withdrawn" "took back a request" Customer,
    RequestSettled "request_settled" "said what came of a request" Customer,
    CustomerDeleted "customer_deleted" "deleted a customer" Customer,
    CustomerBlocked "customer_blocked" "blocked a customer" Customer,
    CustomerUnblocked "customer_unblocked" "unblocked a customer" Customer,
    CustomersExported "customers_exported" "downloaded a list of customers" Project,
    CustomerExported "customer_exported" "viewed all data of a customer" Customer,
    TestAccountsChosen "test_accounts_chosen" "asked to delete test accounts" Project,
    TestAccountsDeleted "test_accounts_deleted" "deleted test accounts" Project,
}

impl Action {
    /// Finds an action by its name in the log; `None` for a name that this version does not know.
    pub fn parse(name: &str) -> Option<Action> {
        Action::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// Whether it erases somebody, together with the details of earlier entries about them.
    pub const fn erases(self) -> bool {
        matches!(
            self,
            Action::CustomerBlocked | Action::CustomerDeleted | Action::MemberRemoved | Action::TestAccountsDeleted
        )
    }

    /// All actions for which `is_wanted` holds.
    pub fn all_about(is_wanted: impl Fn(About) -> bool) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(move |action| is_wanted(action.about()))
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
