//! A webhook endpoint and its filters for events (§5.1 Filters).

use diesel::prelude::*;
use url::Url;

use super::Secret;
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{EndpointId, ProjectId};
use crate::base::master_key::MasterKeys;
use crate::db::schema::webhook_endpoints;
use crate::db::secrets::endpoint as place;
use crate::events::{Environment, Event};

/// How many endpoints a project may have.
pub const MOST: usize = 20;

/// A webhook endpoint of a project.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhook_endpoints, treat_none_as_null = true)]
pub struct Endpoint {
    pub project_id: ProjectId,
    pub id: EndpointId,
    pub name: String,
    pub url: String,
    /// The value of the `Authorization` header, sealed; never shown.
    pub authorization_value: Option<Vec<u8>>,
    pub environment: Environments,
    /// Whether it also wants events that were received, not only those that Dossier makes.
    pub sends_received: bool,
    pub is_on: bool,
    /// What signs requests, sealed.
    pub secret: Vec<u8>,
    pub secret_set_at: Moment,
    pub old_secret: Option<Vec<u8>>,
    /// Until when requests are also signed with the old secret.
    pub old_secret_until: Option<Moment>,
    pub created_at: Moment,
    /// The newest attempt: its time, the status of the answer, and what went wrong if there was none.
    pub last_at: Option<Moment>,
    pub last_status: Option<i64>,
    pub last_problem: Option<String>,
}

/// Which environment's events an endpoint wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environments {
    All,
    Production,
    Sandbox,
}

crate::db::columns::text_enum!(Environments: name, Environments::parse);

impl Environments {
    pub const ALL: [Environments; 3] = [Environments::All, Environments::Production, Environments::Sandbox];

    /// The word in the database and in forms.
    pub const fn name(self) -> &'static str {
        match self {
            Environments::All => "all",
            Environments::Production => "production",
            Environments::Sandbox => "sandbox",
        }
    }

    pub const fn words(self) -> &'static str {
        match self {
            Environments::All => "Production and sandbox",
            Environments::Production => "Production only",
            Environments::Sandbox => "Sandbox only",
        }
    }

    pub fn parse(name: &str) -> Option<Environments> {
        Environments::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Whether an event passes the filter; an event without an environment always does.
    fn wants(self, environment: Option<Environment>) -> bool {
        match (self, environment) {
            (Environments::All, _) | (_, None) => true,
            (Environments::Production, Some(of)) => of == Environment::Production,
            (Environments::Sandbox, Some(of)) => of == Environment::Sandbox,
        }
    }
}

impl Endpoint {
    /// An endpoint that is switched on, with an empty name and address.
    ///
    /// # Errors
    /// When the secret cannot be sealed.
    pub fn new(ctx: &Ctx, keys: &MasterKeys, secret: &Secret) -> Result<Endpoint, Error> {
        let id = ctx.next_id();
        let secret = keys.seal(&place(ctx.project, id), &secret.0)?;
        Ok(Endpoint {
            project_id: ctx.project,
            id,
            name: String::new(),
            url: String::new(),
            authorization_value: None,
            environment: Environments::All,
            sends_received: false,
            is_on: true,
            secret,
            secret_set_at: ctx.now,
            old_secret: None,
            old_secret_until: None,
            created_at: ctx.now,
            last_at: None,
            last_status: None,
            last_problem: None,
        })
    }

    /// Seals a secret for this endpoint.
    ///
    /// # Errors
    /// When the operating system's random source fails.
    pub fn seal(&self, keys: &MasterKeys, secret: &[u8]) -> Result<Vec<u8>, Error> {
        keys.seal(&place(self.project_id, self.id), secret)
    }

    /// The value of the `Authorization` header that is sent.
    ///
    /// # Errors
    /// When it does not open with the master key.
    pub fn authorization(&self, keys: &MasterKeys) -> Result<Option<String>, Error> {
        let Some(sealed) = &self.authorization_value else { return Ok(None) };
        let opened = keys.open(&place(self.project_id, self.id), sealed)?;
        Ok(Some(String::from_utf8_lossy(&opened).into_owned()))
    }

    /// Whether the endpoint wants an event. `types` are the types it wants; if empty, it wants every type.
    pub fn wants(&self, types: &[String], event: &Event, is_own: bool) -> bool {
        let is_of_type = types.is_empty() || types.iter().any(|kind| kind == event.kind.as_str());
        self.is_on && (is_own || self.sends_received) && is_of_type && self.environment.wants(event.environment)
    }

    /// Whether a URL has the scheme, the host and the port of this endpoint's, so that the same server answers there.
    pub fn has_origin_of(&self, url: &Url) -> bool {
        Url::parse(&self.url).is_ok_and(|own| own.origin() == url.origin())
    }

    /// The secrets that sign requests now, the newest first.
    ///
    /// # Errors
    /// When they do not open with the master key.
    pub fn secrets(&self, keys: &MasterKeys, now: Moment) -> Result<Vec<Secret>, Error> {
        let old = self.old_secret.as_ref().filter(|_| self.overlap(now).is_some());
        let open = |sealed: &Vec<u8>| keys.open(&place(self.project_id, self.id), sealed).map(Secret);
        [Some(&self.secret), old].into_iter().flatten().map(open).collect()
    }

    /// Until when requests are also signed with the old secret; `None` when they are not.
    pub fn overlap(&self, now: Moment) -> Option<Moment> {
        self.old_secret_until.filter(|until| *until > now)
    }
}
