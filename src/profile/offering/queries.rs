//! The project's offerings, and what is in them.

use diesel::prelude::*;

use super::model::Offering;
use crate::db::Conn;
use crate::schema::{offerings, packages};

/// A project has tens of them, archived ones included.
pub fn offerings_of(conn: &mut Conn, project: i64) -> QueryResult<Vec<Offering>> {
    offerings::table
        .filter(offerings::project_id.eq(project))
        .order(offerings::identifier)
        .select(Offering::as_select())
        .load(conn)
}

/// The packages of all offerings: the offering, and what the package is called, in the order of the paywall.
pub fn packages_of(conn: &mut Conn, project: i64) -> QueryResult<Vec<(String, String)>> {
    packages::table
        .filter(packages::project_id.eq(project))
        .order((packages::offering, packages::position, packages::identifier))
        .select((packages::offering, packages::display_name))
        .load(conn)
}
