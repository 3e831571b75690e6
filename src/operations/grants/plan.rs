//! Plans for giving and removing grants: the events that would be appended. Dialogs show a plan before it is executed,
//! and executing it appends the same events.

use serde::{Deserialize, Serialize};

use super::length::{Length, Preset};
use super::queries;
use crate::audit::{Action, Ctx, Trace};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::catalog::{self, Catalog};
use crate::customers::subject;
use crate::db::Conn;
use crate::events::own::Grant;
use crate::events::{Delivery, Store};
use crate::projection::Purchase;
use crate::wording::times;

/// A request repeats a running grant if it ends at most this many milliseconds later (§C3.8).
const REPEAT_MILLIS: i64 = 2 * 3_600_000;

/// The events to append, and the grants that they give and remove.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub events: Vec<Delivery>,
    pub given: Vec<Given>,
    pub removed: Vec<Removed>,
}

/// A grant that the plan gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The key of the purchase.
    pub key: String,
    pub ends_at: Moment,
}

/// A grant that the plan removes before its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    pub key: String,
    pub entitlements: Vec<String>,
    /// When it would have ended.
    pub ends_at: Moment,
}

/// Why nothing is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The project has no such entitlement.
    NotConfigured,
    /// The customer has a running grant of it already.
    Held(Held),
}

/// The running grant that prevents another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub ends_at: Moment,
    pub is_lifetime: bool,
}

/// Plans a grant. A second running grant of an entitlement is refused, unless it `replaces` the first (§7.2).
///
/// # Errors
/// [`Error::NotFound`] when the customer does not exist.
pub fn plan_grant(
    conn: &mut Conn,
    ctx: &Ctx,
    customer: CustomerId,
    entitlement: &str,
    length: Length,
    replaces: bool,
) -> Result<Result<Plan, Refusal>, Error> {
    if !queries::is_configured(conn, ctx.project, entitlement)? {
        return Ok(Err(Refusal::NotConfigured));
    }
    let catalog = catalog::queries::load(conn, ctx.project)?;
    let running = running(conn, customer, ctx.now, &catalog, &[entitlement.to_owned()])?;
    if let Some(first) = running.first().filter(|_| !replaces) {
        return Ok(Err(Refusal::Held(Held::by(first, ctx.now))));
    }
    // One millisecond earlier, so that the history shows the removal before the new grant.
    let just_before = Moment(ctx.now.millis() - 1);
    let mut plan = removal_of(conn, customer, &catalog, &running, just_before)?;
    let grant = Grant::new(entitlement, length.word(), ctx.now, length.ends_at(ctx.now))?;
    add(conn, customer, &mut plan, &grant)?;
    Ok(Ok(plan))
}

/// Plans a grant that a program requests. Programs repeat requests, so an end close to that of a running grant adds
/// nothing. Neither does an earlier end, which would take access away. A later end replaces the running grant. The
/// plan may be empty.
///
/// # Errors
/// As [`plan_grant`].
pub fn plan_as_asked(
    conn: &mut Conn,
    ctx: &Ctx,
    customer: CustomerId,
    entitlement: &str,
    length: Length,
) -> Result<Result<Plan, Refusal>, Error> {
    match plan_grant(conn, ctx, customer, entitlement, length, false)? {
        Err(Refusal::Held(held)) if repeats(&held, length, ctx.now) => Ok(Ok(Plan::default())),
        Err(Refusal::Held(_)) => plan_grant(conn, ctx, customer, entitlement, length, true),
        planned => Ok(planned),
    }
}

fn repeats(held: &Held, length: Length, now: Moment) -> bool {
    let is_for_life = held.is_lifetime && length == Length::Preset(Preset::Lifetime);
    is_for_life || length.ends_at(now).since(held.ends_at) <= REPEAT_MILLIS
}

/// Plans the removal of every running grant of an entitlement. The plan is empty when there is none.
///
/// # Errors
/// As [`plan_grant`].
pub fn plan_removal_of_all(conn: &mut Conn, ctx: &Ctx, customer: CustomerId, entitlement: &str) -> Result<Plan, Error> {
    let catalog = catalog::queries::load(conn, ctx.project)?;
    let all = running(conn, customer, ctx.now, &catalog, &[entitlement.to_owned()])?;
    removal_of(conn, customer, &catalog, &all, ctx.now)
}

/// Plans the removal of a running grant and of all others of the same entitlement (§7.2). `None` when the grant is
/// not running.
///
/// # Errors
/// As [`plan_grant`].
pub fn plan_removal(conn: &mut Conn, ctx: &Ctx, customer: CustomerId, key: &str) -> Result<Option<Plan>, Error> {
    let Some(grant) = running_one(conn, customer, key, ctx.now)? else { return Ok(None) };
    let catalog = catalog::queries::load(conn, ctx.project)?;
    let mut all = running(conn, customer, ctx.now, &catalog, &catalog.unlocked_by(&grant))?;
    if all.is_empty() {
        all.push(grant);
    }
    removal_of(conn, customer, &catalog, &all, ctx.now).map(Some)
}

