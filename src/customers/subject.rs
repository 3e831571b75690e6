//! The ids by which an event of Dossier's own names its customer.

use diesel::prelude::*;

use crate::base::app_user_id::is_anonymous;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::db::schema::{app_user_ids, customers};
use crate::events::own::Subject;

/// The customer's ids: the best one to show (§9.4; which id was seen last is not stored), the original one, and all of
/// them, identified ones first.
///
/// # Errors
/// [`diesel::result::Error::NotFound`] when the customer does not exist.
pub fn load(conn: &mut Conn, customer: CustomerId) -> QueryResult<Subject> {
    let (app_user_id, original) = customers::table
        .find(customer)
        .select((customers::best_app_user_id, customers::original_app_user_id))
        .first(conn)?;
    let mut ids: Vec<String> = app_user_ids::table
        .filter(app_user_ids::customer_id.eq(customer))
        .order((app_user_ids::since, app_user_ids::key))
        .select(app_user_ids::app_user_id)
        .load(conn)?;
    ids.sort_by_key(|id| is_anonymous(id));
    Ok(Subject { app_user_id, original, ids })
}
