//! The store's own event of what was asked here: an echo. It is the same fact as the event that Dossier wrote itself, so it
//! takes that event's place and is not added to it.

use std::collections::BTreeSet;

use diesel::QueryResult;
use diesel::prelude::*;

use super::customer_echo::{self, Fit};
use super::queries::{self, Move};
use super::{Request, State};
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::base::money::{Micros, Money};
use crate::db::Conn;
use crate::db::schema::{events, purchases};
use crate::events::{Delivery, Event, EventType, Reason, StoredBody};
use crate::projection::{self, Kind};
use crate::stores::{Order, Wanted};

/// For how long after sending the store's event is awaited, in hours.
pub const AWAITED_HOURS: i64 = 48;

/// Two ends so close are the same, in milliseconds: stores and RevenueCat round.
const SAME_END_MS: i64 = 60_000;

/// What an event from outside is to what was asked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// It takes the place of this event of our own.
    Replaces(EventId),
    /// It proves that the request was carried out, before any answer said so.
    Confirms,
    /// It says once more what another event from outside has said.
    Repeats,
}

/// The transaction by which the store's event of an order is recognised.
pub fn named_by(order: &Order) -> Option<&str> {
    let first = order.original_transaction_id.as_deref().or(order.transaction_id.as_deref());
    match order.wanted {
        Wanted::Refund(_) => order.transaction_id.as_deref(),
        Wanted::Cancel { .. } | Wanted::Resume | Wanted::Extend { .. } | Wanted::Customer(_) => first,
    }
}

/// The requests that events of a batch may be echoes of, read with one query.
#[derive(Debug, Default)]
pub struct Awaited {
    requests: Vec<Request>,
    /// Refunds that the store did, of payments whose refund these events may say was undone.
    refunds: Vec<Request>,
    /// Requests that concern customers of these events.
    of_customers: Vec<Request>,
    /// The echoes of this batch, which are not stored yet.
    seen: Vec<(EventId, Event)>,
}

impl Awaited {
    /// Reads the requests whose echoes these events may be; each event comes with its customers.
    pub fn load<'a>(
        conn: &mut Conn,
        ctx: &Ctx,
        events: impl Iterator<Item = (&'a Event, Vec<CustomerId>)>,
    ) -> QueryResult<Awaited> {
        let may_be_one = |event: &&Event| {
            let kind = &event.kind;
            matches!(kind, EventType::Cancellation | EventType::Uncancellation | EventType::SubscriptionExtended)
        };
        let ids = |event: &'a Event| event.transaction_id.iter().chain(&event.original_transaction_id);
        let (mut named, mut reversed, mut customers) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (event, own) in events {
            customers.extend(own.into_iter().filter(|_| customer_echo::may_be_one(event)));
            let of = if event.kind == EventType::RefundReversed { &mut reversed } else { &mut named };
            of.extend(ids(event).map(String::as_str).filter(|_| may_be_one(&event) || is_reversal(event)));
        }
        let mut awaited = Awaited::default();
        if !named.is_empty() {
            awaited.requests = queries::with_echo(conn, ctx.project, named, ctx.now)?;
        }
        if !reversed.is_empty() {
            awaited.refunds = queries::done_refunds(conn, ctx.project, reversed)?;
        }
        if !customers.is_empty() {
            awaited.of_customers = queries::of_customers_with_echo(conn, ctx.project, customers, ctx.now)?;
        }
        Ok(awaited)
    }

    /// Finds the request whose echo an event of these customers is, and notes it there.
    pub fn recognise(
        &mut self,
        conn: &mut Conn,
        ctx: &Ctx,
        (row, event): (EventId, &Event),
        customers: &[CustomerId],
    ) -> QueryResult<Option<Echo>> {
        if is_reversal(event) {
            return self.reverse(conn, ctx, event).map(|()| None);
        }
        if !self.of_customers.is_empty()
            && let Some(echo) = self.recognise_act(conn, ctx, (row, event), customers)?
        {
            return Ok(Some(echo));
        }
        let is_fitting =
            |request: &&mut Request| request.order().is_ok_and(|order| fits(&order, request.sent_at, event));
        let mut fitting: Vec<&mut Request> = self.requests.iter_mut().filter(is_fitting).collect();
        for first in fitting.iter().filter_map(|request| request.echo_event) {
            let here = self.seen.iter().find(|(seen, _)| *seen == first).map(|(_, event)| event.clone());
            let first = if here.is_some() { here } else { load(conn, ctx.project, first)? };
            if first.is_some_and(|first| says_the_same(&first, event)) {
                return Ok(Some(Echo::Repeats));
            }
        }
        let is_awaited = |request: &&mut &mut Request| request.echo_event.is_none() && request.may_be_done();
        let Some(request) = fitting.iter_mut().find(is_awaited) else { return Ok(None) };
        queries::note_echo(conn, (request.project, request.id), row)?;
        request.echo_event = Some(row);
        let echo = match request.effect_event {
            // Ours says how much of the payment it was. An event without an amount would give back all of it.
            Some(_) if stated(event).is_none() && is_part(request) => Echo::Repeats,
            Some(own) => Echo::Replaces(own),
            None => confirm(conn, ctx, request)?,
        };
        self.seen.push((row, event.clone()));
        Ok(Some(echo))
    }

