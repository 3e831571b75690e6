//! Where a database is, and where it was when it was served last. A copy is somewhere else: it may hold what the original is about
//! to do, and has to be kept from doing it as well.
//!
//! What is compared: for a SQLite file the machine, the path, and the file itself, which a backup that is put in its place by hand
//! is not; for PostgreSQL the cluster and the database in it, because any machine may serve it. A copy of whole disks has all of
//! these in common with the original, so the address that people open counts too, where the operator has named one. The operator can
//! give the place a name instead, which then stands for machine and address: containers get another host name at each start.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use sha2::{Digest, Sha256};
use url::Url;

use super::conn::sqlite_path;
use super::schema::place;
use super::{Conn, Db};
use crate::base::clock::Moment;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::hex;

/// The one row of the table.
const ROW: i64 = 1;

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = place)]
pub struct Place {
    name: String,
    storage: String,
    identity: String,
}

/// Where a database was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    pub place: Place,
    /// Whether it is a backup that was put in place and has not been served since.
    pub is_restored: bool,
}

impl Place {
    /// The place of an open database.
    ///
    /// # Errors
    /// One line, when the file or the server cannot be asked.
    pub fn of(db: &Db, config: &Config) -> Result<Place, String> {
        match sqlite_path(&config.database_url) {
            Some(path) => of_file(Path::new(path), name(config, &machine())),
            None => of_server(db, &config.database_url, name(config, "")),
        }
    }

    /// What is different from the former place, a sentence each; empty when it is the same.
    pub fn changes_since(&self, former: &Former) -> Vec<String> {
        if former.is_restored {
            return vec!["This database is a backup that was restored.".into()];
        }
        let was = &former.place;
        let parts = [
            ("it ran", &was.name, &self.name),
            ("it lay at", &was.storage, &self.storage),
            ("it was", &was.identity, &self.identity),
        ];
        let differing = parts.into_iter().filter(|(_, was, is)| was != is);
        differing.map(|(verb, was, is)| format!("This database was moved or copied: {verb} {was}, now {is}.")).collect()
    }
}

/// The name that the operator gave the place, or what can be told without.
fn name(config: &Config, machine: &str) -> String {
    if let Some(name) = &config.place {
        return format!("as {name}");
    }
    let address = config.named_address().map_or("without a public address".into(), |url| format!("for {url}"));
    [machine, &address].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn of_file(path: &Path, name: String) -> Result<Place, String> {
    let read = || Ok::<_, std::io::Error>((std::fs::canonicalize(path)?, std::fs::metadata(path)?));
    let (path, file) = read().map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let made = file.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    // A file system gives the number of a deleted file to the next one.
    let made = made.map_or(String::new(), |at| format!(" of {}", at.as_millis()));
    let identity = format!("file {}{made}", file.ino());
    Ok(Place { name, storage: path.to_string_lossy().into_owned(), identity })
}

/// This machine, as far as it can be told. The id of a machine is nobody's business, so it is hashed. Copied disks have it in common,
/// but seldom the host name.
fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
    let id = read("/etc/machine-id");
    let host = Some(read("/proc/sys/kernel/hostname")).filter(|host| !host.is_empty()).unwrap_or(read("/etc/hostname"));
    let hash: String = hex(&Sha256::digest(format!("dossier place {id}"))).chars().take(12).collect();
    match id.is_empty() {
        true => format!("on {host}"),
        false => format!("on {host} ({hash})"),
    }
}

/// The cluster has a number of its own. Where that may not be read, its address has to do.
fn of_server(db: &Db, url: &str, name: String) -> Result<Place, String> {
    let read = db.read_here(|conn| {
        let may = "coalesce(has_function_privilege(to_regprocedure('pg_control_system()'), 'execute'), false)";
        let cluster = match diesel::select(sql::<Bool>(may)).get_result(conn)? {
            true => {
                let number = "(SELECT system_identifier::text FROM pg_control_system())";
                Some(diesel::select(sql::<Text>(number)).get_result::<String>(conn)?)
            }
            false => None,
        };
        let database = "(SELECT datname || ' (' || oid || ')' FROM pg_database WHERE datname = current_database())";
        Ok::<_, Error>((cluster, diesel::select(sql::<Text>(database)).get_result::<String>(conn)?))
    });
    let (cluster, database) =
        read.map_err(|error| format!("cannot tell which database this is: {}", error.one_line()))?;
    let storage = cluster.map_or_else(|| address(url), |number| format!("the cluster {number}"));
    Ok(Place { name, storage, identity: format!("the database {database}") })
}

