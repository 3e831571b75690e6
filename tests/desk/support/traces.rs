//! Finds a text anywhere in the database: in every byte of SQLite's files, in every row of every table of PostgreSQL. It also
//! looks into the bodies that are compressed there.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use dossier::base::error::Error;
use dossier::base::hex;
use dossier::base::ids::ProjectId;
use dossier::db::schema::{events, rejected_deliveries};
use dossier::events::StoredBody;

use super::{Desk, frames};

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Every place that holds the text, as it is or compressed.
pub fn find(desk: &Desk, text: &str) -> Vec<String> {
    [find_plain(desk, text), find_compressed(desk, text)].concat()
}

/// The files, or the tables, that hold the text as it is.
pub fn find_plain(desk: &Desk, text: &str) -> Vec<String> {
    match files(desk) {
        Some(files) => in_files(files, text),
        None => in_tables(desk, text),
    }
}

/// The compressed bodies that hold the text: those in SQLite's files, with what free space holds of deleted ones; those in the
/// rows of PostgreSQL.
pub fn find_compressed(desk: &Desk, text: &str) -> Vec<String> {
    let bodies = match files(desk) {
        Some(files) => files.iter().flat_map(|file| frames::texts_in(&bytes_of(file))).collect(),
        None => bodies_of(desk, None),
    };
    bodies.into_iter().filter(|body| body.contains(text)).collect()
}

/// The files of a SQLite database, some of which may not exist; `None` for PostgreSQL.
fn files(desk: &Desk) -> Option<Vec<String>> {
    let path = desk.application.config.database_url.strip_prefix("sqlite:")?;
    Some(["", "-wal", "-shm", "-journal"].iter().map(|suffix| format!("{path}{suffix}")).collect())
}

fn bytes_of(file: &str) -> Vec<u8> {
    std::fs::read(file).unwrap_or_default()
}

fn in_files(mut files: Vec<String>, text: &str) -> Vec<String> {
    files.retain(|file| bytes_of(file).windows(text.len()).any(|window| window == text.as_bytes()));
    files
}

/// The bodies of the events of a project, or of all.
fn bodies_of(desk: &Desk, project: Option<ProjectId>) -> Vec<String> {
    let all = events::table.select((events::project_id, events::body));
    let rows: Vec<(ProjectId, StoredBody)> = desk.read(|conn| all.load(conn));
    let wanted = rows.into_iter().filter(|(of, _)| project.is_none_or(|project| project == *of));
    wanted.map(|(_, body)| body.text().expect("it reads")).collect()
}

fn in_tables(desk: &Desk, text: &str) -> Vec<String> {
    // Byte strings are written as hexadecimal digits.
    let (text, bytes) = (text.replace('\'', "''"), hex(text.as_bytes()));
    let found = desk.db.read_here(|conn| {
        let tables: Vec<Name> = sql_query(
            "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema()",
        )
        .load(conn)?;
        let mut found = Vec::new();
        for Name { name } in tables {
            let holds = format!("strpos(row::text, '{text}') > 0 OR strpos(row::text, '{bytes}') > 0");
            let count: Count =
                sql_query(format!("SELECT count(*) AS count FROM {name} AS row WHERE {holds}")).get_result(conn)?;
            found.extend((count.count > 0).then_some(name));
        }
        Ok::<_, Error>(found)
    });
    found.expect("every table is read")
}

/// The stored texts of a project that hold a name.
pub fn find_in_rows(desk: &Desk, project: ProjectId, name: &str) -> Vec<String> {
    let rejected = rejected_deliveries::table.filter(rejected_deliveries::project_id.eq(project));
    let bodies: Vec<Vec<u8>> = desk.read(|conn| rejected.select(rejected_deliveries::body).load(conn));
    let digests = events::table.filter(events::project_id.eq(project)).select(events::digest);
    let digests: Vec<Vec<u8>> = desk.read(|conn| digests.load(conn));
    let mut texts = bodies_of(desk, Some(project));
    texts.extend(bodies.iter().chain(&digests).map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
    texts.into_iter().filter(|text| text.contains(name)).collect()
}
