//! Asks RevenueCat for what was decided to be pushed: the requests are stored here, a batch after the other, under the name of whoever
//! decided. The worker sends them at its pace.

use diesel::prelude::*;

use super::queries::{Own, find_any};
use super::{Fact, Kind, Place};
use crate::audit::{self, Actor, Ctx};
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::{CustomerId, Ids, PersonId, ProjectId, RequestId};
use crate::db::schema::{connections, customers, kept_here};
use crate::db::{Conn, Db};
use crate::events::Environment;
use crate::operations::requests::CustomerAsk;

/// How many are asked for in one transaction.
const BATCH: i64 = 50;

/// The reason that requests and the audit log name.
const BECAUSE: &str = "it existed before the project was connected";

/// One that is to be pushed, and who decided so.
#[derive(Queryable)]
struct Decided {
    project: ProjectId,
    customer: CustomerId,
    kind: Kind,
    item: String,
    made_at: Moment,
    person: PersonId,
    role: String,
    since: Moment,
}

/// Stores the requests for everything that is to be pushed; returns how many things it was. None of a project whose connection is
/// suspended.
///
/// # Errors
/// When the database fails.
pub fn push(db: &Db, ids: &Ids, clock: &Clock, is_stopping: &dyn Fn() -> bool) -> Result<usize, Error> {
    let mut pushed = 0;
    loop {
        let batch = db.read_here(|conn| Ok::<_, Error>(next(conn)?))?;
        let Some(project) = batch.first().map(|decided| decided.project).filter(|_| !is_stopping()) else {
            return Ok(pushed);
        };
        pushed += db.write_here(|conn| {
            conn.lock_project(project)?;
            let own = batch.iter().filter(|decided| decided.project == project);
            own.map(|decided| push_one(conn, ids, clock.now(), decided).map(|()| 1)).sum::<Result<usize, Error>>()
        })?;
    }
}

fn next(conn: &mut Conn) -> QueryResult<Vec<Decided>> {
    kept_here::table
        .inner_join(customers::table.on(customers::id.eq(kept_here::customer_id)))
        .inner_join(connections::table.on(connections::project_id.eq(customers::project_id)))
        .filter(kept_here::choice.eq("push").and(connections::suspended_at.is_null()))
        .order((kept_here::customer_id, kept_here::kind, kept_here::item))
        .limit(BATCH)
        .select((
            customers::project_id,
            kept_here::customer_id,
            kept_here::kind,
            kept_here::item,
            kept_here::made_at,
            kept_here::person_id,
            kept_here::role,
            connections::created_at,
        ))
        .load(conn)
}

/// Asks for one thing. One that has changed meanwhile is not asked for, and neither is one about which something is under way.
fn push_one(conn: &mut Conn, ids: &Ids, now: Moment, decided: &Decided) -> Result<(), Error> {
    let own = Own { project: decided.project, since: decided.since, now };
    let place = Place { customer: decided.customer, item: decided.item.clone() };
    let fact = find_any(conn, own, decided.kind, &place)?.filter(|fact| fact.made_at == decided.made_at);
    let ctx = Ctx::new(decided.project, ids, now, Actor::person(decided.person, &decided.role));
    let asked = fact.map(|fact| ask(conn, &ctx, decided.kind, &fact)).transpose()?.flatten();
    let row = kept_here::table.find((decided.customer, decided.kind, &decided.item));
    let row = row.filter(kept_here::choice.eq("push"));
    match asked {
        Some(request) => {
            diesel::update(row).set((kept_here::choice.eq("asked"), kept_here::request_id.eq(request))).execute(conn)
        }
        None => diesel::delete(row).execute(conn),
    }?;
    Ok(())
}

/// Returns the last request; `None` when nothing is asked for.
fn ask(conn: &mut Conn, ctx: &Ctx, kind: Kind, fact: &Fact) -> Result<Option<RequestId>, Error> {
    let mut last = None;
    for act in fact.acts(kind) {
        let ask = CustomerAsk {
            customer: fact.customer_id,
            app_user_id: &fact.app_user_id,
            environment: Environment::Production,
            act,
            inverse: None,
            reason: Some(BECAUSE.into()),
            waits: true,
            once: None,
        };
        let Some(Ok(asked)) = ask.store(conn, ctx)? else { continue };
        if let Some(trace) = asked.trace {
            audit::append(conn, ctx, trace.for_customer(fact.customer_id, &fact.app_user_id))?;
        }
        last = Some(asked.request);
    }
    Ok(last)
}
