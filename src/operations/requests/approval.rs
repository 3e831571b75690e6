//! When a second person has to agree: from an amount on, or beyond a number of refunds a day, per role (§7.4).

use diesel::QueryResult;
use diesel::prelude::*;

use crate::audit::{ActorKind, Ctx};
use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::ids::{PersonId, ProjectId};
use crate::base::money::Micros;
use crate::db::Conn;
use crate::db::schema::{api_keys, approval_rules, memberships};
use crate::requests::{Asker, queries};
use crate::stores::Refund;

/// From when on those with a role need a colleague for a refund; `None` when the role needs none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rule {
    /// From this amount on, in US dollars at the rate of the payment.
    pub from: Option<Micros>,
    /// Beyond so many refunds a day.
    pub per_day: Option<i64>,
}

impl Rule {
    pub fn is_empty(self) -> bool {
        self == Rule::default()
    }

    fn of(conn: &mut Conn, project: ProjectId, role: Role) -> QueryResult<Rule> {
        let found = rules(conn, project)?.into_iter().find(|(of, _)| *of == role);
        Ok(found.map(|(_, rule)| rule).unwrap_or_default())
    }
}

/// The rules of a project, by role.
pub fn rules(conn: &mut Conn, project: ProjectId) -> QueryResult<Vec<(Role, Rule)>> {
    let own = approval_rules::table.filter(approval_rules::project_id.eq(project)).order(approval_rules::role);
    let columns = (approval_rules::role, approval_rules::from_dollars, approval_rules::per_day);
    let rows: Vec<(String, Option<i64>, Option<i64>)> = own.select(columns).load(conn)?;
    let rule = |(role, from, per_day): (String, Option<i64>, Option<i64>)| {
        Some((Role::parse(&role)?, Rule { from: from.map(Micros), per_day }))
    };
    Ok(rows.into_iter().filter_map(rule).collect())
}

/// Sets the rule of a role.
pub fn set_rule(conn: &mut Conn, project: ProjectId, role: Role, rule: Rule) -> QueryResult<()> {
    let own = approval_rules::table.find((project, role.name()));
    if rule.is_empty() {
        diesel::delete(own).execute(conn)?;
        return Ok(());
    }
    let limits =
        (approval_rules::from_dollars.eq(rule.from.map(|from| from.0)), approval_rules::per_day.eq(rule.per_day));
    let row = (approval_rules::project_id.eq(project), approval_rules::role.eq(role.name()), limits);
    diesel::delete(own).execute(conn)?;
    diesel::insert_into(approval_rules::table).values(row).execute(conn)?;
    Ok(())
}

/// Why a second person has to agree to a refund, as a sentence; `None` when nobody has to. An amount that is not known
/// counts as large, and parts of one payment count together: `before` was given back of it before, in US dollars. Of a key, the
/// rule of whoever answers for it counts as well.
pub fn needed(
    conn: &mut Conn,
    ctx: &Ctx,
    (asker, role): (&Asker, Role),
    (refund, before): (&Refund, Micros),
) -> QueryResult<Option<String>> {
    let owners_role = owner_of(conn, ctx.project, asker)?.map(|owner| role_of(conn, ctx.project, owner)).transpose()?;
    for role in std::iter::once(role).chain(owners_role.flatten()) {
        let rule = Rule::of(conn, ctx.project, role)?;
        if let Some(from) = rule.from
            && refund.dollars.is_none_or(|dollars| dollars.plus(before) >= from)
        {
            return Ok(Some(format!("A colleague has to agree to refunds from USD {} on.", from.shown())));
        }
        let today = Moment(ctx.now.day() * 86_400_000);
        if let Some(per_day) = rule.per_day
            && queries::count_refunds(conn, ctx.project, asker, today)? >= per_day
        {
            return Ok(Some(format!("A colleague has to agree to more than {per_day} refunds a day.")));
        }
    }
    Ok(None)
}

/// The person who answers for the key that asks; `None` for people.
pub fn owner_of(conn: &mut Conn, project: ProjectId, asker: &Asker) -> QueryResult<Option<PersonId>> {
    if asker.kind != ActorKind::ApiKey {
        return Ok(None);
    }
    let key = api_keys::table.filter(api_keys::project_id.eq(project).and(api_keys::id.eq(asker.id.0)));
    let owner: Option<Option<PersonId>> = key.select(api_keys::owner_id).first(conn).optional()?;
    Ok(owner.flatten())
}

fn role_of(conn: &mut Conn, project: ProjectId, person: PersonId) -> QueryResult<Option<Role>> {
    memberships::table.find((project, person)).select(memberships::role).first(conn).optional()
}

/// As [`needed`], for whoever acts.
pub fn for_whom(conn: &mut Conn, ctx: &Ctx, role: Role, refund: (&Refund, Micros)) -> QueryResult<Option<String>> {
    match Asker::new(&ctx.actor) {
        Some(asker) => needed(conn, ctx, (&asker, role), refund),
        None => Ok(None),
    }
}