/// Plans the removal of this grant only. `None` when it is not running.
///
/// # Errors
/// As [`plan_grant`].
pub fn plan_removal_of_one(conn: &mut Conn, ctx: &Ctx, customer: CustomerId, key: &str) -> Result<Option<Plan>, Error> {
    let Some(grant) = running_one(conn, customer, key, ctx.now)? else { return Ok(None) };
    let catalog = catalog::queries::load(conn, ctx.project)?;
    removal_of(conn, customer, &catalog, &[grant], ctx.now).map(Some)
}

/// Adds removed grants to a plan again, each until its former end. Those whose end has passed are left out.
///
/// # Errors
/// As [`plan_grant`].
pub fn plan_again(
    conn: &mut Conn,
    ctx: &Ctx,
    customer: CustomerId,
    plan: &mut Plan,
    removed: &[Removed],
) -> Result<(), Error> {
    for one in removed.iter().filter(|one| one.ends_at > ctx.now) {
        let Some(first) = one.entitlements.first() else { continue };
        let grant = Grant::new(first, super::CUSTOM, ctx.now, one.ends_at)?;
        add(conn, customer, plan, &Grant { entitlements: one.entitlements.clone(), ..grant })?;
    }
    Ok(())
}

/// The running grants that unlock one of these entitlements; the one that ends last comes first.
pub fn running(
    conn: &mut Conn,
    customer: CustomerId,
    now: Moment,
    catalog: &Catalog,
    entitlements: &[String],
) -> Result<Vec<Purchase>, Error> {
    let mut running = queries::running(conn, customer, now)?;
    running.retain(|grant| catalog.unlocked_by(grant).iter().any(|own| entitlements.contains(own)));
    Ok(running)
}

fn running_one(conn: &mut Conn, customer: CustomerId, key: &str, now: Moment) -> Result<Option<Purchase>, Error> {
    Ok(queries::find(conn, customer, key)?.filter(|grant| grant.is_active(now)))
}

fn add(conn: &mut Conn, customer: CustomerId, plan: &mut Plan, grant: &Grant) -> Result<(), Error> {
    let subject = subject::load(conn, customer)?;
    plan.events.push(grant.given(&subject)?);
    plan.given.push(Given { key: key_of(grant), ends_at: grant.ends_at.unwrap_or(Moment::NEVER) });
    Ok(())
}

/// A plan that removes these grants `now`, with one event for each.
fn removal_of(
    conn: &mut Conn,
    customer: CustomerId,
    catalog: &Catalog,
    grants: &[Purchase],
    now: Moment,
) -> Result<Plan, Error> {
    let subject = subject::load(conn, customer)?;
    let mut plan = Plan::default();
    for grant in grants {
        plan.events.push(of_purchase(grant).removed(&subject, now)?);
        plan.removed.push(Removed {
            key: grant.key.clone(),
            entitlements: catalog.unlocked_by(grant),
            ends_at: grant.access_ends_at(),
        });
    }
    Ok(plan)
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The entitlements that the removed grants unlocked, each once.
    pub fn removed_entitlements(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for id in self.removed.iter().flat_map(|one| &one.entitlements) {
            if !all.contains(id) {
                all.push(id.clone());
            }
        }
        all
    }

    /// The audit trace of the new grant; it names the end of a grant that this one replaces.
    pub fn grant_entry(&self, entitlement: &str, length: Length) -> Trace {
        let ends_at = self.given.first().map_or_else(String::new, |given| times::full(given.ends_at));
        let after = format!("{}, to {ends_at}", length.in_words());
        self.with_former_end(Trace::new(Action::EntitlementGranted).about(entitlement).after(after))
    }

    /// The audit trace of the removed grants.
    pub fn removal_entry(&self) -> Trace {
        self.with_former_end(Trace::new(Action::EntitlementRevoked).about(self.removed_entitlements().join(", ")))
    }

    fn with_former_end(&self, trace: Trace) -> Trace {
        match self.removed.first() {
            Some(first) => trace.before(format!("granted to {}", times::full(first.ends_at))),
            None => trace,
        }
    }
}

impl Held {
    pub fn by(grant: &Purchase, now: Moment) -> Held {
        Held { ends_at: grant.access_ends_at(), is_lifetime: grant.is_lifetime(now) }
    }
}

/// The key that the fold gives a grant (§6.1).
fn key_of(grant: &Grant) -> String {
    format!("{}:{}", Store::Promotional.as_str(), grant.transaction_id.as_deref().unwrap_or(""))
}

/// A stored grant, in the form from which events are made.
pub(super) fn of_purchase(purchase: &Purchase) -> Grant {
    Grant {
        transaction_id: purchase.transaction_id.clone(),
        product_id: purchase.product_id.clone(),
        entitlements: purchase.entitlement_ids.clone(),
        starts_at: purchase.period_start,
        ends_at: purchase.expires_at,
    }
}
