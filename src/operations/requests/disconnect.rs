//! What becomes of requests through RevenueCat when a project is disconnected from it. What may have been sent is left to a person:
//! nobody can read any more what came of it, and it is never forgotten.

use diesel::prelude::*;

use super::effects;
use crate::audit::Ctx;
use crate::base::error::Error;
use crate::base::ids::{PersonId, ProjectId};
use crate::db::Conn;
use crate::db::schema::requests;
use crate::requests::queries::{self, Move};
use crate::requests::{Request, State, Step};
use crate::stores::{Order, Outcome, Side, Wanted};

/// The words of the step by which something is carried out here alone.
pub const CARRIED_OUT_HERE: &str =
    "Carried out here only: the project was disconnected from RevenueCat before it was sent.";

/// What becomes of what was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsent {
    /// It is taken back: nothing happens.
    TakenBack,
    /// What concerns a customer as a whole is carried out here alone. A store cannot be asked: what is about a purchase is taken back.
    CarriedOutHere,
}

/// The open requests through RevenueCat.
#[derive(Debug, Default)]
pub struct Open {
    /// Nothing of these has left the program.
    pub unsent: Vec<(Request, Order)>,
    /// These may have been sent, or were accepted and are not decided.
    pub sent: Vec<Request>,
}

impl Open {
    pub fn is_empty(&self) -> bool {
        self.unsent.is_empty() && self.sent.is_empty()
    }
}

/// The open requests through RevenueCat of a project.
///
/// # Errors
/// When the database fails.
pub fn open(conn: &mut Conn, project: ProjectId) -> Result<Open, Error> {
    let states: Vec<&str> = State::ALL.into_iter().filter(|state| state.is_open()).map(State::name).collect();
    let own = requests::table.filter(requests::project_id.eq(project).and(requests::state.eq_any(states)));
    let all: Vec<Request> = own.order(requests::id).select(Request::as_select()).load(conn)?;
    let mut open = Open::default();
    for request in all {
        // One that this version cannot read may be anything.
        match (request.order().ok(), request.state) {
            (Some(order), _) if order.side == Side::Store => {}
            (Some(order), State::Asked | State::Waiting) => open.unsent.push((request, order)),
            _ => open.sent.push(request),
        }
    }
    Ok(open)
}

/// Settles the open requests, or leaves them to a person. Whoever acts has disconnected the project in the same transaction.
///
/// # Errors
/// When the database fails.
pub fn part(conn: &mut Conn, ctx: &Ctx, open: Open, unsent: Unsent) -> Result<(), Error> {
    for (request, order) in &open.unsent {
        match (unsent, &order.wanted) {
            (Unsent::CarriedOutHere, Wanted::Customer(_)) if request.state == State::Asked => {
                carry_out_here(conn, ctx, request, order)?;
            }
            _ => {
                let words = "The project was disconnected from RevenueCat before it was sent. Nothing was done.";
                queries::advance(conn, request, &moved(ctx, State::Withdrawn, words))?;
            }
        }
    }
    open.sent.iter().try_for_each(|request| Ok(leave_to_a_person(conn, ctx, request)?))
}

fn carry_out_here(conn: &mut Conn, ctx: &Ctx, request: &Request, order: &Order) -> Result<(), Error> {
    if !queries::advance(conn, request, &moved(ctx, State::Confirmed, CARRIED_OUT_HERE))? {
        return Ok(());
    }
    let effect = effects::write(conn, ctx, request, order, ctx.now)?;
    let outcome = Outcome { request: request.id, at: ctx.now, reference: None, words: CARRIED_OUT_HERE.into() };
    Ok(queries::note_outcome(conn, (request.project, request.id), &outcome, effect)?)
}

fn leave_to_a_person(conn: &mut Conn, ctx: &Ctx, request: &Request) -> QueryResult<()> {
    let words = "The project was disconnected from RevenueCat, where nobody can read any more what came of it. Somebody has to say.";
    let key = (request.project, request.id);
    match request.state {
        State::Unknown => {
            let at = ctx.now;
            let step = Step { request: request.id, at, state: State::Unknown, person: None, words: words.into() };
            queries::add_step(conn, key, &step)?;
            queries::postpone(conn, key, None)
        }
        _ => queries::advance(conn, request, &moved(ctx, State::Unknown, words)).map(drop),
    }
}

fn moved(ctx: &Ctx, state: State, words: &str) -> Move {
    let person = ctx.actor.id.map(|id| PersonId(id.0));
    Move { state, at: ctx.now, due_at: None, person, words: words.to_owned() }
}
