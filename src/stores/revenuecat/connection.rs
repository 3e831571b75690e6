//! The connection of a project, as it is stored.

use diesel::prelude::*;

use super::findings::Findings;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::ProjectId;
use crate::base::master_key::MasterKeys;
use crate::db::schema::connections;
use crate::db::secrets::connection as place;

/// Where a project's truth lies, and the keys that open it.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = connections, treat_none_as_null = true)]
pub struct Connection {
    #[diesel(column_name = project_id)]
    pub project: ProjectId,
    /// The project's id there.
    pub upstream_project: String,
    /// The origin of the API, without a slash at the end.
    pub base_url: String,
    v2_key: Vec<u8>,
    v1_key: Option<Vec<u8>>,
    pub keys_set_at: Moment,
    pub created_at: Moment,
    /// Since when nothing is sent, because nobody has confirmed that this database may act there.
    pub suspended_at: Option<Moment>,
    pub checked_at: Option<Moment>,
    findings: Option<String>,
    /// Whether the project's catalog follows the one there.
    pub catalog_in_step: bool,
    /// How many customers are compared every night, and when the next time is.
    pub sample_size: i64,
    pub sample_due_at: Option<Moment>,
}

/// The secret keys. They have no `Debug`, so that no log can print them.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    pub v2: String,
    /// For what only the first version of the API can do.
    pub v1: Option<String>,
}

impl Connection {
    /// A connection that may act at once.
    ///
    /// # Errors
    /// When the keys cannot be sealed.
    pub fn new(
        project: ProjectId,
        (upstream_project, base_url): (&str, &str),
        keys: &Keys,
        master: &MasterKeys,
        now: Moment,
    ) -> Result<Connection, Error> {
        let mut connection = Connection {
            project,
            upstream_project: upstream_project.to_owned(),
            base_url: base_url.trim_end_matches('/').to_owned(),
            v2_key: Vec::new(),
            v1_key: None,
            keys_set_at: now,
            created_at: now,
            suspended_at: None,
            checked_at: None,
            findings: None,
            catalog_in_step: false,
            sample_size: 0,
            sample_due_at: None,
        };
        connection.set_keys(keys, master, now)?;
        Ok(connection)
    }

    /// Takes other keys.
    ///
    /// # Errors
    /// When they cannot be sealed.
    pub fn set_keys(&mut self, keys: &Keys, master: &MasterKeys, now: Moment) -> Result<(), Error> {
        let seal = |key: &str| master.seal(&place(self.project), key.as_bytes());
        let (v2, v1) = (seal(&keys.v2)?, keys.v1.as_deref().map(seal).transpose()?);
        (self.v2_key, self.v1_key, self.keys_set_at) = (v2, v1, now);
        Ok(())
    }

    /// The keys as they are sent.
    ///
    /// # Errors
    /// When they do not open with the master key.
    pub fn keys(&self, master: &MasterKeys) -> Result<Keys, Error> {
        let open = |sealed: &Vec<u8>| {
            let opened = master.open(&place(self.project), sealed)?;
            Ok::<_, Error>(String::from_utf8_lossy(&opened).into_owned())
        };
        Ok(Keys { v2: open(&self.v2_key)?, v1: self.v1_key.as_ref().map(open).transpose()? })
    }

    /// Whether there is a key for the first version of the API.
    pub fn has_v1_key(&self) -> bool {
        self.v1_key.is_some()
    }

    /// What the last check found.
    pub fn findings(&self) -> Findings {
        self.findings.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Keeps what a check found.
    pub fn note(&mut self, findings: &Findings, now: Moment) {
        self.findings = serde_json::to_string(findings).ok();
        self.checked_at = Some(now);
    }
}

/// Reads and writes connections.
pub mod queries {
    use diesel::prelude::*;

    use super::Connection;
    use crate::base::clock::Moment;
    use crate::base::ids::ProjectId;
    use crate::db::Conn;
    use crate::db::schema::connections;
    use crate::stores::Connected;

    /// The connection of a project; `None` when it only takes webhooks.
    pub fn find(conn: &mut Conn, project: ProjectId) -> QueryResult<Option<Connection>> {
        connections::table.find(project).select(Connection::as_select()).first(conn).optional()
    }

    /// What the rest of the program needs to know of a project's connection; `None` when it only takes webhooks.
    pub fn connected(conn: &mut Conn, project: ProjectId) -> QueryResult<Option<Connected>> {
        let known = (connections::v1_key.is_not_null(), connections::suspended_at.is_not_null());
        let found: Option<(bool, bool)> = connections::table.find(project).select(known).first(conn).optional()?;
        Ok(found.map(|(has_v1_key, is_suspended)| Connected { has_v1_key, is_suspended }))
    }

    pub fn insert(conn: &mut Conn, connection: &Connection) -> QueryResult<()> {
        diesel::insert_into(connections::table).values(connection).execute(conn)?;
        Ok(())
    }

    /// Writes all of a connection.
    pub fn update(conn: &mut Conn, connection: &Connection) -> QueryResult<()> {
        diesel::update(connections::table.find(connection.project)).set(connection).execute(conn)?;
        Ok(())
    }

    pub fn delete(conn: &mut Conn, project: ProjectId) -> QueryResult<()> {
        diesel::delete(connections::table.find(project)).execute(conn)?;
        Ok(())
    }

    /// Keeps every connection from sending, until somebody lets each go on.
    pub fn suspend_all(conn: &mut Conn, now: Moment) -> QueryResult<usize> {
        let active = connections::table.filter(connections::suspended_at.is_null());
        diesel::update(active).set(connections::suspended_at.eq(now)).execute(conn)
    }
}
