//! Giving a grant, taking it back, and telling that its time is over. Whoever calls writes: each holds the project's lock
//! until the transaction ends, so that what was checked stays true.

use super::length::Length;
use super::queries;
use crate::catalog::{self, Catalog};
use crate::clock::Moment;
use crate::customers::{Census, whom};
use crate::db::Conn;
use crate::error::Error;
use crate::events::own::{Grant, Whom};
use crate::events::{Delivery, Store, ingest};
use crate::ids::Ids;
use crate::state::{CustomerId, Purchase};

/// Whose grants, and what a change of them needs.
#[derive(Debug, Clone)]
pub struct Holder {
    pub project: i64,
    pub customer: CustomerId,
    pub ids: Ids,
    pub now: Moment,
}

/// A grant that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The key of the purchase.
    pub key: String,
    pub ends_at: Moment,
    /// What it took the place of.
    pub replaced: Vec<Removed>,
}

/// A grant that was taken back before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    pub key: String,
    pub entitlements: Vec<String>,
    /// When it would have ended.
    pub ends_at: Moment,
}

/// Why nothing was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The project has no such entitlement.
    NotConfigured,
    /// The customer has this grant of it already.
    Held(Held),
}

/// The grant that stands in the way of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub ends_at: Moment,
    pub is_lifetime: bool,
}

impl Holder {
    /// Gives access. A second running grant of one entitlement is refused, unless it shall replace the first (§7.2).
    ///
    /// # Errors
    /// What the database said; [`Error::NotFound`] for a customer who is no more.
    pub fn give(
        &self,
        conn: &mut Conn,
        entitlement: &str,
        length: Length,
        replaces: bool,
    ) -> Result<Result<Given, Refusal>, Error> {
        conn.lock_project(self.project)?;
        if !queries::is_configured(conn, self.project, entitlement)? {
            return Ok(Err(Refusal::NotConfigured));
        }
        let catalog = catalog::queries::load(conn, self.project)?;
        let running = self.running(conn, &catalog, &[entitlement.to_owned()])?;
        if let Some(first) = running.first().filter(|_| !replaces) {
            return Ok(Err(Refusal::Held(Held::by(first, self.now))));
        }
        let whom = whom::of(conn, self.customer)?;
        let (mut events, replaced) = self.removals(conn, &catalog, &whom, &running)?;
        let ends_at = length.ends_at(self.now);
        let grant = Grant::new(entitlement, length.word(), self.now, ends_at)?;
        events.push(grant.given(&whom)?);
        self.append(conn, &events)?;
        let key = key_of(&grant);
        queries::await_end(conn, self.customer, &key, ends_at)?;
        Ok(Ok(Given { key, ends_at, replaced }))
    }

    /// Takes back a running grant, and with it all others of the same entitlement (§7.2). `None`: it is not running.
    ///
    /// # Errors
    /// As [`Holder::give`].
    pub fn remove(&self, conn: &mut Conn, key: &str) -> Result<Option<Vec<Removed>>, Error> {
        conn.lock_project(self.project)?;
        let Some(grant) = self.running_one(conn, key)? else { return Ok(None) };
        let catalog = catalog::queries::load(conn, self.project)?;
        let mut all = self.running(conn, &catalog, &catalog.unlocked_by(&grant))?;
        if all.is_empty() {
            all.push(grant);
        }
        self.take_back(conn, &catalog, &all).map(Some)
    }

    /// Takes back this one grant. `None`: it is not running.
    ///
    /// # Errors
    /// As [`Holder::give`].
    pub fn remove_one(&self, conn: &mut Conn, key: &str) -> Result<Option<Vec<Removed>>, Error> {
        conn.lock_project(self.project)?;
        let Some(grant) = self.running_one(conn, key)? else { return Ok(None) };
        let catalog = catalog::queries::load(conn, self.project)?;
        self.take_back(conn, &catalog, &[grant]).map(Some)
    }

    /// Tells that the time of a grant is over, unless somebody else has; returns whether it did.
    ///
    /// # Errors
    /// As [`Holder::give`].
    pub fn tell_end(&self, conn: &mut Conn, key: &str) -> Result<bool, Error> {
        conn.lock_project(self.project)?;
        if !queries::take_end(conn, self.customer, key)? {
            return Ok(false);
        }
        let ended = queries::find(conn, self.customer, key)?.filter(|grant| is_untold(grant, self.now));
        let Some((grant, at)) = ended.and_then(|grant| grant.expires_at.map(|at| (grant, at))) else {
            return Ok(false);
        };
        let whom = whom::of(conn, self.customer)?;
        self.append(conn, &[grant_of(&grant).ended(&whom, at, self.now)?])?;
        Ok(true)
    }

    fn running_one(&self, conn: &mut Conn, key: &str) -> Result<Option<Purchase>, Error> {
        Ok(queries::find(conn, self.customer, key)?.filter(|grant| grant.is_active(self.now)))
    }

    /// The running grants that unlock one of these entitlements.
    fn running(&self, conn: &mut Conn, catalog: &Catalog, entitlements: &[String]) -> Result<Vec<Purchase>, Error> {
        let mut running = queries::running(conn, self.customer, self.now)?;
        running.retain(|grant| catalog.unlocked_by(grant).iter().any(|own| entitlements.contains(own)));
        Ok(running)
    }

    fn take_back(&self, conn: &mut Conn, catalog: &Catalog, grants: &[Purchase]) -> Result<Vec<Removed>, Error> {
        let whom = whom::of(conn, self.customer)?;
        let (events, removed) = self.removals(conn, catalog, &whom, grants)?;
        self.append(conn, &events)?;
        Ok(removed)
    }

    /// One event for each grant that is taken back, whose end need not be told any more.
    fn removals(
        &self,
        conn: &mut Conn,
        catalog: &Catalog,
        whom: &Whom,
        grants: &[Purchase],
    ) -> Result<(Vec<Delivery>, Vec<Removed>), Error> {
        let (mut events, mut removed) = (Vec::new(), Vec::new());
        for grant in grants {
            queries::take_end(conn, self.customer, &grant.key)?;
            events.push(grant_of(grant).removed(whom, self.now)?);
            removed.push(Removed {
                key: grant.key.clone(),
                entitlements: catalog.unlocked_by(grant),
                ends_at: grant.access_ends_at(),
            });
        }
        Ok((events, removed))
    }

    fn append(&self, conn: &mut Conn, events: &[Delivery]) -> Result<(), Error> {
        let mut census = Census::of(self.project, self.ids.clone(), self.now);
        Ok(ingest::append(conn, &mut census, events)?)
    }
}

impl Held {
    fn by(grant: &Purchase, now: Moment) -> Held {
        Held { ends_at: grant.access_ends_at(), is_lifetime: grant.is_lifetime(now) }
    }
}

/// Whether a grant has come to its end, and no event says so.
fn is_untold(grant: &Purchase, now: Moment) -> bool {
    !grant.is_active(now) && grant.unsubscribed_at.is_none() && grant.expiration_reason.is_none()
}

/// The key that the fold gives a grant (§6.1).
fn key_of(grant: &Grant) -> String {
    format!("{}:{}", Store::Promotional.as_str(), grant.transaction_id.as_deref().unwrap_or(""))
}

/// A stored grant, as events speak of it.
fn grant_of(purchase: &Purchase) -> Grant {
    Grant {
        transaction_id: purchase.transaction_id.clone(),
        product_id: purchase.product_id.clone(),
        entitlements: purchase.entitlement_ids.clone(),
        starts_at: purchase.period_start,
        ends_at: purchase.expires_at,
    }
}
