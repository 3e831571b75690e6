//! Refused authorisations. The first has its entry at once. What the same person is refused again within the hour is
//! counted, and the number gets one entry: a thousand refusals are two entries.

use diesel::prelude::*;

use super::{Action, Actor, Ctx, Origin, Trace, append};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, Ids, PersonId, ProjectId};
use crate::db::schema::repeated_refusals as repeated;
use crate::db::{Both, Conn, Db};
use crate::wording::times;

/// For how many seconds after an entry the same refusals are counted.
const COUNTED_FOR: i64 = 3600;

/// What was refused to whom.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = repeated)]
pub struct Refused {
    pub project_id: ProjectId,
    pub person_id: PersonId,
    pub role: String,
    /// The permission, in words.
    pub permission: String,
}

/// How often something was refused again, and when for the last time.
#[derive(Queryable, Selectable)]
#[diesel(table_name = repeated)]
struct Repeated {
    #[diesel(embed)]
    refused: Refused,
    last_at: Moment,
    times: i64,
}

/// Counts a refusal whose first has an entry already; returns whether it has. Waits for nobody.
pub fn count_again(conn: &mut Conn, refused: &Refused, now: Moment) -> QueryResult<bool> {
    let counted = repeated::table.find(refused.key()).filter(repeated::first_at.gt(first_counted(now)));
    let again = (repeated::times.eq(repeated::times + 1), repeated::last_at.eq(now));
    Ok(diesel::update(counted).set(again).execute(conn)? == 1)
}

/// Appends the entry of a refusal and counts the same ones from now on. `customer` is whose page was asked for, and by which
/// id.
pub fn append_first(
    conn: &mut Conn,
    ids: &Ids,
    refused: &Refused,
    customer: Option<(CustomerId, String)>,
    (now, origin): (Moment, Origin),
) -> Result<(), Error> {
    conn.lock_project(refused.project_id)?;
    if count_again(conn, refused, now)? {
        return Ok(());
    }
    append_number(conn, ids, refused, now)?;
    let trace = Trace::new(Action::AuthorizationRefused).about(&refused.permission);
    let trace = match customer {
        Some((customer, requested_id)) => trace.for_customer(customer, &requested_id),
        None => trace,
    };
    append(conn, &refused.ctx(ids, now, origin), trace)?;
    Ok(begin(conn, refused, now)?)
}

/// Appends the numbers whose hour is over; returns how many rows that were.
pub fn append_due(db: &Db, ids: &Ids, now: Moment) -> Result<usize, Error> {
    let over = repeated::table.filter(repeated::first_at.le(first_counted(now))).select(Refused::as_select());
    let due = db.read_here(|conn| Ok::<_, Error>(over.load(conn)?))?;
    for refused in &due {
        db.write_here(|conn| {
            conn.lock_project(refused.project_id)?;
            append_number(conn, ids, refused, now)
        })?;
    }
    Ok(due.len())
}

/// Appends how often something was refused again, and counts no more. Does nothing within the hour.
fn append_number(conn: &mut Conn, ids: &Ids, refused: &Refused, now: Moment) -> Result<(), Error> {
    let over = || repeated::table.find(refused.key()).filter(repeated::first_at.le(first_counted(now)));
    let found: Option<Repeated> = over().select(Repeated::as_select()).first(conn).optional()?;
    let Some(Repeated { refused, last_at, times }) = found else { return Ok(()) };
    // Another process, whose clock is behind, may have counted one more meanwhile. Then the next run appends the number.
    if diesel::delete(over().filter(repeated::times.eq(times))).execute(conn)? == 0 || times == 0 {
        return Ok(());
    }
    let more = if times == 1 { "once more".into() } else { format!("{times} more times") };
    let number = format!("{more}, the last at {}", times::to_the_second(last_at));
    let trace = Trace::new(Action::AuthorizationRefused).about(&refused.permission).after(number);
    append(conn, &refused.ctx(ids, now, Origin::default()), trace)
}

fn begin(conn: &mut Conn, refused: &Refused, now: Moment) -> QueryResult<()> {
    let (project, person, role, permission) = refused.key();
    let key = (
        repeated::project_id.eq(project),
        repeated::person_id.eq(person),
        repeated::role.eq(role),
        repeated::permission.eq(permission),
    );
    let count = (repeated::first_at.eq(now), repeated::last_at.eq(now), repeated::times.eq(0));
    let insert = diesel::insert_into(repeated::table).values((key, count));
    Both(insert.on_conflict_do_nothing()).execute(conn)?;
    Ok(())
}

/// What was first refused before this is counted no more.
fn first_counted(now: Moment) -> Moment {
    now.plus_seconds(-COUNTED_FOR)
}

impl Refused {
    fn key(&self) -> (ProjectId, PersonId, &str, &str) {
        (self.project_id, self.person_id, &self.role, &self.permission)
    }

    fn ctx(&self, ids: &Ids, now: Moment, origin: Origin) -> Ctx {
        Ctx::new(self.project_id, ids, now, Actor::person(self.person_id, &self.role).with_origin(origin))
    }
}
