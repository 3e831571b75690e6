//! The project's offerings, and the one set for a customer.

use diesel::prelude::*;

use super::model::{Offering, Override};
use crate::db::Conn;
use crate::schema::{offering_overrides, offerings};
use crate::state::CustomerId;

/// A project has tens of them, archived ones included.
pub fn offerings_of(conn: &mut Conn, project: i64) -> QueryResult<Vec<Offering>> {
    offerings::table
        .filter(offerings::project_id.eq(project))
        .order(offerings::identifier)
        .select(Offering::as_select())
        .load(conn)
}

pub fn override_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Option<Override>> {
    offering_overrides::table
        .filter(offering_overrides::customer_id.eq(customer))
        .select(Override::as_select())
        .first(conn)
        .optional()
}
