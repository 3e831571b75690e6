//! Reads what exists only here. What is compared is when it was made and when the project was connected.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::{Fact, Kind, Place};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId, RequestId};
use crate::db::schema::kept_here;
use crate::db::{Both, Conn};
use crate::requests::queries::steps;
use crate::stores::revenuecat::Connection;

/// What exists only in one project, now.
#[derive(Debug, Clone, Copy)]
pub struct Own {
    pub project: ProjectId,
    /// When it was connected.
    pub since: Moment,
    pub now: Moment,
}

impl Connection {
    /// What the project of this connection has that is older.
    pub const fn own(&self, now: Moment) -> Own {
        Own { project: self.project, since: self.created_at, now }
    }
}

/// How many are counted at most, so that a page costs the same for any number.
pub const COUNTED: i64 = 100_000;

/// All of a kind, whoever decided what about it. Dossier's own grants are those of which it records the ends. What events say as well,
/// RevenueCat knows.
const fn all(kind: Kind) -> &'static str {
    match kind {
        Kind::Grant => {
            "SELECT c.project_id, g.customer_id, c.best_app_user_id AS app_user_id, g.purchase_key AS item,
                p.starts_at AS made_at, g.ends_at AS ends_at, p.body AS detail
            FROM grant_ends g
            JOIN purchases p ON p.customer_id = g.customer_id AND p.environment = 'production' AND p.key = g.purchase_key
            JOIN customers c ON c.id = g.customer_id"
        }
        Kind::Override => {
            "SELECT o.project_id, o.customer_id, c.best_app_user_id AS app_user_id, '' AS item,
                o.set_at AS made_at, o.until AS ends_at, o.offering AS detail
            FROM offering_overrides o JOIN customers c ON c.id = o.customer_id"
        }
        Kind::Attribute => {
            "SELECT c.project_id, a.customer_id, c.best_app_user_id AS app_user_id, a.key AS item,
                a.updated_at AS made_at, CAST(NULL AS BIGINT) AS ends_at, a.value AS detail
            FROM attributes a JOIN customers c ON c.id = a.customer_id
            WHERE a.source = 'team' AND NOT a.is_deleted AND (a.event_value IS NULL OR a.event_value <> a.value)"
        }
    }
}

/// Those about which nothing is decided, or whose request came to nothing. Placeholders are numbered from `first`: project, now, since.
pub(super) fn undecided(kind: Kind, first: usize) -> String {
    let (all, word) = (all(kind), kind.as_str());
    let (project, now, since) = (first, first + 1, first + 2);
    format!(
        "FROM ({all}) AS facts
        WHERE facts.project_id = ${project} AND (facts.ends_at IS NULL OR facts.ends_at > ${now}) AND facts.made_at < ${since}
            AND NOT EXISTS (
                SELECT 1 FROM kept_here k LEFT JOIN requests r ON r.project_id = facts.project_id AND r.id = k.request_id
                WHERE k.customer_id = facts.customer_id AND k.kind = '{word}' AND k.item = facts.item
                    AND k.made_at = facts.made_at AND (k.choice <> 'asked' OR r.state IS NULL
                        OR r.state NOT IN ('refused', 'withdrawn', 'expired', 'reversed')))"
    )
}

const COLUMNS: &str = "facts.customer_id, facts.app_user_id, facts.item, facts.made_at, facts.ends_at, facts.detail";

/// Those of a kind after a place, in the order of their places.
pub fn page(conn: &mut Conn, own: Own, kind: Kind, after: &Place, most: i64) -> QueryResult<Vec<Fact>> {
    let rest = undecided(kind, 1);
    let sql = format!(
        "SELECT {COLUMNS} {rest} AND (facts.customer_id > $4 OR (facts.customer_id = $5 AND facts.item > $6))
        ORDER BY facts.customer_id, facts.item LIMIT $7"
    );
    let query = sql_query(sql).bind::<BigInt, _>(own.project).bind::<BigInt, _>(own.now.millis());
    let query = query.bind::<BigInt, _>(own.since.millis()).bind::<BigInt, _>(after.customer);
    Both(query.bind::<BigInt, _>(after.customer).bind::<Text, _>(&after.item).bind::<BigInt, _>(most)).load(conn)
}

/// The one at a place; `None` when it is not there any more, or something is decided about it.
pub(super) fn find(conn: &mut Conn, own: Own, kind: Kind, place: &Place) -> QueryResult<Option<Fact>> {
    one(conn, own, (kind, place), &undecided(kind, 1))
}

/// As [`find`], whatever is decided.
pub(super) fn find_any(conn: &mut Conn, own: Own, kind: Kind, place: &Place) -> QueryResult<Option<Fact>> {
    let all = all(kind);
    let rest = format!(
        "FROM ({all}) AS facts
        WHERE facts.project_id = $1 AND (facts.ends_at IS NULL OR facts.ends_at > $2) AND facts.made_at < $3"
    );
    one(conn, own, (kind, place), &rest)
}

fn one(conn: &mut Conn, own: Own, (_, place): (Kind, &Place), rest: &str) -> QueryResult<Option<Fact>> {
    let sql = format!("SELECT {COLUMNS} {rest} AND facts.customer_id = $4 AND facts.item = $5");
    let query = sql_query(sql).bind::<BigInt, _>(own.project).bind::<BigInt, _>(own.now.millis());
    let query = query.bind::<BigInt, _>(own.since.millis()).bind::<BigInt, _>(place.customer);
    let found: Vec<Fact> = Both(query.bind::<Text, _>(&place.item)).load(conn)?;
    Ok(found.into_iter().next())
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// How many of a kind there are, [`COUNTED`] at most.
pub fn count(conn: &mut Conn, own: Own, kind: Kind) -> QueryResult<i64> {
    let rest = undecided(kind, 1);
    let sql = format!("SELECT COUNT(*) AS number FROM (SELECT 1 AS one {rest} LIMIT {COUNTED}) AS counted");
    let query = sql_query(sql).bind::<BigInt, _>(own.project).bind::<BigInt, _>(own.now.millis());
    let counted: Vec<Counted> = Both(query.bind::<BigInt, _>(own.since.millis())).load(conn)?;
    Ok(counted.first().map_or(0, |counted| counted.number))
}

/// Why RevenueCat did not do it when it was asked for some of these facts before, by their places.
pub fn last_words(
    conn: &mut Conn,
    project: ProjectId,
    kind: Kind,
    facts: &[Fact],
) -> QueryResult<HashMap<(CustomerId, String), String>> {
    let customers: Vec<CustomerId> = facts.iter().map(|fact| fact.customer_id).collect();
    let own = kept_here::table.filter(kept_here::customer_id.eq_any(customers).and(kept_here::kind.eq(kind)));
    let asked: Vec<(CustomerId, String, Option<RequestId>)> =
        own.select((kept_here::customer_id, kept_here::item, kept_here::request_id)).load(conn)?;
    let requests: Vec<RequestId> = asked.iter().filter_map(|(.., request)| *request).collect();
    let said = steps(conn, project, &requests)?;
    let words: HashMap<RequestId, String> = said.into_iter().map(|step| (step.request, step.words)).collect();
    let of = |(customer, item, request): (CustomerId, String, Option<RequestId>)| {
        Some(((customer, item), words.get(&request?)?.clone()))
    };
    Ok(asked.into_iter().filter_map(of).collect())
}