fn address(url: &str) -> String {
    let url = Url::parse(url).ok();
    let parameter = |url: &Url| url.query_pairs().find(|(name, _)| name == "host").map(|(_, host)| host.into_owned());
    let host = url.as_ref().and_then(|url| url.host_str().map(str::to_owned).or_else(|| parameter(url)));
    let port = url.as_ref().and_then(Url::port).unwrap_or(5432);
    format!("{}:{port}", host.unwrap_or_else(|| "this machine".into()))
}

/// Where the database was when it was served last; `None` when no version has noted it yet.
pub fn former(conn: &mut Conn) -> QueryResult<Option<Former>> {
    let row = place::table.find(ROW).select(((place::name, place::storage, place::identity), place::is_restored));
    let row: Option<(Place, bool)> = row.first(conn).optional()?;
    Ok(row.map(|(place, is_restored)| Former { place, is_restored }))
}

/// Notes where the database is now.
pub fn note(conn: &mut Conn, place: &Place, now: Moment) -> QueryResult<()> {
    diesel::delete(place::table).execute(conn)?;
    let row = (place::id.eq(ROW), place, place::noted_at.eq(now), place::is_restored.eq(false));
    diesel::insert_into(place::table).values(row).execute(conn)?;
    Ok(())
}

/// Marks a file as a backup that was put in place. One of a version that noted no places has nothing that could act.
pub(super) fn mark(conn: &mut SqliteConnection) -> QueryResult<()> {
    let tables = "(SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'place')";
    if diesel::select(sql::<BigInt>(tables)).get_result::<i64>(conn)? == 0 {
        return Ok(());
    }
    let nowhere = "INSERT OR IGNORE INTO place VALUES (1, '', '', '', 0, 1); UPDATE place SET is_restored = 1";
    conn.batch_execute(nowhere)
}

#[cfg(test)]
mod tests {
    use clap::{Args, FromArgMatches};

    use super::*;
    use crate::base::config::Flags;

    fn place(name: &str, storage: &str, identity: &str) -> Place {
        Place { name: name.into(), storage: storage.into(), identity: identity.into() }
    }

    #[test]
    fn every_part_of_a_place_that_differs_is_named() {
        let here = place("on vm", "/var/lib/dossier.db", "file 7");
        let changes = |place, is_restored| here.changes_since(&Former { place, is_restored });
        assert!(changes(here.clone(), false).is_empty());
        let moved = changes(place("on other", "/srv/dossier.db", "file 7"), false);
        let expected = [
            "This database was moved or copied: it ran on other, now on vm.",
            "This database was moved or copied: it lay at /srv/dossier.db, now /var/lib/dossier.db.",
        ];
        assert_eq!(moved, expected);
        assert_eq!(changes(here.clone(), true), ["This database is a backup that was restored."]);
    }

    #[test]
    fn the_name_of_an_operator_stands_for_machine_and_address() {
        let config = |place: Option<&str>, url: &str| {
            let line = ["x", "--public-url", url].into_iter().chain(place.iter().flat_map(|name| ["--place", name]));
            let matches = Flags::augment_args(clap::Command::new("x")).get_matches_from(line);
            Flags::from_arg_matches(&matches).expect("flags").check().expect("good flags")
        };
        let (public, bound) = ("https://dossier.example.com", "http://127.0.0.1:8080");
        assert_eq!(name(&config(None, public), "on vm"), "on vm for https://dossier.example.com/");
        assert_eq!(name(&config(None, bound), "on vm"), "on vm without a public address");
        assert_eq!(name(&config(None, public), ""), "for https://dossier.example.com/");
        assert_eq!(name(&config(Some("production"), public), "on vm"), "as production");
        assert_eq!(name(&config(Some(" "), bound), "on vm"), "on vm without a public address", "an empty name is none");
    }

    #[test]
    fn a_server_that_hides_its_number_is_known_by_its_address() {
        assert_eq!(address("postgres://dossier:secret@db.example.com/dossier"), "db.example.com:5432");
        assert_eq!(address("postgres:///dossier?host=/run/postgresql"), "/run/postgresql:5432");
        assert_eq!(address("postgres://[::1]:5433/d"), "[::1]:5433");
    }
}
