//! Deciding what becomes of it, for some or for all of a kind. Thousands are decided with one statement; the requests follow in the
//! background.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::queries::{Own, find, undecided};
use super::{Kind, Place};
use crate::audit::Ctx;
use crate::base::error::Error;
use crate::base::ids::ProjectId;
use crate::db::schema::{customers, kept_here};
use crate::db::{Both, Conn};

/// What becomes of something that exists only here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It stays here, and is not listed again.
    Keep,
    /// RevenueCat is asked for it.
    Push,
}

impl Choice {
    const fn as_str(self) -> &'static str {
        match self {
            Choice::Keep => "keep",
            Choice::Push => "push",
        }
    }
}

/// Some of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    pub kind: Kind,
    pub places: &'a [Place],
}

/// Decides about those at these places that are still undecided; returns how many. The project is locked.
///
/// # Errors
/// When the database fails, or no person acts.
pub fn decide(conn: &mut Conn, ctx: &Ctx, own: Own, named: Named<'_>, choice: Choice) -> Result<usize, Error> {
    let (person, mut decided) = (person(ctx)?, 0);
    for place in named.places {
        let Some(fact) = find(conn, own, named.kind, place)? else { continue };
        let value = (
            kept_here::made_at.eq(fact.made_at),
            kept_here::choice.eq(choice.as_str()),
            kept_here::decided_at.eq(ctx.now),
            kept_here::person_id.eq(person),
            kept_here::role.eq(&ctx.actor.role),
            kept_here::request_id.eq(None::<i64>),
        );
        let key = (
            kept_here::customer_id.eq(fact.customer_id),
            kept_here::kind.eq(named.kind),
            kept_here::item.eq(&fact.item),
        );
        let statement = diesel::insert_into(kept_here::table)
            .values((key, value))
            .on_conflict((kept_here::customer_id, kept_here::kind, kept_here::item))
            .do_update()
            .set(value);
        decided += Both(statement).execute(conn)?;
    }
    Ok(decided)
}

/// Decides about all of a kind that are still undecided; returns how many. The project is locked.
///
/// # Errors
/// As [`decide`].
pub fn decide_all(conn: &mut Conn, ctx: &Ctx, own: Own, kind: Kind, choice: Choice) -> Result<usize, Error> {
    let (rest, word) = (undecided(kind, 5), kind.as_str());
    let sql = format!(
        "INSERT INTO kept_here (customer_id, kind, item, made_at, choice, decided_at, person_id, role)
        SELECT facts.customer_id, '{word}', facts.item, facts.made_at, $1, $2, $3, $4 {rest}
        ON CONFLICT (customer_id, kind, item) DO UPDATE SET made_at = excluded.made_at, choice = excluded.choice,
            decided_at = excluded.decided_at, person_id = excluded.person_id, role = excluded.role, request_id = NULL"
    );
    let query = sql_query(sql).bind::<Text, _>(choice.as_str()).bind::<BigInt, _>(ctx.now.millis());
    let query = query.bind::<BigInt, _>(person(ctx)?).bind::<Text, _>(ctx.actor.role.clone());
    let query = query.bind::<BigInt, _>(own.project).bind::<BigInt, _>(own.now.millis());
    Ok(Both(query.bind::<BigInt, _>(own.since.millis())).execute(conn)?)
}

/// Forgets what was to be pushed, and what was: another connection may lead elsewhere. What is kept here stays so.
pub fn forget(conn: &mut Conn, project: ProjectId) -> QueryResult<()> {
    let own = customers::table.filter(customers::project_id.eq(project)).select(customers::id);
    let pushed = kept_here::table.filter(kept_here::choice.ne(Choice::Keep.as_str()));
    diesel::delete(pushed.filter(kept_here::customer_id.eq_any(own))).execute(conn).map(drop)
}

fn person(ctx: &Ctx) -> Result<i64, Error> {
    let id = ctx.actor.id.ok_or_else(|| Error::Internal("nobody decides".into()))?;
    Ok(id.0)
}