    /// As [`Awaited::recognise`], for acts that concern a customer as a whole. What was ended here already is said once more by the end
    /// of a grant that does not run, and by the grant itself when it is reported late.
    fn recognise_act(
        &mut self,
        conn: &mut Conn,
        ctx: &Ctx,
        (row, event): (EventId, &Event),
        customers: &[CustomerId],
    ) -> QueryResult<Option<Echo>> {
        for request in self.of_customers.iter_mut().filter(|request| customers.contains(&request.customer)) {
            let Some(fit) = fit_of(request, event).filter(|_| request.may_be_done()) else { continue };
            match (fit, request.echo_event, request.effect_event) {
                (Fit::Ended | Fit::FormerEnded, _, Some(_)) if runs_here(conn, ctx, event, customers)? => continue,
                (Fit::Ended, None, Some(_)) => {
                    queries::note_echo(conn, (request.project, request.id), row)?;
                    request.echo_event = Some(row);
                    return Ok(Some(Echo::Repeats));
                }
                (Fit::Ended | Fit::FormerEnded, _, Some(_)) => return Ok(Some(Echo::Repeats)),
                (Fit::FormerEnded, _, None) | (Fit::Itself | Fit::Ended, Some(_), _) => continue,
                (Fit::Itself, None, Some(own)) if is_grant(event) && has_ended_here(conn, ctx, own, customers)? => {
                    queries::note_echo(conn, (request.project, request.id), row)?;
                    request.echo_event = Some(row);
                    return Ok(Some(Echo::Repeats));
                }
                (Fit::Itself | Fit::Ended, None, effect) => {
                    queries::note_echo(conn, (request.project, request.id), row)?;
                    request.echo_event = Some(row);
                    return match effect {
                        Some(own) => Ok(Some(Echo::Replaces(own))),
                        None => confirm(conn, ctx, request).map(Some),
                    };
                }
            }
        }
        Ok(None)
    }

    /// Marks the newest refund of a payment as undone, because the store says so. The event itself brings the money back.
    fn reverse(&mut self, conn: &mut Conn, ctx: &Ctx, event: &Event) -> QueryResult<()> {
        let is_it = |request: &&mut Request| {
            request.is_done() && request.order().is_ok_and(|order| order.transaction_id == event.transaction_id)
        };
        let Some(request) = self.refunds.iter_mut().rev().find(is_it) else { return Ok(()) };
        let words = "The store reported that the refund was reversed.".into();
        let next = Move { state: State::Reversed, at: ctx.now, due_at: None, person: None, words };
        queries::advance(conn, request, &next)?;
        request.state = State::Reversed;
        Ok(())
    }
}

fn is_grant(event: &Event) -> bool {
    event.is_promotional() && matches!(event.kind, EventType::NonRenewingPurchase | EventType::InitialPurchase)
}

/// Whether the grant that an event names runs here.
fn runs_here(conn: &mut Conn, ctx: &Ctx, event: &Event, customers: &[CustomerId]) -> QueryResult<bool> {
    let keys = purchases::key.eq_any(projection::keys_named_by(event));
    let named = purchases::customer_id.eq_any(customers.to_vec()).and(purchases::kind.eq(Kind::Grant)).and(keys);
    let running = purchases::table.filter(named.and(purchases::ends_at.gt(ctx.now)));
    diesel::select(diesel::dsl::exists(running)).get_result(conn)
}

/// Whether the grant that our own event of it began was ended here since.
fn has_ended_here(conn: &mut Conn, ctx: &Ctx, own: EventId, customers: &[CustomerId]) -> QueryResult<bool> {
    let Some(event) = load(conn, ctx.project, own)? else { return Ok(false) };
    Ok(event.expires_at.is_none_or(|end| end > ctx.now) && !runs_here(conn, ctx, &event, customers)?)
}

