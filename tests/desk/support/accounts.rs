//! Logs in, and counts sessions.

use diesel::prelude::*;
use dossier::db::schema::sessions;

use super::{Answer, Desk};

/// Sends the log-in form.
pub async fn log_in(desk: &Desk, email: &str, password: &str) -> Answer {
    desk.anonymous_post_form("/login", &[("email", email), ("password", password)]).await
}

/// How many sessions are stored.
pub fn count_sessions(desk: &Desk) -> i64 {
    desk.read(|conn| sessions::table.count().get_result(conn))
}
