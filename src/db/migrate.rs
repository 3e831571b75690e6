//! Runs the migrations of this binary, and refuses a database that a newer binary has migrated.

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationVersion;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::AnyConnection;
use super::{Db, Unavailable};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The key of the advisory lock. Any number works that no other program uses on the same PostgreSQL database.
const LOCK: i64 = 0x0d05_51e2;

/// Runs the missing migrations. When two processes start at once, one waits for the other.
///
/// # Errors
/// One line: the database is newer than this binary, or the database reported an error.
pub fn run(db: &Db) -> Result<(), String> {
    let mut conn = db.pool.get().map_err(|error| error.to_string())?;
    match &mut conn.inner.0 {
        AnyConnection::Sqlite(conn) => migrate(conn),
        AnyConnection::Postgres(conn) => {
            conn.batch_execute(&format!("SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK})")).map_err(line)?;
            let done = migrate(conn);
            conn.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK}); SET lock_timeout = '5s'")).map_err(line)?;
            done
        }
    }
}

/// Whether the database has exactly the migrations of this binary; `/readyz` asks this.
pub fn is_done(db: &Db) -> Result<bool, Unavailable> {
    let mut conn = db.pool.get().map_err(|error| Unavailable(error.to_string()))?;
    let applied = match &mut conn.inner.0 {
        AnyConnection::Sqlite(conn) => conn.applied_migrations(),
        AnyConnection::Postgres(conn) => conn.applied_migrations(),
    };
    let applied = applied.map_err(|error| {
        conn.check_after_failure();
        Unavailable(error.to_string())
    })?;
    Ok(applied.len() == known_versions().len())
}

fn migrate<DB, C>(conn: &mut C) -> Result<(), String>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: diesel::migration::MigrationSource<DB>,
{
    let known = known_versions();
    let applied = conn.applied_migrations().map_err(line)?;
    if let Some(unknown) = applied.iter().find(|version| !known.contains(&version.to_string())) {
        return Err(format!("the database was made by a newer dossier (migration {unknown}); start that version"));
    }
    conn.run_pending_migrations(MIGRATIONS).map_err(line)?;
    Ok(())
}

fn known_versions() -> Vec<String> {
    use diesel::migration::MigrationSource;
    let migrations = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&MIGRATIONS);
    let versions = migrations.map(|all| all.iter().map(|migration| version_of(migration.name().version())).collect());
    versions.unwrap_or_else(|_| Vec::new())
}

fn version_of(version: MigrationVersion<'_>) -> String {
    version.to_string()
}

fn line(error: impl std::fmt::Display) -> String {
    error.to_string().replace('\n', " ")
}
