//! All ids, the earliest first.

use diesel::prelude::*;
use serde::Serialize;

use super::Section;
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::app_user_ids;
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Serialize)]
pub struct Id {
    pub app_user_id: String,
    pub since: Time,
    /// Whether `since` is when the id was created; otherwise it is when an event first named it.
    pub is_since_exact: bool,
    pub is_original: bool,
}

impl Section for Id {
    type Field = Vec<Id>;

    const TITLE: &'static str = "App User IDs";
    const HEADS: &'static [&'static str] = &["Id", "Known since"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<Id>> {
        let rows: Vec<(String, Moment, bool)> = app_user_ids::table
            .filter(app_user_ids::customer_id.eq(visit.customer.id).and(app_user_ids::since.le(visit.until())))
            .order((app_user_ids::since, app_user_ids::key))
            .select((app_user_ids::app_user_id, app_user_ids::since, app_user_ids::is_since_exact))
            .load(conn)?;
        let one = |(app_user_id, since, is_since_exact): (String, Moment, bool)| Id {
            is_original: app_user_id == visit.customer.original_app_user_id,
            app_user_id,
            since: Time(since),
            is_since_exact,
        };
        Ok(rows.into_iter().map(one).collect())
    }

    fn rows(ids: &Vec<Id>) -> Vec<Vec<String>> {
        ids.iter().map(|id| vec![id.app_user_id.clone(), id.since.shown()]).collect()
    }
}
