//! The grants of a customer, and the scheduled ends of the grants that Dossier made.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::customers::stored_purchases;
use crate::db::Conn;
use crate::db::schema::{customers, entitlements, grant_ends, purchases};
use crate::events::Environment;
use crate::projection::{Kind, Purchase};

/// The scheduled end of a grant that Dossier made. Ends are ordered by time, the earliest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable, Selectable)]
#[diesel(table_name = grant_ends)]
pub struct End {
    #[diesel(column_name = ends_at)]
    pub at: Moment,
    #[diesel(column_name = customer_id)]
    pub customer: CustomerId,
    /// The key of the purchase.
    #[diesel(column_name = purchase_key)]
    pub key: String,
    #[diesel(select_expression = customers::project_id)]
    pub project: ProjectId,
}

impl End {
    /// A place before all ends, where a list begins.
    pub fn first() -> End {
        End { at: Moment::EARLIEST, customer: CustomerId::MIN, key: String::new(), project: ProjectId(0) }
    }
}

/// Whether the project has this entitlement.
pub fn is_configured(conn: &mut Conn, project: ProjectId, entitlement: &str) -> QueryResult<bool> {
    // PostgreSQL rejects text that contains NUL, also in a query.
    if entitlement.contains('\0') {
        return Ok(false);
    }
    let own = entitlements::project_id.eq(project).and(entitlements::identifier.eq(entitlement));
    let found: i64 = entitlements::table.filter(own).count().get_result(conn)?;
    Ok(found > 0)
}

/// The grants that give access now; the one that ends last comes first.
pub fn running(conn: &mut Conn, customer: CustomerId, now: Moment) -> QueryResult<Vec<Purchase>> {
    let granted = stored_purchases::of(customer)
        .filter(purchases::environment.eq(Environment::Production))
        .filter(purchases::kind.eq(Kind::Grant).and(purchases::ends_at.gt(now)))
        .order(purchases::ends_at.desc());
    stored_purchases::load(conn, granted)
}

/// One grant, running or over.
pub fn find(conn: &mut Conn, customer: CustomerId, key: &str) -> QueryResult<Option<Purchase>> {
    if key.contains('\0') {
        return Ok(None);
    }
    let found = stored_purchases::find(conn, customer, Environment::Production, key)?;
    Ok(found.filter(|purchase| purchase.kind == Kind::Grant))
}

/// Schedules the end of a grant: a job records it then.
pub fn await_end(conn: &mut Conn, customer: CustomerId, key: &str, at: Moment) -> QueryResult<()> {
    let row = (grant_ends::customer_id.eq(customer), grant_ends::purchase_key.eq(key), grant_ends::ends_at.eq(at));
    diesel::insert_into(grant_ends::table).values(row).execute(conn)?;
    Ok(())
}

/// Removes a scheduled end. Returns whether there was one: the caller that gets `true` records it, or made it needless.
pub fn take_end(conn: &mut Conn, customer: CustomerId, key: &str) -> QueryResult<bool> {
    let own = grant_ends::customer_id.eq(customer).and(grant_ends::purchase_key.eq(key));
    Ok(diesel::delete(grant_ends::table.filter(own)).execute(conn)? > 0)
}

/// The next grants that have ended, after the place `after`.
pub fn ended(conn: &mut Conn, now: Moment, after: &End, most: i64) -> QueryResult<Vec<End>> {
    let (at, start) = (grant_ends::ends_at, after.at);
    let later = grant_ends::customer_id
        .gt(after.customer)
        .or(grant_ends::customer_id.eq(after.customer).and(grant_ends::purchase_key.gt(&after.key)));
    grant_ends::table
        .inner_join(customers::table.on(customers::id.eq(grant_ends::customer_id)))
        .filter(at.le(now).and(at.ge(start)).and(at.gt(start).or(later)))
        .order((grant_ends::ends_at, grant_ends::customer_id, grant_ends::purchase_key))
        .limit(most)
        .select(End::as_select())
        .load(conn)
}
