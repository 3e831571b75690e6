//! Whether the database keeps acknowledged changes when the power fails. The program asks at start and for `/readyz`.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, sql_query};

use super::Conn;
use super::conn::AnyConnection;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    value: String,
}

/// One warning for each setting that could lose acknowledged changes, or break references between rows.
pub fn warnings(conn: &mut Conn) -> QueryResult<Vec<String>> {
    match &mut conn.0 {
        AnyConnection::Sqlite(conn) => sqlite(conn),
        AnyConnection::Postgres(conn) => postgres(conn),
    }
}

fn sqlite(conn: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let journal: Word = sql_query("SELECT journal_mode AS value FROM pragma_journal_mode").get_result(conn)?;
    let mut warnings = Vec::new();
    if journal.value != "wal" {
        warnings.push(format!("SQLite's journal_mode is {}, not wal", journal.value));
    }
    for (pragma, least) in [("synchronous", 2), ("foreign_keys", 1)] {
        let number: Number = sql_query(format!("SELECT {pragma} AS value FROM pragma_{pragma}")).get_result(conn)?;
        if number.value < least {
            warnings.push(format!("SQLite's {pragma} is {}, not {least}", number.value));
        }
    }
    Ok(warnings)
}

fn postgres(conn: &mut PgConnection) -> QueryResult<Vec<String>> {
    let mut warnings = Vec::new();
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        let word: Word = sql_query(format!("SELECT current_setting('{name}') AS value")).get_result(conn)?;
        if matches!(word.value.as_str(), "off" | "local") {
            warnings.push(format!("PostgreSQL's {name} is {}", word.value));
        }
    }
    Ok(warnings)
}
