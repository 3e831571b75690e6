//! What follows here from what RevenueCat did with a customer: the same operation as without a connection, under the name of
//! whoever asked, in the transaction in which the request is confirmed.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::audit::{self, Action, Actor, Ctx, Trace};
use crate::base::AppUserId;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, EventId, PersonId};
use crate::customers::attributes::{Stored, queries as attributes};
use crate::customers::overrides::{Override, queries as overrides};
use crate::customers::{identity, locks, state};
use crate::db::Conn;
use crate::db::schema::people;
use crate::operations::currencies::{self, Amounts};
use crate::operations::erasure::{self, blocking};
use crate::operations::grants::{self, Length};
use crate::operations::overrides::entry;
use crate::operations::transfer::Move;
use crate::requests::Request;
use crate::stores::{CustomerAct, Order};
use crate::wording::text::count;

/// What was done here: its traces, and the row of its event.
#[derive(Default)]
struct Effect {
    traces: Vec<Trace>,
    event: Option<EventId>,
}

/// Carries out here what RevenueCat has done. Returns the row of the event of it; `None` where there is none, or where it does
/// not fit any more to what is stored here: then RevenueCat's own events tell.
///
/// # Errors
/// When the database fails.
pub fn write(
    conn: &mut Conn,
    ctx: &Ctx,
    request: &Request,
    order: &Order,
    act: &CustomerAct,
) -> Result<Option<EventId>, Error> {
    let asker = Ctx::new(ctx.project, &ctx.ids, ctx.now, request.asker.actor());
    let customer = request.customer;
    locks::lock(conn, [customer])?;
    let effect = match act {
        CustomerAct::Grant { entitlement, ends_at, .. } => {
            grant(conn, &asker, customer, entitlement, Length::Until(*ends_at))?
        }
        CustomerAct::Revoke { entitlement } => revoke(conn, &asker, customer, entitlement)?,
        CustomerAct::Override { .. } => choose(conn, &asker, request, act)?,
        CustomerAct::Attributes { values } => set_attributes(conn, &asker, customer, values)?,
        CustomerAct::Transfer { to } => transfer(conn, &asker, customer, to)?,
        CustomerAct::Delete { blocks } => {
            return delete(conn, &asker, customer, &order.app_user_id, *blocks).map(|()| None);
        }
        CustomerAct::Adjust { amounts } => {
            let Ok(amounts) = Amounts::parse(amounts.clone()) else { return Ok(None) };
            let change = currencies::Request { environment: request.environment, amounts, reference: None, once: None };
            let changed = currencies::change(conn, &asker, customer, &change)?.unwrap_or_default();
            Effect { traces: changed.traces, event: changed.event }
        }
    };
    for trace in effect.traces {
        let trace = trace.because(request.reason.clone()).for_customer(customer, &order.app_user_id);
        audit::append(conn, &asker, trace)?;
    }
    Ok(effect.event)
}

/// RevenueCat has one grant of an entitlement at most, so a running one gives way.
fn grant(
    conn: &mut Conn,
    asker: &Ctx,
    customer: CustomerId,
    entitlement: &str,
    length: Length,
) -> Result<Effect, Error> {
    let Ok(plan) = grants::plan_grant(conn, asker, customer, entitlement, length, true)? else {
        return Ok(Effect::default());
    };
    let event = grants::carry_out(conn, asker, customer, &plan)?;
    Ok(Effect { traces: vec![plan.grant_entry(entitlement, length)], event })
}

fn revoke(conn: &mut Conn, asker: &Ctx, customer: CustomerId, entitlement: &str) -> Result<Effect, Error> {
    let plan = grants::plan_removal_of_all(conn, asker, customer, entitlement)?;
    if plan.is_empty() {
        return Ok(Effect::default());
    }
    let event = grants::carry_out(conn, asker, customer, &plan)?;
    Ok(Effect { traces: vec![plan.removal_entry()], event })
}

