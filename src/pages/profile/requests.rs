//! What was asked of stores for this customer, as the cards show it: at the purchase, and in the history.

use diesel::QueryResult;

use super::subject::Subject;
use crate::base::Permission::ChangePurchases;
use crate::base::clock::Moment;
use crate::base::ids::{EventId, PersonId};
use crate::db::Conn;
use crate::events::Environment;
use crate::pages::request_line::{self, RequestLine, Shown};
use crate::requests::{State, queries};
use crate::stores::{ActionKind, OrderKind};

/// How many requests a page shows.
const MOST: i64 = 50;

/// For how many minutes what was done for the customer is still said at the top.
const MINUTES_AFTERWARDS: i64 = 10;

/// For how many days a finished request stands at its purchase.
const DAYS_AT_PURCHASE: i64 = 7;

#[derive(Debug, Default)]
pub struct Requests {
    /// The newest first.
    all: Vec<Shown>,
    now: Moment,
}

impl Requests {
    /// One query, and two more where something was asked.
    pub fn load(conn: &mut Conn, subject: &Subject) -> QueryResult<Requests> {
        let requests = queries::of_customer(conn, subject.customer.id, MOST)?;
        let project = (subject.project.id, subject.project.slug.as_str());
        let now = subject.ctx.now;
        let who = subject.ctx.actor.id.map(|id| PersonId(id.0)).filter(|_| subject.may(ChangePurchases));
        Ok(Requests { all: request_line::shown(conn, project, requests, (who, subject.connected, now))?, now })
    }

    /// How many steps the page shows.
    pub fn steps(&self) -> usize {
        self.all.iter().map(|one| one.line.steps.len()).sum()
    }

    /// The newest request about a purchase, if it is open or has ended only lately.
    pub fn of_purchase(&self, environment: Environment, key: &str) -> Option<&RequestLine> {
        let newest =
            self.all.iter().find(|one| one.request.environment == environment && one.request.purchase == key)?;
        let since = self.now.plus_days(-DAYS_AT_PURCHASE);
        let is_shown = newest.request.state.is_open() || newest.request.state_at > since;
        is_shown.then_some(&newest.line)
    }

    /// The open request of a kind about a purchase, and of a refund about the same payment.
    pub fn open(
        &self,
        kind: ActionKind,
        (environment, key): (Environment, &str),
        payment: Option<&str>,
    ) -> Option<&Shown> {
        let is_it = |one: &&Shown| {
            let request = &one.request;
            let is_same = request.environment == environment
                && request.purchase == key
                && request.kind == OrderKind::Purchase(kind);
            let is_payment = kind != ActionKind::Refund || one.order.transaction_id.as_deref() == payment;
            is_same && is_payment && request.state.is_open()
        };
        self.all.iter().find(is_it)
    }

    /// What was asked for the customer as a whole and is open, or has ended a moment ago; what was refused, for a day.
    pub fn about_customer(&self) -> Vec<&RequestLine> {
        let is_shown = |one: &&Shown| {
            let since = match one.request.state {
                State::Refused => self.now.plus_days(-1),
                _ => self.now.plus_minutes(-MINUTES_AFTERWARDS),
            };
            !one.order.wanted.is_about_a_purchase() && (one.request.state.is_open() || one.request.state_at > since)
        };
        self.all.iter().filter(is_shown).map(|one| &one.line).collect()
    }

    /// The request of which an event says what came of it.
    pub fn of_event(&self, event: EventId) -> Option<&RequestLine> {
        let is_it = |one: &&Shown| one.request.effect_event == Some(event) || one.request.echo_event == Some(event);
        self.all.iter().find(is_it).map(|one| &one.line)
    }

    /// The requests of which no event says what came of them.
    pub fn without_event(&self, environment: Environment) -> impl Iterator<Item = &Shown> {
        let is_told = |one: &Shown| {
            let has_event = one.request.effect_event.is_some() || one.request.echo_event.is_some();
            one.request.state == State::Confirmed && (has_event || !one.order.wanted.is_about_a_purchase())
        };
        self.all.iter().filter(move |one| one.request.environment == environment && !is_told(one))
    }
}
