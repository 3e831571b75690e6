//! Marks of test customers (“This is me testing”): each member of the team marks the customers they test with.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, PersonId, ProjectId};
use crate::base::{Permission, Role};
use crate::db::schema::{customers, memberships, test_customers};
use crate::db::{Both, Conn};

pub fn is_marked(conn: &mut Conn, customer: CustomerId, person: PersonId) -> QueryResult<bool> {
    let found: i64 = test_customers::table.find((customer, person)).count().get_result(conn)?;
    Ok(found > 0)
}

/// Whether a member has marked the customer whose role in the project now has this permission.
pub fn is_marked_by_any_who_may(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    permission: Permission,
) -> QueryResult<bool> {
    let roles = Role::ALL.into_iter().filter(|role| role.may(permission));
    let in_project = memberships::person_id.eq(test_customers::person_id).and(memberships::project_id.eq(project));
    let marks = test_customers::table
        .inner_join(memberships::table.on(in_project))
        .filter(test_customers::customer_id.eq(customer).and(memberships::role.eq_any(roles)));
    Ok(marks.count().get_result::<i64>(conn)? > 0)
}

/// Marks a test customer. Returns whether there was no mark before.
pub fn mark(conn: &mut Conn, customer: CustomerId, person: PersonId, now: Moment) -> QueryResult<bool> {
    let row =
        (test_customers::customer_id.eq(customer), test_customers::person_id.eq(person), test_customers::at.eq(now));
    Ok(Both(diesel::insert_into(test_customers::table).values(row).on_conflict_do_nothing()).execute(conn)? > 0)
}

/// Returns whether there was a mark.
pub fn unmark(conn: &mut Conn, customer: CustomerId, person: PersonId) -> QueryResult<bool> {
    Ok(diesel::delete(test_customers::table.find((customer, person))).execute(conn)? > 0)
}

/// Removes the marks of a person who leaves the project.
pub fn unmark_all(conn: &mut Conn, project: ProjectId, person: PersonId) -> QueryResult<()> {
    for customer in list(conn, project, person)? {
        unmark(conn, customer, person)?;
    }
    Ok(())
}

/// The customers of a project that a person marked, the one marked last first.
pub fn list(conn: &mut Conn, project: ProjectId, person: PersonId) -> QueryResult<Vec<CustomerId>> {
    test_customers::table
        .inner_join(customers::table.on(customers::id.eq(test_customers::customer_id)))
        .filter(test_customers::person_id.eq(person).and(customers::project_id.eq(project)))
        .order((test_customers::at.desc(), test_customers::customer_id.desc()))
        .select(test_customers::customer_id)
        .load(conn)
}

/// Copies the marks when two customers are merged: whoever marked either has marked the survivor.
pub(super) fn merge(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let marks: Vec<(PersonId, Moment)> = test_customers::table
        .filter(test_customers::customer_id.eq(from))
        .select((test_customers::person_id, test_customers::at))
        .load(conn)?;
    for (person, at) in marks {
        mark(conn, into, person, at)?;
    }
    Ok(())
}