fn choose(conn: &mut Conn, asker: &Ctx, request: &Request, act: &CustomerAct) -> Result<Effect, Error> {
    let CustomerAct::Override { offering, until } = act else { return Ok(Effect::default()) };
    let before = crate::operations::overrides::current(conn, asker, request.customer)?;
    let before = before.filter(|set| !set.is_over(asker.now));
    let (set_by, set_by_id) = name_of(conn, &request.asker.actor())?;
    let after = offering.as_ref().map(|offering| Override {
        customer_id: request.customer,
        project_id: asker.project,
        offering: offering.clone(),
        set_by,
        set_by_id,
        set_at: asker.now,
        until: *until,
        reason: request.reason.clone(),
        is_end_recorded: false,
    });
    match &after {
        Some(set) => overrides::put(conn, set)?,
        None => overrides::remove(conn, request.customer)?,
    }
    // Nothing changes here when the end of an override was recorded before.
    let is_change = before.is_some() || after.is_some();
    let traces = is_change.then(|| entry(before.as_ref(), after.as_ref())).into_iter().collect();
    Ok(Effect { traces, event: None })
}

/// The name of whoever asked, and their id if it is a person.
fn name_of(conn: &mut Conn, actor: &Actor) -> QueryResult<(String, Option<PersonId>)> {
    let person = actor.id.filter(|_| actor.kind == audit::ActorKind::Person).map(|id| PersonId(id.0));
    let Some(person) = person else { return Ok((actor.role.clone(), None)) };
    let name: Option<String> = people::table.find(person).select(people::name).first(conn).optional()?;
    Ok((name.unwrap_or_else(|| "Somebody who has left".into()), Some(person)))
}

fn set_attributes(
    conn: &mut Conn,
    asker: &Ctx,
    customer: CustomerId,
    values: &[(String, Option<String>)],
) -> Result<Effect, Error> {
    let mut effect = Effect::default();
    for (key, value) in values {
        let before = attributes::find(conn, customer, key)?;
        let after = Stored::by_team(customer, key, value.clone(), before.as_ref(), asker.now);
        attributes::put(conn, &after)?;
        effect.traces.push(crate::operations::trace(before.as_ref(), Some(&after)));
    }
    state::refresh_names(conn, &BTreeSet::from([customer]))?;
    Ok(effect)
}

/// A receiver whom nobody knows here comes with RevenueCat's own event.
fn transfer(conn: &mut Conn, asker: &Ctx, from: CustomerId, to: &str) -> Result<Effect, Error> {
    let Some(receiver) = identity::find(conn, asker.project, to)? else { return Ok(Effect::default()) };
    let Ok(moved) = Move { from, to: receiver }.make(conn, asker)? else { return Ok(Effect::default()) };
    let counted = count(moved.purchases, "purchase", "purchases");
    let trace = Trace::new(Action::PurchasesTransferred).before(counted).after(format!("moved to {to}"));
    Ok(Effect { traces: vec![trace], event: Some(moved.event) })
}

/// What the audit log says of a deletion that RevenueCat was asked for.
pub const DELETED_THERE: &str = "deleted at RevenueCat first";

/// Erases the customer here as well, and keeps the ids out where they are blocked. The entry names no id.
fn delete(conn: &mut Conn, asker: &Ctx, customer: CustomerId, id: &str, blocks: bool) -> Result<(), Error> {
    let id = AppUserId::parse(id).ok().filter(|_| blocks);
    let blocked = id.map(|id| blocking::block(conn, asker, &id)).transpose()?.and_then(Result::ok);
    let (action, erased) = match blocked {
        Some(done) => (Action::CustomerBlocked, done.erased),
        None => (Action::CustomerDeleted, erasure::erase(conn, asker, &[customer])?),
    };
    let trace = Trace::new(action).about(erased.numbers()).after(DELETED_THERE).erasing(erased.audited);
    audit::append(conn, asker, trace.of_erased(customer))
}
