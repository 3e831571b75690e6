//! Reads everything that is held on a customer, with one query per table whatever the amount.

use diesel::prelude::*;
use serde_json::value::RawValue;

use super::model::{
    Attribute, Balance, Details, Event, Experiment, Held, Id, Note, Override, PassedOn, Rejected, SCHEMA, TEAM,
    TeamAction, Time, own_part,
};
use crate::audit;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::customers::attributes::Stored;
use crate::customers::stored_purchases;
use crate::db::Conn;
use crate::db::schema::*;
use crate::endpoints::deliveries;
use crate::events::Delivery;
use crate::events::history::Side;
use crate::operations::erasure::{self, Naming};
use crate::pages::profile::visit::Visit;

/// Everything but the events.
pub fn held(conn: &mut Conn, visit: &Visit) -> QueryResult<Held> {
    let customer = visit.customer.id;
    Ok(Held {
        schema: SCHEMA,
        made_at: Time(visit.ctx.now),
        project: visit.project.name.clone(),
        app_user_ids: ids(conn, customer, &visit.customer.original_app_user_id)?,
        details: details(visit),
        attributes: attributes_of(conn, customer)?,
        notes: notes_of(conn, customer)?,
        offering_override: override_of(conn, customer)?,
        experiments: experiments_of(conn, customer)?,
        balances: balances_of(conn, customer)?,
        purchases: purchases_of(conn, customer)?,
        team_actions: team_actions(conn, customer)?,
        rejected_deliveries: rejected(conn, visit)?,
        passed_on: passed_on(conn, visit)?,
    })
}

fn details(visit: &Visit) -> Details {
    let customer = visit.customer.clone();
    Details {
        display_name: customer.display_name,
        email: customer.email,
        last_seen_at: customer.last_seen_at.map(Time),
        app_version: customer.app_version,
        platform: customer.platform,
        platform_version: customer.platform_version,
        sdk_version: customer.sdk_version,
        locale: customer.locale,
        country: customer.country,
        event_country: customer.event_country,
        total_spent_usd_micros: customer.spent_micros,
        first_event_at: customer.first_event_at.map(Time),
    }
}

fn ids(conn: &mut Conn, customer: CustomerId, original: &str) -> QueryResult<Vec<Id>> {
    let rows: Vec<(String, Moment, bool)> = app_user_ids::table
        .filter(app_user_ids::customer_id.eq(customer))
        .order((app_user_ids::since, app_user_ids::key))
        .select((app_user_ids::app_user_id, app_user_ids::since, app_user_ids::is_since_exact))
        .load(conn)?;
    let one = |(app_user_id, since, is_since_exact): (String, Moment, bool)| Id {
        is_original: app_user_id == original,
        app_user_id,
        since: Time(since),
        is_since_exact,
    };
    Ok(rows.into_iter().map(one).collect())
}

fn attributes_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Attribute>> {
    let one = |stored: Stored| Attribute {
        key: stored.key,
        value: (!stored.is_deleted).then_some(stored.value),
        updated_at: Time(stored.updated_at),
        source: stored.source.as_str(),
    };
    let own = attributes::table.filter(attributes::customer_id.eq(customer)).select(Stored::as_select());
    let mut all: Vec<Attribute> = own.load(conn)?.into_iter().map(one).collect();
    all.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(all)
}

fn notes_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Note>> {
    let rows: Vec<(String, Moment, Option<Moment>)> = notes::table
        .filter(notes::customer_id.eq(customer))
        .order(notes::id)
        .select((notes::body, notes::created_at, notes::edited_at))
        .load(conn)?;
    let one = |(text, created_at, edited_at): (String, Moment, Option<Moment>)| Note {
        text,
        written_by: TEAM,
        created_at: Time(created_at),
        edited_at: edited_at.map(Time),
    };
    Ok(rows.into_iter().map(one).collect())
}

