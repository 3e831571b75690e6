//! The choice of a role in the dialogs of people and of keys.

use crate::base::Role;

/// A role that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleChoice {
    pub name: &'static str,
    /// What the role may do.
    pub words: &'static str,
    pub is_chosen: bool,
}

/// The roles, of which the one with the name `chosen` is chosen. `words` says what each may do.
pub fn choices(chosen: &str, words: fn(Role) -> &'static str) -> Vec<RoleChoice> {
    let choice = |role: Role| RoleChoice { name: role.name(), words: words(role), is_chosen: role.name() == chosen };
    Role::ALL.into_iter().map(choice).collect()
}

/// What a person with this role may do.
pub const fn words_of_person(role: Role) -> &'static str {
    match role {
        Role::Viewer => "sees profiles, lists and events",
        Role::Support => "helps customers: notes, attributes, grants, balances, offerings, transfers, refunds",
        Role::Developer => "as support, and the catalog, keys of apps and webhooks",
        Role::Admin => "everything, also people, secret keys, and deleting and blocking customers",
    }
}
