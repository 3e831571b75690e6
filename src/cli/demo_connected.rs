//! The demo's second project, which is connected to the first as to RevenueCat: what is done in it happens there, and comes back as
//! a webhook.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sha2::{Digest, Sha256};

use crate::audit::Ctx;
use crate::auth::api_keys::{self, Holder, Maker, NewKey, Value};
use crate::auth::queries::{NewProject, insert_project, set_role};
use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::{Ids, PersonId, ProjectId};
use crate::catalog::{self, file::File};
use crate::cli::demo_data::Customer;
use crate::db::Conn;
use crate::ingest;
use crate::pages::settings::endpoints::{self, Draft};
use crate::stores::revenuecat::{Connection, Keys, queries};

pub const SLUG: &str = "sundial-connected";

/// Customers with more events than this are not copied: the demo starts quickly.
const MOST_EVENTS: usize = 100;

/// What the second project is made of.
pub struct Second<'a> {
    /// The project to which it is connected, and its slug.
    pub first: (ProjectId, &'a str),
    pub team: &'a [(PersonId, Role)],
    /// Who answers for the key of the first project.
    pub admin: Maker<'a>,
    pub catalog: &'a File,
    pub customers: &'a [Customer],
    /// Where this program can call itself.
    pub base_url: &'a str,
    /// A random value: what the first project shows when it sends a webhook.
    pub secret: &'a str,
}

/// Lets the demo call itself, and nothing else that is not public. Returns where.
pub fn allow_own_address(config: &mut Config) -> String {
    let ip = match config.bind.ip() {
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    config.allowlist.allows_http = true;
    config.allowlist.private.push(ip.into());
    format!("http://{}", SocketAddr::new(ip, config.bind.port()))
}

impl Second<'_> {
    /// Makes the project with the same team, catalog and customers; a key of the first project, and the endpoint by which the first
    /// sends webhooks.
    ///
    /// # Errors
    /// When the database fails.
    pub fn build(&self, conn: &mut Conn, ids: &Ids, now: Moment, config: &Config) -> Result<(), Error> {
        let project = ids.next(now);
        let webhook_secret_hash = &crate::base::hex(&Sha256::digest(self.secret.as_bytes()));
        let new = NewProject { id: project, slug: SLUG, name: "Sundial, connected", webhook_secret_hash };
        insert_project(conn, &new, now)?;
        for (person, role) in self.team {
            set_role(conn, project, *person, *role)?;
        }
        catalog::queries::apply(conn, project, self.catalog)?;
        self.copy_events(conn, &Ctx::operator(project, ids, now))?;
        self.add_endpoint(conn, &Ctx::operator(self.first.0, ids, now), config)?;
        let keys = Keys { v2: self.add_key(conn, ids, now)?, v1: None };
        let at = (self.first.1, self.base_url);
        let connection = Connection::new(project, at, &keys, &conn.master_keys()?, now)?;
        Ok(queries::insert(conn, &connection)?)
    }

    fn copy_events(&self, conn: &mut Conn, ctx: &Ctx) -> Result<(), Error> {
        let chosen = self.customers.iter().filter(|one| one.about != "ordinary" && one.events.len() <= MOST_EVENTS);
        let mut deliveries = Vec::new();
        for customer in chosen {
            deliveries.extend(customer.deliveries().map_err(Error::Internal)?);
        }
        deliveries.iter_mut().for_each(|delivery| delivery.received_at = delivery.received_at.min(ctx.now));
        ingest::take(conn, ctx, &deliveries.iter().collect::<Vec<_>>())?;
        Ok(())
    }

    /// The first project sends what it makes itself and what it receives, as RevenueCat does.
    fn add_endpoint(&self, conn: &mut Conn, ctx: &Ctx, config: &Config) -> Result<(), Error> {
        let url = format!("{}/webhooks/revenuecat/{SLUG}", self.base_url);
        let mut draft = Draft::named("Sundial, connected".into(), url);
        draft.authorization = self.secret.to_owned();
        draft.sends_received = Some(String::new());
        endpoints::add(conn, ctx, &draft.parse(&config.allowlist)?)?;
        Ok(())
    }

    fn add_key(&self, conn: &mut Conn, ids: &Ids, now: Moment) -> Result<String, Error> {
        let value = Value::fresh(None)?;
        let holder = Holder::Server(Role::Admin);
        let (project, id, made_by) = (self.first.0, ids.next(now), self.admin);
        let new = NewKey { project, id, name: "Sundial, connected", holder, made_by };
        api_keys::queries::insert(conn, &new, &value, now)?;
        Ok(value.as_str().to_owned())
    }
}
