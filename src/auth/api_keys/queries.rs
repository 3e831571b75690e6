//! Queries about the keys of the API.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::model::{Kind, Value};
use crate::auth::ProjectRoles;
use crate::base::clock::Moment;
use crate::base::ids::{KeyId, PersonId, ProjectId};
use crate::base::{Permission, Role};
use crate::customers::SandboxAccess;
use crate::db::Conn;
use crate::db::schema::{api_keys, memberships, people, projects};
use crate::events::Store;

/// A key that is not revoked, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct Key {
    pub project_id: ProjectId,
    pub id: KeyId,
    pub name: String,
    pub kind: Kind,
    /// The store of the app; `None` for a secret key.
    pub store: Option<String>,
    /// What a secret key may do; `None` for a public key.
    pub role: Option<Role>,
    pub used_at: Option<Moment>,
    #[diesel(embed)]
    pub project: KeyProject,
}

/// The project of a key.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = projects)]
pub struct KeyProject {
    pub slug: String,
    pub name: String,
    pub created_at: Moment,
    #[diesel(embed)]
    pub roles: ProjectRoles,
}

impl Key {
    pub fn is_secret(&self) -> bool {
        self.kind == Kind::Secret
    }

    /// Whether the role of a secret key has a permission. A public key has no role.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.is_some_and(|role| self.project.roles.allow(role, permission))
    }

    /// The name of the role of a secret key.
    pub fn role_name(&self) -> &'static str {
        self.role.map_or("", Role::name)
    }
}

/// A key to insert.
pub struct NewKey<'a> {
    pub project: ProjectId,
    pub id: KeyId,
    pub name: &'a str,
    pub holder: Holder<'a>,
    pub made_by: Maker<'a>,
}

/// Who holds a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder<'a> {
    /// An app of this store: a public key.
    App { store: &'a str },
    /// A server, which may do what this role may: a secret key.
    Server(Role),
}

/// Who makes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker<'a> {
    /// Somebody who answers for the key from now on.
    Person {
        id: PersonId,
        name: &'a str,
    },
    Operator,
}

impl<'a> Holder<'a> {
    /// The store of an app's key.
    pub fn store(self) -> Option<&'a str> {
        match self {
            Holder::App { store } => Some(store),
            Holder::Server(_) => None,
        }
    }

    /// The role of a server's key.
    pub fn role(self) -> Option<Role> {
        match self {
            Holder::App { .. } => None,
            Holder::Server(role) => Some(role),
        }
    }
}

/// A key as the settings list it, revoked or not.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct Line {
    pub id: KeyId,
    pub name: String,
    /// `None` for a secret key.
    pub store: Option<String>,
    pub role: Option<Role>,
    pub hint: String,
    pub created_by: String,
    /// The person who answers for the key: its maker, or an admin who took it over. `None` for a key of the command line.
    pub owner_id: Option<PersonId>,
    pub created_at: Moment,
    pub used_at: Option<Moment>,
    pub revoked_at: Option<Moment>,
}

impl Line {
    /// Whether it is not revoked.
    pub fn counts(&self) -> bool {
        self.revoked_at.is_none()
    }

    /// What a member needs to make or revoke such a key.
    pub fn managed_by(&self) -> Permission {
        match self.role {
            Some(_) => Permission::ManageSecretKeys,
            None => Permission::ManageKeys,
        }
    }

    /// Whether the person who answers for it may no longer make such a key, or has left. It goes on working, until an
    /// admin answers for it or revokes it.
    pub fn is_to_review(&self, members: &[(PersonId, Role)]) -> bool {
        let owner = self.owner_id.map(|owner| members.iter().find(|(member, _)| *member == owner));
        let is_fit = |owner: Option<&(PersonId, Role)>| owner.is_some_and(|(_, role)| role.may(self.managed_by()));
        self.counts() && owner.is_some_and(|owner| !is_fit(owner))
    }
}

