//! The settings about refunds in the database.

use diesel::prelude::*;

use super::RefundSettings;
use super::model::ROLES;
use crate::base::Role;
use crate::base::ids::ProjectId;
use crate::db::Conn;
use crate::db::schema::{memberships, projects};
use crate::operations::requests::{rules, set_rule};

pub fn load(conn: &mut Conn, project: ProjectId) -> QueryResult<RefundSettings> {
    let columns = (projects::refunds_need_reason, projects::refund_reasons);
    let (needs_reason, reasons) = projects::table.find(project).select(columns).first(conn)?;
    let all = rules(conn, project)?;
    let rule = |role: Role| all.iter().find(|(of, _)| *of == role).map(|(_, rule)| *rule).unwrap_or_default();
    Ok(RefundSettings { needs_reason, reasons, rules: ROLES.map(rule) })
}

pub fn update(conn: &mut Conn, project: ProjectId, settings: &RefundSettings) -> QueryResult<()> {
    let columns =
        (projects::refunds_need_reason.eq(settings.needs_reason), projects::refund_reasons.eq(&settings.reasons));
    diesel::update(projects::table.find(project)).set(columns).execute(conn)?;
    let mut rules = ROLES.into_iter().zip(settings.rules);
    rules.try_for_each(|(role, rule)| set_rule(conn, project, role, rule))
}

/// The roles of the project's people.
pub fn roles(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<Role>> {
    memberships::table.filter(memberships::project_id.eq(project)).select(memberships::role).load(conn)
}
