//! What is secret in the database: sealed with the master key, which does not lie in it ([`MasterKeys`]). Here are the keys that
//! the program generates once, so that every process uses the same ones, and the list of all places with secrets.

use diesel::prelude::*;
use diesel::result::Error as QueryError;

use crate::base::error::Error;
use crate::base::ids::{EndpointId, PersonId, ProjectId};
use crate::base::master_key::{MasterKeySource, MasterKeys};
use crate::base::random_bytes;
use crate::db::schema::{connections, second_factors, secrets, webhook_endpoints};
use crate::db::{Both, Conn, Db};

/// The name of the key that signs session cookies.
pub const SESSION_KEY: &str = "session_key";
/// The name of the key that signs the cookies of browsers that have logged in.
pub const DEVICE_KEY: &str = "device_key";
/// The name of the key that hashes the ids of erased customers.
pub const ERASURE_KEY: &str = "erasure_key";
/// The keys that the program generates.
const GENERATED: [&str; 3] = [SESSION_KEY, DEVICE_KEY, ERASURE_KEY];

/// The name of a row that only says which master key this database belongs to.
const MARK: &str = "master_key";
const MARKED: &[u8] = b"the secrets of this database are sealed";

/// Lets this process read the secrets of a database. The first time ever, it makes the file of the master key where that is
/// missing, and seals what earlier versions have stored as it was. Returns whether it made the file.
///
/// # Errors
/// One line for the operator: the key is missing or cannot be read, or it is not the one of this database.
pub fn unlock(db: &Db, source: &MasterKeySource) -> Result<bool, String> {
    if db.is_unlocked() {
        return Ok(false);
    }
    // The keys first: a mark that was sealed anew meanwhile makes them be read again.
    let found = MasterKeys::read(source)?;
    let mark = db.read_here(|conn| Ok::<_, Error>(read(conn, MARK)?)).map_err(|error| error.one_line())?;
    let (keys, is_new) = match (found, &mark) {
        (Some(keys), _) => (keys, false),
        (None, None) => (MasterKeys::create(source)?, true),
        // Another process may have made both since.
        (None, Some(_)) => (MasterKeys::read(source)?.ok_or_else(|| missing(source))?, false),
    };
    let mark = match mark {
        Some(mark) => mark,
        None => db.write_here(|conn| seal_for_the_first_time(conn, &keys)).map_err(|error| error.one_line())?,
    };
    keys.open(MARK, &mark).map_err(|_| {
        format!("the secrets of this database are sealed with another master key than the one in {source:?}")
    })?;
    db.keep_keys(keys);
    Ok(is_new)
}

fn missing(source: &MasterKeySource) -> String {
    format!(
        "the master key of this database is missing: there is no file {source:?}. Copy it from where the database was made, or \
         from its backup, or set DOSSIER_MASTER_KEY"
    )
}

/// Marks the database, unless another process has done it meanwhile, and seals what is not sealed. Returns the mark.
fn seal_for_the_first_time(conn: &mut Conn, keys: &MasterKeys) -> Result<Vec<u8>, Error> {
    let mark = insert_or_read(conn, MARK, &keys.seal(MARK, MARKED)?)?;
    if keys.open(MARK, &mark).is_ok() {
        reseal(conn, keys)?;
    }
    Ok(mark)
}

/// Seals with the newest key whatever is not sealed with it. Returns how many secrets it was.
///
/// # Errors
/// When the database fails, or a secret does not open with any of the keys.
pub fn reseal(conn: &mut Conn, keys: &MasterKeys) -> Result<usize, Error> {
    let mut resealed = 0;
    let mut again = |place: &str, bytes: Vec<u8>| -> Result<Option<Vec<u8>>, Error> {
        if keys.is_current(&bytes) {
            return Ok(None);
        }
        let secret = if MasterKeys::is_sealed(&bytes) { keys.open(place, &bytes)? } else { bytes };
        resealed += 1;
        keys.seal(place, &secret).map(Some)
    };
    reseal_generated(conn, &mut again)?;
    reseal_second_factors(conn, &mut again)?;
    reseal_endpoints(conn, &mut again)?;
    reseal_connections(conn, &mut again)?;
    Ok(resealed)
}

/// Seals one secret anew; `None` when it may stay.
type Again<'a> = dyn FnMut(&str, Vec<u8>) -> Result<Option<Vec<u8>>, Error> + 'a;

fn reseal_generated(conn: &mut Conn, again: &mut Again<'_>) -> Result<(), Error> {
    for name in GENERATED.into_iter().chain([MARK]) {
        let Some(bytes) = read(conn, name)? else { continue };
        if let Some(sealed) = again(name, bytes)? {
            diesel::update(secrets::table.find(name)).set(secrets::value.eq(sealed)).execute(conn)?;
        }
    }
    Ok(())
}

