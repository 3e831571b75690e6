//! Deciding about a request.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::Deserialize;

use super::page::RequestsPage;
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit;
use crate::base::error::{Error, Problem, Refusal};
use crate::base::ids::RequestId;
use crate::db::Conn;
use crate::operations::requests::{self, Decided, Settlement, Worker};
use crate::pages::profile::acting::Outcome;
use crate::pages::request_line::title;
use crate::requests::queries::{self, Key};
use crate::requests::{Request, State};
use crate::web::shared;

/// How long the answer waits for the store.
const WAIT: Duration = Duration::from_millis(1_500);

#[derive(Debug, Deserialize)]
pub struct Draft {
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Deserialize)]
pub struct SettleDraft {
    /// `done` or `not_done`.
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    reference: String,
    #[serde(default)]
    reason: String,
}

pub async fn approve(form: ActionForm<Draft>, req: HttpRequest) -> Outcome {
    let worker: Data<Worker> = shared(&req)?;
    let asked: Arc<OnceLock<Key>> = Arc::default();
    let slot = asked.clone();
    let answer = decide(form, "approve", move |action, request, draft: Draft| {
        let reason = reason(&draft.reason, false)?;
        let decided = requests::approve(action.conn, &action.ctx, request, reason)?;
        slot.get_or_init(|| (request.project, request.id));
        Ok((decided, "You agreed, and it is sent"))
    })
    .await?;
    if let Some(key) = asked.get() {
        worker.look_now(*key, WAIT).await;
    }
    Ok(answer)
}

pub async fn refuse(form: ActionForm<Draft>) -> Outcome {
    decide(form, "refuse", |action, request, draft: Draft| {
        let reason = reason(&draft.reason, true)?;
        Ok((requests::refuse(action.conn, &action.ctx, request, reason)?, "Refused"))
    })
    .await
}

pub async fn withdraw(form: ActionForm<Draft>) -> Outcome {
    decide(form, "withdraw", |action, request, draft: Draft| {
        let reason = reason(&draft.reason, false)?;
        Ok((requests::withdraw(action.conn, &action.ctx, request, reason)?, "Taken back"))
    })
    .await
}

pub async fn settle(form: ActionForm<SettleDraft>) -> Outcome {
    decide(form, "settle", |action, request, draft: SettleDraft| {
        let found = draft.parse()?;
        let words = if found.is_done { "Settled as done" } else { "Settled as not done" };
        Ok((requests::settle(action.conn, &action.ctx, request, found)?, words))
    })
    .await
}

/// Finds the request of the address, decides about it, and answers with the page.
async fn decide<T: Send + 'static>(
    form: ActionForm<T>,
    dialog: &str,
    work: impl FnOnce(&mut ActionContext<'_>, &Request, T) -> Result<(Decided, &'static str), Error> + Send + 'static,
) -> Outcome {
    let name = format!("{dialog}.{}", form.parameter("r")?);
    form.run::<RequestsPage, _>(&name, move |action, draft| {
        let request = find(action.conn, action.ctx.project, action.request.parameter("r")?)?;
        let (decided, words) = work(action, &request, draft)?;
        let trace = decided.map_err(|problem| refused(&problem))?;
        let order = request.order().map_err(|error| Error::Internal(error.to_string()))?;
        let message = format!("{words}: {}.", title(&order.wanted));
        let location = format!("/projects/{}/requests#request-{}", action.who.project.slug, request.id);
        Ok(Done::new(trace, message, location))
    })
    .await
}

fn find(conn: &mut Conn, project: crate::base::ids::ProjectId, id: &str) -> Result<Request, Error> {
    let id: RequestId = id.parse().map_err(|_| Error::NotFound)?;
    queries::find(conn, (project, id))?.ok_or(Error::NotFound)
}

impl SettleDraft {
    fn parse(self) -> Result<Settlement, Refusal> {
        let is_done = match self.outcome.as_str() {
            "done" => Ok(true),
            "not_done" => Ok(false),
            _ => Err(problem("outcome", "Say whether the store did it.")),
        };
        let reference = match audit::reason::parse(&self.reference) {
            Ok(Some(reference)) => Ok(reference),
            Ok(None) => Err(problem("reference", "Say where it can be seen: the store's number, a ticket, a link.")),
            Err(why) => Err(Problem { field: "reference", sentence: why.sentence() }),
        };
        let reason = reason(&self.reason, true).map(Option::unwrap_or_default);
        match (is_done, reference, reason) {
            (Ok(is_done), Ok(reference), Ok(reason)) => Ok(Settlement { is_done, reference, reason }),
            (is_done, reference, reason) => {
                let problems = [is_done.err(), reference.err(), reason.err()].into_iter().flatten().collect();
                Err(Refusal { problems, is_stale: false })
            }
        }
    }
}

fn reason(typed: &str, is_needed: bool) -> Result<Option<String>, Problem> {
    let reason = audit::reason::parse(typed).map_err(|why| Problem { field: "reason", sentence: why.sentence() })?;
    match reason {
        None if is_needed => Err(problem("reason", "Say why: whoever asked reads it.")),
        reason => Ok(reason),
    }
}

fn problem(field: &'static str, sentence: &str) -> Problem {
    Problem { field, sentence: sentence.into() }
}

fn refused(why: &requests::Problem) -> Error {
    let (sentence, is_stale) = match why {
        requests::Problem::OwnRequest => ("This is your own request: somebody else has to decide.".into(), false),
        requests::Problem::NotTheirs => ("Only whoever asked for it can take it back.".into(), false),
        requests::Problem::Over(state) => (over(*state).to_owned(), true),
        requests::Problem::Changed(refusal) => (
            format!("It cannot be sent as it was asked: {} Refuse it, and let it be asked anew.", refusal.words()),
            true,
        ),
    };
    Refusal { problems: vec![Problem { field: "", sentence }], is_stale }.into()
}

const fn over(state: State) -> &'static str {
    match state {
        State::Asked | State::Sending => "Too late: it is being sent.",
        State::Waiting => "It waits for a colleague.",
        State::Pending => "The store has accepted it, and decides.",
        State::Unknown => "It is being settled by reading at the store.",
        State::Confirmed => "It is done already.",
        State::Refused => "It was refused already.",
        State::Withdrawn => "It was taken back.",
        State::Expired => "It has ended: nobody agreed within 7 days.",
        State::Reversed => "The store has undone it.",
    }
}
