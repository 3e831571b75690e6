//! A project's settings.

use diesel::prelude::*;

use super::model::Settings;
use crate::db::Conn;
use crate::db::schema::projects;

pub fn load(conn: &mut Conn, project: i64) -> QueryResult<Settings> {
    projects::table.find(project).select(Settings::as_select()).first(conn)
}

pub fn update(conn: &mut Conn, project: i64, settings: &Settings) -> QueryResult<()> {
    diesel::update(projects::table.find(project)).set(settings).execute(conn)?;
    Ok(())
}