/// All keys of a project: first the valid ones, then the revoked ones, each group with the newest first.
pub fn list(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<Line>> {
    let own = api_keys::table.filter(api_keys::project_id.eq(project));
    let mut all: Vec<Line> = own.select(Line::as_select()).load(conn)?;
    all.sort_by_key(|line| (line.revoked_at.is_some(), std::cmp::Reverse((line.created_at, line.id))));
    Ok(all)
}

/// The names of the people who answer for these keys.
pub fn owners_of(conn: &mut Conn, lines: &[Line]) -> QueryResult<Vec<(PersonId, String)>> {
    let owners: BTreeSet<PersonId> = lines.iter().filter_map(|line| line.owner_id).collect();
    people::table.filter(people::id.eq_any(owners)).select((people::id, people::name)).load(conn)
}

/// How many keys a person answers for, and may not any more.
pub fn count_to_review(conn: &mut Conn, project: ProjectId, owner: PersonId) -> QueryResult<usize> {
    let members = members_of(conn, project)?;
    let own = list(conn, project)?.into_iter().filter(|line| line.owner_id == Some(owner));
    Ok(own.filter(|line| line.is_to_review(&members)).count())
}

/// The members of a project, with their roles.
pub fn members_of(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<(PersonId, Role)>> {
    let own = memberships::table.filter(memberships::project_id.eq(project));
    own.select((memberships::person_id, memberships::role)).load(conn)
}

/// A project in which a Test Store key is beside keys of stores that take money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestKeyBeside {
    pub slug: String,
    /// For whom what the Test Store sells unlocks.
    pub access: SandboxAccess,
}

impl TestKeyBeside {
    /// What can come of it, in a sentence.
    pub fn warning(&self) -> String {
        let who = match self.access {
            SandboxAccess::Everybody => {
                "whoever takes it out of a copy of the app gets access without paying, in production as well. Limit in the \
                 project's settings for whom sandbox purchases unlock, or revoke it"
            }
            SandboxAccess::TestCustomers => "what it sells unlocks for test customers only",
            SandboxAccess::Nobody => "what it sells unlocks for nobody",
        };
        format!("A Test Store key is beside keys of real stores: {who}.")
    }
}

/// The projects, or this one, that have a valid Test Store key beside valid public keys of other stores.
pub fn test_keys_beside(conn: &mut Conn, only: Option<ProjectId>) -> QueryResult<Vec<TestKeyBeside>> {
    let test = Store::TestStore.as_str();
    let valid = || api_keys::table.filter(api_keys::revoked_at.is_null().and(api_keys::store.is_not_null()));
    let with_test = valid().filter(api_keys::store.eq(test)).select(api_keys::project_id);
    let with_others = valid().filter(api_keys::store.ne(test)).select(api_keys::project_id);
    let mut query = projects::table
        .filter(projects::id.eq_any(with_test).and(projects::id.eq_any(with_others)))
        .order(projects::id)
        .select((projects::slug, projects::sandbox_access))
        .into_boxed();
    if let Some(project) = only {
        query = query.filter(projects::id.eq(project));
    }
    let found: Vec<(String, SandboxAccess)> = query.load(conn)?;
    Ok(found.into_iter().map(|(slug, access)| TestKeyBeside { slug, access }).collect())
}

/// The key with this hash, unless it is revoked.
pub fn find(conn: &mut Conn, hash: &str) -> QueryResult<Option<Key>> {
    api_keys::table
        .inner_join(projects::table.on(projects::id.eq(api_keys::project_id)))
        .filter(api_keys::key_hash.eq(hash).and(api_keys::revoked_at.is_null()))
        .select(Key::as_select())
        .first(conn)
        .optional()
}

/// Whether a key with this hash ever existed.
pub fn is_known(conn: &mut Conn, hash: &str) -> QueryResult<bool> {
    Ok(api_keys::table.filter(api_keys::key_hash.eq(hash)).count().get_result::<i64>(conn)? > 0)
}

pub fn insert(conn: &mut Conn, new: &NewKey<'_>, value: &Value, now: Moment) -> QueryResult<()> {
    let kind = if new.holder.store().is_some() { Kind::Public } else { Kind::Secret };
    let (created_by, owner) = match new.made_by {
        Maker::Person { id, name } => (name, Some(id)),
        Maker::Operator => ("Command line", None),
    };
    let row = (
        api_keys::project_id.eq(new.project),
        api_keys::id.eq(new.id),
        api_keys::name.eq(new.name),
        api_keys::kind.eq(kind),
        api_keys::store.eq(new.holder.store()),
        api_keys::role.eq(new.holder.role()),
        api_keys::key_hash.eq(value.hash()),
        api_keys::hint.eq(value.hint()),
        (api_keys::created_by.eq(created_by), api_keys::owner_id.eq(owner)),
        api_keys::created_at.eq(now),
    );
    diesel::insert_into(api_keys::table).values(row).execute(conn)?;
    Ok(())
}

/// Revokes a key; returns whether it was valid until now.
pub fn revoke(conn: &mut Conn, project: ProjectId, id: KeyId, now: Moment) -> QueryResult<bool> {
    let counting = api_keys::table.find((project, id)).filter(api_keys::revoked_at.is_null());
    Ok(diesel::update(counting).set(api_keys::revoked_at.eq(now)).execute(conn)? > 0)
}

/// Gives a secret key another role. Returns whether there is such a key, which is not revoked.
pub fn set_role(conn: &mut Conn, project: ProjectId, id: KeyId, role: Role) -> QueryResult<bool> {
    let secret = api_keys::kind.eq(Kind::Secret).and(api_keys::revoked_at.is_null());
    let key = api_keys::table.find((project, id)).filter(secret);
    Ok(diesel::update(key).set(api_keys::role.eq(role)).execute(conn)? > 0)
}

/// Makes somebody answer for a key.
pub fn set_owner(conn: &mut Conn, project: ProjectId, id: KeyId, owner: PersonId) -> QueryResult<()> {
    diesel::update(api_keys::table.find((project, id))).set(api_keys::owner_id.eq(owner)).execute(conn)?;
    Ok(())
}

/// Records when a key was used, unless a later use is recorded.
pub fn touch(conn: &mut Conn, project: ProjectId, id: KeyId, at: Moment) -> QueryResult<()> {
    let older = api_keys::used_at.is_null().or(api_keys::used_at.lt(at));
    let key = api_keys::table.find((project, id)).filter(older);
    diesel::update(key).set(api_keys::used_at.eq(at)).execute(conn)?;
    Ok(())
}