/// What an event is to a request that concerns its customer.
fn fit_of(request: &Request, event: &Event) -> Option<Fit> {
    let order = request.order().ok()?;
    let (Wanted::Customer(act), Some(sent_at)) = (&order.wanted, request.sent_at) else { return None };
    let is_timely = is_timely(event, sent_at);
    customer_echo::fit(act, sent_at, event).filter(|_| is_timely)
}

fn is_timely(event: &Event, sent_at: Moment) -> bool {
    event.event_at > sent_at.plus_minutes(-5) && event.event_at < sent_at.plus_minutes(AWAITED_HOURS * 60)
}

/// Whether a request is about a part of a payment.
fn is_part(request: &Request) -> bool {
    let is_part = |order: Order| matches!(&order.wanted, Wanted::Refund(refund) if !refund.is_whole());
    request.order().is_ok_and(is_part)
}

fn is_reversal(event: &Event) -> bool {
    event.kind == EventType::RefundReversed
}

fn confirm(conn: &mut Conn, ctx: &Ctx, request: &mut Request) -> QueryResult<Echo> {
    if !request.is_done() {
        let words = "The store reported it by itself.".into();
        let next = Move { state: State::Confirmed, at: ctx.now, due_at: None, person: None, words };
        queries::advance(conn, request, &next)?;
        request.state = State::Confirmed;
    }
    Ok(Echo::Confirms)
}

/// Whether two events report the same: of the same moment, transaction and amount.
fn says_the_same(one: &Event, other: &Event) -> bool {
    (one.event_at, &one.transaction_id, &one.paid, one.price, one.expires_at)
        == (other.event_at, &other.transaction_id, &other.paid, other.price, other.expires_at)
}

/// Whether an event says what the order wanted: of the same payment or purchase, within 48 hours of sending by the time that the
/// event itself names. Of a refund the amount must be the same, as far as both say it.
fn fits(order: &Order, sent_at: Option<Moment>, event: &Event) -> bool {
    let is_timely = sent_at.is_some_and(|sent_at| is_timely(event, sent_at));
    let is_same_purchase = event.store == order.store && event.purchase_environment() == order.environment;
    let named = named_by(order);
    let names_it = [&event.transaction_id, &event.original_transaction_id].iter().any(|id| id.as_deref() == named);
    is_timely
        && is_same_purchase
        && named.is_some()
        && match &order.wanted {
            Wanted::Refund(refund) => {
                let is_refund = event.is_refund() && event.transaction_id == order.transaction_id;
                let amounts = refund.amount.as_ref().zip(stated(event));
                let is_same = |(own, theirs): (&Money, Money)| {
                    own.currency == theirs.currency && own.amount == theirs.amount.abs()
                };
                is_refund && amounts.is_none_or(is_same)
            }
            Wanted::Cancel { at_once } => names_it && is_cancel(event, *at_once),
            Wanted::Resume => names_it && event.kind == EventType::Uncancellation,
            Wanted::Extend { until, .. } => {
                let is_same_end = event.expires_at.is_some_and(|end| end.since(*until).abs() <= SAME_END_MS);
                names_it && event.kind == EventType::SubscriptionExtended && is_same_end
            }
            Wanted::Customer(_) => false,
        }
}

/// What a refund says that it gave back; a zero says nothing (§6.6).
fn stated(event: &Event) -> Option<Money> {
    event.paid.clone().filter(|paid| paid.amount != Micros::ZERO)
}

/// Whether an event says that renewal was switched off, and access ended where that was wanted. A charge that failed and a pause
/// are cancellations too, but not these.
fn is_cancel(event: &Event, at_once: bool) -> bool {
    let is_other = matches!(event.cancel_reason, Some(Reason::BillingError | Reason::SubscriptionPaused));
    let has_ended = event.expires_at.is_some_and(|end| end <= event.event_at.plus_minutes(1));
    event.kind == EventType::Cancellation && !event.is_refund() && !is_other && (has_ended || !at_once)
}

fn load(conn: &mut Conn, project: ProjectId, row: EventId) -> QueryResult<Option<Event>> {
    let stored = events::table.find((project, row)).select((events::body, events::received_at));
    let stored: Option<(StoredBody, Moment)> = stored.first(conn).optional()?;
    Ok(stored.and_then(|(body, at)| Delivery::read_compressed(&body, at).ok()))
}
