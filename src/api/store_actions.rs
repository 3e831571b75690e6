//! What servers ask of the store of a purchase, in both versions (§C3.13 to §C3.17, §C6): the same requests as the page's.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use sha2::{Digest, Sha256};

use super::{AuthorizedCall, Caller, errors, idempotency};
use crate::base::Role;
use crate::base::error::Error;
use crate::base::hex;
use crate::base::ids::{CustomerId, RequestId};
use crate::db::Conn;
use crate::operations::requests::{Ask, NOT_TO_WAIT, Refusal, RefusalKind, Wish, Worker};
use crate::projection::Purchase;
use crate::requests::{Request, State, queries};
use crate::web::{form, shared};
use crate::wording::text::capitalised;

/// How long a call waits for the store. After that it answers that the request is under way.
const LONGEST_WAIT: Duration = Duration::from_secs(35);

/// The query field by which a call says that its request may wait for a second person.
const MAY_WAIT: &str = "wait_for_approval";

/// The purchase that a call names, and its customer.
pub struct Named {
    pub customer: CustomerId,
    /// An id of the customer, for the audit log.
    pub app_user_id: String,
    pub purchase: Purchase,
}

/// How far a request is when the call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Done,
    /// A second person has to agree, or the store has not said what came of it.
    UnderWay,
}

/// Asks the store for what the call wants, and waits for the answer.
///
/// # Errors
/// [`Error::Client`] when it cannot be asked for, needs a second person, or the store refuses; those of [`Caller::act`].
pub async fn ask(
    caller: &Caller,
    req: &HttpRequest,
    body: &[u8],
    find: impl FnOnce(&mut Conn, &AuthorizedCall) -> Result<(Named, Wish), Error> + Send + 'static,
) -> Result<Progress, Error> {
    let worker: Data<Worker> = shared(req)?;
    let once = once(req, body)?;
    let may_wait = form::field(&caller.query, MAY_WAIT).as_deref() == Some("true");
    let project = caller.call().ctx.project;
    let request = caller.act(move |conn, call| store(conn, call, find, once, may_wait)).await?;
    worker.look_now((project, request), LONGEST_WAIT).await;
    let stored = caller.read(move |conn, _| Ok(outcome(conn, (project, request))?)).await?;
    match stored {
        Some((request, _)) if request.is_done() => Ok(Progress::Done),
        Some((request, words)) if !request.state.is_open() => Err(not_done(&request, &words)),
        Some(_) => Ok(Progress::UnderWay),
        // The customer was erased meanwhile.
        None => Err(errors::no_customer()),
    }
}

fn store(
    conn: &mut Conn,
    call: &AuthorizedCall,
    find: impl FnOnce(&mut Conn, &AuthorizedCall) -> Result<(Named, Wish), Error>,
    once: Option<(String, String)>,
    may_wait: bool,
) -> Result<(Vec<crate::audit::Trace>, RequestId), Error> {
    let (Named { customer, app_user_id, purchase }, wish) = find(conn, call)?;
    let ask = Ask {
        customer,
        environment: purchase.environment,
        purchase: &purchase.key,
        wish,
        reason: None,
        role: call.key.role.unwrap_or(Role::Viewer),
        once: once.as_ref().map(|(key, hash)| (key.as_str(), hash.clone())),
        may_wait,
        waits: false,
    };
    let asked = ask.store(conn, &call.ctx)?.map_err(|refusal| refused(&refusal))?;
    let traces = asked.trace.map(|trace| trace.for_customer(customer, &app_user_id));
    Ok((traces.into_iter().collect(), asked.request))
}

/// The request, and what the last step says.
pub(super) fn outcome(conn: &mut Conn, key: queries::Key) -> diesel::QueryResult<Option<(Request, String)>> {
    let Some(request) = queries::find(conn, key)? else { return Ok(None) };
    let last = queries::steps(conn, key.0, &[key.1])?.pop();
    Ok(Some((request, last.map(|step| step.words).unwrap_or_default())))
}

/// The `Idempotency-Key` of the call, and the hash of what it asks for.
fn once(req: &HttpRequest, body: &[u8]) -> Result<Option<(String, String)>, Error> {
    let Some(key) = idempotency::key(req).map_err(errors::malformed)? else { return Ok(None) };
    let hash = hex(&Sha256::new().chain_update(req.path()).chain_update([0]).chain_update(body).finalize());
    Ok(Some((key, hash)))
}

/// Why it was not done. What was not even sent may be asked again.
pub(super) fn not_done(request: &Request, words: &str) -> Error {
    let asked_of = request.order().map_or_else(|_| "the store".into(), |order| order.asked_of());
    let message = match request.state {
        State::Refused if words.starts_with(NOT_TO_WAIT) => {
            let message = format!("{} was not asked. {words}", capitalised(&asked_of));
            return errors::refuse(StatusCode::LOCKED, errors::STORE_PROBLEM, &message);
        }
        State::Refused => format!("{} did not do it: {words}", capitalised(&asked_of)),
        State::Withdrawn | State::Expired => "Nobody agreed to it.".into(),
        State::Asked
        | State::Waiting
        | State::Sending
        | State::Pending
        | State::Unknown
        | State::Confirmed
        | State::Reversed => words.to_owned(),
    };
    errors::refuse(StatusCode::BAD_REQUEST, errors::STORE_PROBLEM, &message)
}

/// The answer to a call that asks for what is not possible.
pub fn refused(why: &Refusal) -> Error {
    let problem = |status| errors::refuse(status, errors::STORE_PROBLEM, &why.words());
    match why.kind() {
        RefusalKind::Missing => {
            errors::refuse(StatusCode::NOT_FOUND, errors::NO_CUSTOMER, "This customer has no such purchase.")
        }
        RefusalKind::Conflict => problem(StatusCode::CONFLICT),
        RefusalKind::Impossible => problem(StatusCode::BAD_REQUEST),
        RefusalKind::NotNow => problem(StatusCode::LOCKED),
    }
}
