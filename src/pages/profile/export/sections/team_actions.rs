//! The actions of the team, the newest last, without their names.

use diesel::prelude::*;
use serde::Serialize;

use super::{Section, text, words};
use crate::audit;
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::{audit_details, audit_entries};
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Serialize)]
pub struct TeamAction {
    pub at: Time,
    pub action: String,
    /// `support`, `admin` …; empty for what Dossier did by itself.
    pub role: String,
    pub app_user_id: Option<String>,
    pub about: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
    pub reason: Option<String>,
}

impl Section for TeamAction {
    type Field = Vec<TeamAction>;

    const TITLE: &'static str = "What the team did";
    const HEADS: &'static [&'static str] = &["When", "What", "Role", "Details"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<TeamAction>> {
        let rows: Vec<(Moment, String, String, String)> = audit_details::table
            .inner_join(audit_entries::table.on(audit::of_entry()))
            .filter(audit_details::customer_id.eq(visit.customer.id).and(audit_entries::at.le(visit.until())))
            .order(audit_details::position)
            .select((audit_entries::at, audit_entries::action, audit_entries::role, audit_details::body))
            .load(conn)?;
        let one = |(at, action, role, body): (Moment, String, String, String)| {
            let details: audit::Details = serde_json::from_str(&body).unwrap_or_default();
            let audit::Details { app_user_id, about, before, after, reason, .. } = details;
            TeamAction { at: Time(at), action, role, app_user_id, about, before, after, reason }
        };
        Ok(rows.into_iter().map(one).collect())
    }

    fn rows(actions: &Vec<TeamAction>) -> Vec<Vec<String>> {
        let one = |done: &TeamAction| {
            let what = [&done.about, &done.before, &done.after, &done.reason].map(text).join(" · ");
            vec![done.at.shown(), words(&done.action), done.role.clone(), what.trim_matches([' ', '·']).to_owned()]
        };
        actions.iter().map(one).collect()
    }
}
