//! A project's settings.

use diesel::prelude::*;

use super::model::Settings;
use crate::base::ids::ProjectId;
use crate::db::Conn;
use crate::db::schema::projects;

pub fn load(conn: &mut Conn, project: ProjectId) -> QueryResult<Settings> {
    projects::table.find(project).select(Settings::as_select()).first(conn)
}

pub fn update(conn: &mut Conn, project: ProjectId, settings: &Settings) -> QueryResult<()> {
    diesel::update(projects::table.find(project)).set(settings).execute(conn)?;
    Ok(())
}
