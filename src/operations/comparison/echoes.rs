//! Events of what was done at RevenueCat that do not come: the request says so, and the customer is compared.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::schema::customers;
use crate::db::{Conn, Db};
use crate::requests::{Request, Step, queries};
use crate::stores::revenuecat::queries as connections;
use crate::stores::revenuecat::queue::{self, Run};
use crate::stores::{OrderKind, Side};

/// How many are looked at in one transaction.
const BATCH: i64 = 50;

const WORDS: &str =
    "RevenueCat confirmed it, and no event of it has come in two days. The customer is compared with RevenueCat.";

/// Looks for events that were awaited until now.
pub(super) fn miss(db: &Db, now: Moment) -> Result<(), Error> {
    let late = db.read_here(|conn| Ok::<_, Error>(queries::without_echo(conn, now, BATCH)?))?;
    if late.is_empty() {
        return Ok(());
    }
    db.write_here(|conn| late.iter().try_for_each(|request| Ok::<_, Error>(miss_one(conn, request, now)?)))
}

fn miss_one(conn: &mut Conn, request: &Request, now: Moment) -> QueryResult<()> {
    let key = (request.project, request.id);
    queries::note_missed(conn, key, now)?;
    let is_theirs = request.order().is_ok_and(|order| order.side == Side::RevenueCat);
    if !is_theirs || !has_event(request.kind) || connections::connected(conn, request.project)?.is_none() {
        return Ok(());
    }
    let step = Step { request: request.id, at: now, state: request.state, person: None, words: WORDS.into() };
    queries::add_step(conn, key, &step)?;
    let customer = customers::table.find(request.customer).select(customers::best_app_user_id);
    let id: Option<String> = customer.first(conn).optional()?;
    queue::add(conn, request.project, Run::Webhook, id.as_slice(), now).map(drop)
}

/// Whether RevenueCat sends an event when it is done.
fn has_event(kind: OrderKind) -> bool {
    match kind {
        OrderKind::Purchase(_) | OrderKind::Grant | OrderKind::Revoke | OrderKind::Transfer => true,
        OrderKind::Override | OrderKind::Attributes | OrderKind::Delete | OrderKind::Adjust => false,
    }
}
