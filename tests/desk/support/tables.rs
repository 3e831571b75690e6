//! The contents of all tables, to see what a request has changed.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Nullable, Text};
use dossier::db::Conn;

use super::Desk;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Contents {
    #[diesel(sql_type = Nullable<Text>)]
    contents: Option<String>,
}

/// The rows of each table as one text.
pub fn contents(desk: &Desk) -> BTreeMap<String, String> {
    let is_sqlite = desk.application.config.database_url.starts_with("sqlite:");
    desk.read(|conn| {
        let tables = match is_sqlite {
            true => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
            false => {
                "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema()"
            }
        };
        let tables: Vec<Named> = sql_query(tables).load(conn)?;
        tables.into_iter().map(|table| Ok((table.name.clone(), rows(conn, &table.name, is_sqlite)?))).collect()
    })
}

fn rows(conn: &mut Conn, table: &str, is_sqlite: bool) -> QueryResult<String> {
    let row = match is_sqlite {
        true => {
            let columns = format!("SELECT name FROM pragma_table_info('{table}')");
            let columns: Vec<Named> = sql_query(columns).load(conn)?;
            columns.iter().map(|column| format!("quote(\"{}\")", column.name)).collect::<Vec<_>>().join(" || ',' || ")
        }
        false => "whole::text".to_owned(),
    };
    let joined = if is_sqlite { "group_concat(line, char(10))" } else { "string_agg(line, chr(10))" };
    let query = format!(
        "SELECT {joined} AS contents FROM (SELECT {row} AS line FROM \"{table}\" AS whole ORDER BY 1) AS lines"
    );
    Ok(sql_query(query).get_result::<Contents>(conn)?.contents.unwrap_or_default())
}

/// The names of the tables that differ.
pub fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let differs = |(name, rows): (&String, &String)| (before.get(name) != Some(rows)).then(|| name.clone());
    after.iter().filter_map(differs).collect()
}