fn reseal_second_factors(conn: &mut Conn, again: &mut Again<'_>) -> Result<(), Error> {
    let all: Vec<(PersonId, Vec<u8>)> =
        second_factors::table.select((second_factors::person_id, second_factors::secret)).load(conn)?;
    for (person, bytes) in all {
        if let Some(sealed) = again(&second_factor(person), bytes)? {
            let row = second_factors::table.find(person);
            diesel::update(row).set(second_factors::secret.eq(sealed)).execute(conn)?;
        }
    }
    Ok(())
}

/// The secrets of an endpoint: its place, the two that sign, and the value of the header.
type OfEndpoint = (ProjectId, EndpointId, Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);

fn reseal_endpoints(conn: &mut Conn, again: &mut Again<'_>) -> Result<(), Error> {
    let all: Vec<OfEndpoint> = webhook_endpoints::table
        .select((
            webhook_endpoints::project_id,
            webhook_endpoints::id,
            webhook_endpoints::secret,
            webhook_endpoints::old_secret,
            webhook_endpoints::authorization_value,
        ))
        .load(conn)?;
    for (project, id, secret, old, authorization) in all {
        let (row, place) = (webhook_endpoints::table.find((project, id)), endpoint(project, id));
        if let Some(sealed) = again(&place, secret)? {
            diesel::update(row).set(webhook_endpoints::secret.eq(sealed)).execute(conn)?;
        }
        if let Some(sealed) = old.map_or(Ok(None), |bytes| again(&place, bytes))? {
            diesel::update(row).set(webhook_endpoints::old_secret.eq(sealed)).execute(conn)?;
        }
        if let Some(sealed) = authorization.map_or(Ok(None), |bytes| again(&place, bytes))? {
            diesel::update(row).set(webhook_endpoints::authorization_value.eq(sealed)).execute(conn)?;
        }
    }
    Ok(())
}

fn reseal_connections(conn: &mut Conn, again: &mut Again<'_>) -> Result<(), Error> {
    let columns = (connections::project_id, connections::v2_key, connections::v1_key);
    let all: Vec<(ProjectId, Vec<u8>, Option<Vec<u8>>)> = connections::table.select(columns).load(conn)?;
    for (project, v2, v1) in all {
        let (row, place) = (connections::table.find(project), connection(project));
        if let Some(sealed) = again(&place, v2)? {
            diesel::update(row).set(connections::v2_key.eq(sealed)).execute(conn)?;
        }
        if let Some(sealed) = v1.map_or(Ok(None), |bytes| again(&place, bytes))? {
            diesel::update(row).set(connections::v1_key.eq(sealed)).execute(conn)?;
        }
    }
    Ok(())
}

/// The place of a person's second factor.
pub fn second_factor(person: PersonId) -> String {
    format!("second factor {person}")
}

/// The place of the secrets of a webhook endpoint.
pub fn endpoint(project: ProjectId, id: EndpointId) -> String {
    format!("webhook endpoint {project} {id}")
}

/// The place of the keys of a project's connection.
pub fn connection(project: ProjectId) -> String {
    format!("connection {project}")
}

/// Returns the secret called `name`, and creates it if it is missing. When two processes start at once, one creates it
/// and both read it.
///
/// # Errors
/// One line for the operator.
pub fn load_or_create(db: &Db, name: &'static str) -> Result<Vec<u8>, String> {
    let failure = |error: Error| format!("cannot write to the database: {}", error.cause().unwrap_or("unknown"));
    db.write_here(move |conn| load_or_create_in(conn, name)).map_err(failure)
}

/// As [`load_or_create`], inside the transaction of the caller.
pub fn load_or_create_in(conn: &mut Conn, name: &str) -> Result<Vec<u8>, Error> {
    let keys = conn.master_keys()?;
    let fresh = keys.seal(name, &random_bytes::<64>()?)?;
    let sealed = insert_or_read(conn, name, &fresh)?;
    keys.open(name, &sealed)
}

/// The secret called `name`, or `None` if it was never created.
pub fn find(conn: &mut Conn, name: &str) -> QueryResult<Option<Vec<u8>>> {
    let Some(sealed) = read(conn, name)? else { return Ok(None) };
    let opened = conn.master_keys().and_then(|keys| keys.open(name, &sealed));
    opened
        .map(Some)
        .map_err(|error| QueryError::DeserializationError(error.cause().unwrap_or("a secret could not be read").into()))
}

fn read(conn: &mut Conn, name: &str) -> QueryResult<Option<Vec<u8>>> {
    secrets::table.find(name).select(secrets::value).first(conn).optional()
}

fn insert_or_read(conn: &mut Conn, name: &str, fresh: &[u8]) -> QueryResult<Vec<u8>> {
    let row = (secrets::name.eq(name), secrets::value.eq(fresh));
    Both(diesel::insert_into(secrets::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    secrets::table.find(name).select(secrets::value).first(conn)
}