fn override_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Option<Override>> {
    let row: Option<(String, Moment, Option<Moment>, Option<String>)> = offering_overrides::table
        .find(customer)
        .select((
            offering_overrides::offering,
            offering_overrides::set_at,
            offering_overrides::until,
            offering_overrides::reason,
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(|(offering, set_at, until, reason)| Override {
        offering,
        set_by: TEAM,
        set_at: Time(set_at),
        until: until.map(Time),
        reason,
    }))
}

fn experiments_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Experiment>> {
    let rows: Vec<(String, String, Option<Moment>)> = experiments::table
        .filter(experiments::customer_id.eq(customer))
        .select((experiments::experiment_id, experiments::variant, experiments::enrolled_at))
        .load(conn)?;
    let one = |(experiment_id, variant, at): (String, String, Option<Moment>)| Experiment {
        experiment_id,
        variant,
        enrolled_at: at.map(Time),
    };
    Ok(rows.into_iter().map(one).collect())
}

fn balances_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Balance>> {
    let rows: Vec<(String, String, String, i64)> = balances::table
        .filter(balances::customer_id.eq(customer))
        .select((balances::environment, balances::code, balances::name, balances::amount))
        .load(conn)?;
    let one = |(environment, code, name, amount)| Balance { environment, code, name, amount };
    Ok(rows.into_iter().map(one).collect())
}

fn purchases_of(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<Box<RawValue>>> {
    let all = stored_purchases::of(customer).order((purchases::starts_at, purchases::environment, purchases::key));
    Ok(stored_purchases::load_json(conn, all)?.into_iter().filter_map(raw).collect())
}

fn team_actions(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<TeamAction>> {
    let rows: Vec<(Moment, String, String, String)> = audit_details::table
        .inner_join(audit_entries::table.on(audit::of_entry()))
        .filter(audit_details::customer_id.eq(customer))
        .order(audit_details::position)
        .select((audit_entries::at, audit_entries::action, audit_entries::role, audit_details::body))
        .load(conn)?;
    let one = |(at, action, role, body): (Moment, String, String, String)| {
        let details: audit::Details = serde_json::from_str(&body).unwrap_or_default();
        let audit::Details { app_user_id, about, before, after, reason, .. } = details;
        TeamAction { at: Time(at), action, role, app_user_id, about, before, after, reason }
    };
    Ok(rows.into_iter().map(one).collect())
}

fn rejected(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<Rejected>> {
    let found = erasure::rejected_naming(conn, visit.project.id, visit.customer.id)?;
    let one = |one: Naming| Rejected { received_at: Time(one.received_at), reason: one.reason, body: one.body };
    Ok(found.into_iter().map(one).collect())
}

fn passed_on(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<PassedOn>> {
    let found = deliveries::of_customer(conn, visit.project.id, visit.customer.id)?;
    let one = |one: deliveries::PassedOn| PassedOn {
        to: one.endpoint,
        event_type: one.event_type,
        queued_at: Time(one.queued_at),
        state: one.state.as_str(),
    };
    Ok(found.into_iter().map(one).collect())
}

/// The place of the last event of a chunk.
#[derive(Debug, Clone, Copy)]
pub struct EventCursor {
    pub event_at: Moment,
    pub tie: i64,
    pub id: EventId,
}

impl EventCursor {
    pub const START: EventCursor = EventCursor { event_at: Moment::EARLIEST, tie: i64::MIN, id: EventId::MIN };
}

type Row = (Moment, i64, EventId, Side, Moment, String);

/// The customer's next events in the order in which they were generated, and where they end; `None` when fewer than
/// `limit` were left.
pub fn events_after(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    after: EventCursor,
    limit: i64,
) -> QueryResult<(Vec<Event>, Option<EventCursor>)> {
    let behind = history::event_at.gt(after.event_at).or(history::event_at
        .eq(after.event_at)
        .and(history::tie.gt(after.tie).or(history::tie.eq(after.tie).and(history::event_id.gt(after.id)))));
    let rows: Vec<Row> = history::table
        .inner_join(events::table.on(events::project_id.eq(project).and(events::id.eq(history::event_id))))
        .filter(history::customer_id.eq(customer).and(history::event_at.ge(after.event_at)).and(behind))
        .order((history::event_at, history::tie, history::event_id))
        .limit(limit)
        .select((history::event_at, history::tie, history::event_id, history::side, events::received_at, events::body))
        .load(conn)?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|length| length == limit);
    let last = rows.last().map(|(event_at, tie, id, ..)| EventCursor { event_at: *event_at, tie: *tie, id: *id });
    Ok((rows.into_iter().filter_map(event).collect(), last.filter(|_| is_full)))
}

fn event((.., side, received_at, body): Row) -> Option<Event> {
    let kind = Delivery::read_stored(&body, received_at).map(|event| event.kind).ok()?;
    let body = own_part(body, &kind, side).and_then(raw)?;
    Some(Event { received_at: Time(received_at), body })
}

/// Text that is already JSON; `None` if it is not.
fn raw(text: String) -> Option<Box<RawValue>> {
    RawValue::from_string(text).ok()
}
