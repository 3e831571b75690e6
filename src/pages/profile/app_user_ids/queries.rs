//! The ids of a customer.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::db::schema::app_user_ids;

/// At most `most` ids that were known at a moment, in the order they became known.
pub fn load(conn: &mut Conn, customer: CustomerId, until: Moment, most: i64) -> QueryResult<Vec<String>> {
    app_user_ids::table
        .filter(app_user_ids::customer_id.eq(customer).and(app_user_ids::since.le(until)))
        .order((app_user_ids::since, app_user_ids::key))
        .select(app_user_ids::app_user_id)
        .limit(most)
        .load(conn)
}
