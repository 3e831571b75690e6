//! What people do with a request: agree to it, refuse it, take it back, or say what came of it.

use super::approval;
use super::ask::{Ask, Wish};
use super::check::check;
use super::effects;
use super::refusal::Refusal;
use crate::audit::{Action, ActorKind, Ctx, Trace};
use crate::base::error::Error;
use crate::base::ids::PersonId;
use crate::customers::subject;
use crate::db::Conn;
use crate::requests::queries::{self, Move};
use crate::requests::{Request, State};
use crate::stores::{Order, Outcome, Wanted};

/// Why somebody cannot decide about a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// It is their own.
    OwnRequest,
    /// It is somebody else's: only who asked takes a request back.
    NotTheirs,
    /// It has left the state in which this can be done.
    Over(State),
    /// What it is about has changed since it was asked for.
    Changed(Refusal),
}

/// What somebody found out about a request whose outcome was not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub is_done: bool,
    /// The store's number, or where it was seen.
    pub reference: String,
    pub reason: String,
}

/// A decision, or why there is none.
pub type Decided = Result<Trace, Problem>;

/// Agrees to a request, which is then sent. What it says must still hold.
///
/// # Errors
/// When the database fails.
pub fn approve(conn: &mut Conn, ctx: &Ctx, request: &Request, reason: Option<String>) -> Result<Decided, Error> {
    if let Some(problem) = not_decidable(conn, ctx, request)? {
        return Ok(Err(problem));
    }
    let order = order_of(request)?;
    if let Some(ask) = again(request, &order)
        && let Err(refusal) = check(conn, ctx, &ask)?
    {
        return Ok(Err(Problem::Changed(refusal)));
    }
    let next = by(ctx, State::Asked, reason.as_deref()).due_at(ctx);
    finish(conn, request, &next, Action::RequestApproved, reason)
}

/// Refuses a request of a colleague.
///
/// # Errors
/// When the database fails.
pub fn refuse(conn: &mut Conn, ctx: &Ctx, request: &Request, reason: Option<String>) -> Result<Decided, Error> {
    match not_decidable(conn, ctx, request)? {
        Some(problem) => Ok(Err(problem)),
        None => {
            let next = by(ctx, State::Refused, reason.as_deref());
            finish(conn, request, &next.0, Action::RequestRefused, reason)
        }
    }
}

/// Takes one's own request back, as long as nothing was sent.
///
/// # Errors
/// When the database fails.
pub fn withdraw(conn: &mut Conn, ctx: &Ctx, request: &Request, reason: Option<String>) -> Result<Decided, Error> {
    if !is_asker(ctx, request) {
        return Ok(Err(Problem::NotTheirs));
    }
    if !request.state.may_become(State::Withdrawn) || request.lease_until.is_some_and(|until| until > ctx.now) {
        return Ok(Err(Problem::Over(request.state)));
    }
    let next = by(ctx, State::Withdrawn, reason.as_deref());
    finish(conn, request, &next.0, Action::RequestWithdrawn, reason)
}

/// Says what came of a request that reading did not settle.
///
/// # Errors
/// When the database fails.
pub fn settle(conn: &mut Conn, ctx: &Ctx, request: &Request, found: Settlement) -> Result<Decided, Error> {
    if !request.needs_person() {
        return Ok(Err(Problem::Over(request.state)));
    }
    let Settlement { is_done, reference, reason } = found;
    let state = if is_done { State::Confirmed } else { State::Refused };
    let words = format!("{reason} ({reference})");
    let decided = finish(conn, request, &by(ctx, state, Some(&words)).0, Action::RequestSettled, Some(words))?;
    if decided.is_ok() && is_done {
        let order = order_of(request)?;
        let at = request.sent_at.unwrap_or(ctx.now);
        let effect = effects::write(conn, ctx, request, &order, at)?;
        let outcome = Outcome { request: request.id, at, reference: Some(reference), words: String::new() };
        queries::note_outcome(conn, (request.project, request.id), &outcome, effect)?;
    }
    Ok(decided)
}

fn order_of(request: &Request) -> Result<Order, Error> {
    request.order().map_err(|error| Error::Internal(error.to_string()))
}

/// Nobody decides about what they asked for themselves, or by a key for which they answer.
fn not_decidable(conn: &mut Conn, ctx: &Ctx, request: &Request) -> Result<Option<Problem>, Error> {
    if request.state != State::Waiting {
        return Ok(Some(Problem::Over(request.state)));
    }
    let owner = approval::owner_of(conn, request.project, &request.asker)?;
    let is_owner = owner.is_some_and(|owner| ctx.actor.id.is_some_and(|id| id.0 == owner.0));
    Ok((is_asker(ctx, request) || is_owner).then_some(Problem::OwnRequest))
}

fn is_asker(ctx: &Ctx, request: &Request) -> bool {
    ctx.actor.kind == request.asker.kind && ctx.actor.id == Some(request.asker.id)
}

/// What a stored request asks for, to be checked once more; `None` when it is not about a purchase.
pub fn again<'a>(request: &'a Request, order: &Order) -> Option<Ask<'a>> {
    let wish = match &order.wanted {
        Wanted::Refund(refund) => Wish::Refund {
            transaction: order.transaction_id.clone(),
            amount: refund.amount.as_ref().map(|amount| amount.amount),
            currency: None,
            keeps_access: refund.keeps_access,
            seen: refund.left,
        },
        Wanted::Cancel { at_once } => Wish::Cancel { at_once: *at_once },
        Wanted::Resume => Wish::Resume,
        Wanted::Extend { until, code } => Wish::Extend { extent: super::Extent::Until(*until), code: *code },
        Wanted::Customer(_) => return None,
    };
    Some(Ask {
        customer: request.customer,
        environment: request.environment,
        purchase: &request.purchase,
        wish,
        reason: None,
        role: crate::base::Role::Admin,
        once: None,
        may_wait: true,
        waits: true,
    })
}

/// A step that the one who acts takes.
struct Next(Move);

fn by(ctx: &Ctx, state: State, words: Option<&str>) -> Next {
    let person = ctx.actor.id.filter(|_| ctx.actor.kind == ActorKind::Person).map(|id| PersonId(id.0));
    Next(Move { state, at: ctx.now, due_at: None, person, words: words.unwrap_or_default().to_owned() })
}

impl Next {
    fn due_at(self, ctx: &Ctx) -> Move {
        Move { due_at: Some(ctx.now), ..self.0 }
    }
}

fn finish(
    conn: &mut Conn,
    request: &Request,
    next: &Move,
    action: Action,
    reason: Option<String>,
) -> Result<Decided, Error> {
    if !queries::advance(conn, request, next)? {
        return Ok(Err(Problem::Over(request.state)));
    }
    if let Some(person) = next.person.filter(|person| !request.asker.is_person(*person)) {
        queries::note_decider(conn, (request.project, request.id), person)?;
    }
    let order = order_of(request)?;
    let id = subject::load(conn, request.customer)?.app_user_id;
    let trace = Trace::new(action).about(order.about()).after(order.wanted.words()).because(reason);
    Ok(Ok(trace.for_customer(request.customer, &id)))
}
