//! The packages of the project's offerings.

use diesel::prelude::*;

use crate::base::ids::ProjectId;
use crate::db::Conn;
use crate::db::schema::packages;

/// The packages of all offerings, as offering and display name, in the order of the paywall.
pub fn packages_of(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<(String, String)>> {
    packages::table
        .filter(packages::project_id.eq(project))
        .order((packages::offering, packages::position, packages::identifier))
        .select((packages::offering, packages::display_name))
        .load(conn)
}
