//! For whom purchases of the sandbox unlock entitlements (§17): a setting of the project. They are stored and shown in every
//! case.

use diesel::prelude::*;

use super::stars;
use crate::base::Permission::GrantEntitlements;
use crate::base::ids::{CustomerId, ProjectId};
use crate::db::Conn;
use crate::db::schema::{app_user_ids, projects};

/// The options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxAccess {
    /// As SDKs are documented to behave.
    Everybody,
    /// Customers whom a member has marked as a test customer who may also grant access, and those whom the setting names by
    /// an id.
    TestCustomers,
    Nobody,
}

// An unknown stored value counts as the strictest option: nobody gets access by a mistake.
crate::db::columns::text_enum!(SandboxAccess: as_str, |word: &str| {
    Some(SandboxAccess::parse(word).unwrap_or(SandboxAccess::Nobody))
});

impl SandboxAccess {
    pub const ALL: [SandboxAccess; 3] = [SandboxAccess::Everybody, SandboxAccess::TestCustomers, SandboxAccess::Nobody];

    /// The word in the database and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            SandboxAccess::Everybody => "everybody",
            SandboxAccess::TestCustomers => "test_customers",
            SandboxAccess::Nobody => "nobody",
        }
    }

    pub fn parse(word: &str) -> Option<SandboxAccess> {
        SandboxAccess::ALL.into_iter().find(|option| option.as_str() == word)
    }

    /// The option's name, for people to read.
    pub const fn name(self) -> &'static str {
        match self {
            SandboxAccess::Everybody => "Everybody",
            SandboxAccess::TestCustomers => "Test customers only",
            SandboxAccess::Nobody => "Nobody",
        }
    }

    /// Why a customer whom the option leaves out gets no access, in a sentence.
    pub const fn why_locked(self) -> &'static str {
        match self {
            SandboxAccess::Everybody => "",
            SandboxAccess::TestCustomers => {
                "Apps get no access from this: sandbox purchases unlock for test customers only, and this customer is not one."
            }
            SandboxAccess::Nobody => {
                "Apps get no access from this: sandbox purchases unlock for nobody in this project."
            }
        }
    }
}

/// The ids of a setting, one a line.
pub fn testers(lines: &str) -> impl Iterator<Item = &str> {
    lines.lines().filter(|line| !line.is_empty())
}

/// The option of a project.
pub fn of_project(conn: &mut Conn, project: ProjectId) -> QueryResult<SandboxAccess> {
    projects::table.find(project).select(projects::sandbox_access).first(conn)
}

/// The option because of which sandbox purchases do not unlock for a customer; `None` if they do.
pub fn lock(conn: &mut Conn, project: ProjectId, customer: CustomerId) -> QueryResult<Option<SandboxAccess>> {
    let (access, named): (SandboxAccess, String) =
        projects::table.find(project).select((projects::sandbox_access, projects::sandbox_testers)).first(conn)?;
    let is_left_out = match access {
        SandboxAccess::Everybody => false,
        SandboxAccess::TestCustomers => {
            !stars::is_marked_by_any_who_may(conn, project, customer, GrantEntitlements)?
                && !is_named(conn, customer, &named)?
        }
        SandboxAccess::Nobody => true,
    };
    Ok(is_left_out.then_some(access))
}

fn is_named(conn: &mut Conn, customer: CustomerId, named: &str) -> QueryResult<bool> {
    let own: Vec<String> = app_user_ids::table
        .filter(app_user_ids::customer_id.eq(customer))
        .select(app_user_ids::app_user_id)
        .load(conn)?;
    Ok(testers(named).any(|tester| own.iter().any(|id| id == tester)))
}

/// Takes the ids of a customer who is erased out of the setting.
pub fn forget(conn: &mut Conn, project: ProjectId, ids: &[String]) -> QueryResult<()> {
    let row = projects::table.find(project);
    let named: String = row.select(projects::sandbox_testers).first(conn)?;
    let kept: Vec<&str> = testers(&named).filter(|tester| !ids.iter().any(|id| id == tester)).collect();
    if kept.len() < testers(&named).count() {
        diesel::update(row).set(projects::sandbox_testers.eq(kept.join("\n"))).execute(conn)?;
    }
    Ok(())
}
