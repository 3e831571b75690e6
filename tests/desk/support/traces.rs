//! Finds a text anywhere in the database: in every byte of SQLite's files, in every row of every table of PostgreSQL.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use dossier::base::error::Error;
use dossier::base::hex;
use dossier::base::ids::ProjectId;
use dossier::db::schema::{customers, events, history, rejected_deliveries};

use super::Desk;

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

/// The files, or the tables, that hold the text.
pub fn find(desk: &Desk, text: &str) -> Vec<String> {
    match desk.application.config.database_url.strip_prefix("sqlite:") {
        Some(path) => in_files(path, text),
        None => in_tables(desk, text),
    }
}

fn in_files(path: &str, text: &str) -> Vec<String> {
    let holds = |file: &String| {
        let bytes = std::fs::read(file).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    ["", "-wal", "-shm", "-journal"].map(|suffix| format!("{path}{suffix}")).into_iter().filter(holds).collect()
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
    let read = desk.db.read_here(|conn| {
        let mut texts: Vec<String> =
            events::table.filter(events::project_id.eq(project)).select(events::body).load(conn)?;
        let own = customers::table.filter(customers::project_id.eq(project)).select(customers::id);
        texts.extend(
            history::table.filter(history::customer_id.eq_any(own)).select(history::summary).load::<String>(conn)?,
        );
        let bodies = rejected_deliveries::table.filter(rejected_deliveries::project_id.eq(project));
        let bodies: Vec<Vec<u8>> = bodies.select(rejected_deliveries::body).load(conn)?;
        texts.extend(bodies.iter().map(|body| String::from_utf8_lossy(body).into_owned()));
        Ok::<_, Error>(texts)
    });
    read.expect("it reads").into_iter().filter(|text| text.contains(name)).collect()
}
