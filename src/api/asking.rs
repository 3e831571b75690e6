//! What servers ask for in a project that is connected to RevenueCat: RevenueCat is asked first, as on the page, and the call waits
//! for its answer.

use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use super::store_actions::{not_done, outcome, refused};
use super::{AuthorizedCall, Caller, customers, errors};
use crate::base::error::Error;
use crate::base::ids::{CustomerId, RequestId};
use crate::db::Conn;
use crate::events::Environment;
use crate::operations::requests::{CustomerAsk, Worker};
use crate::requests::State;
use crate::stores::CustomerAct;
use crate::stores::revenuecat::queries::connected;
use crate::web::shared;

/// How long a call waits for RevenueCat.
const LONGEST_WAIT: Duration = Duration::from_secs(35);

/// What has to wait for another request is looked at again after so long.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// The key by which a program asks once, and the hash of what it says.
type Once = (String, String);

/// Asks for what `find` returns, if the project is connected. When this returns, RevenueCat has done it, and so has Dossier; or the
/// project is not connected, or there is nothing to ask for.
///
/// # Errors
/// [`Error::Client`] when RevenueCat refuses it, does not answer, or the customer is unknown; those of `find`.
pub async fn ask(
    caller: &Caller,
    req: &HttpRequest,
    id: &str,
    find: impl FnOnce(&mut Conn, &AuthorizedCall, CustomerId) -> Result<Option<CustomerAct>, Error> + Send + 'static,
) -> Result<(), Error> {
    ask_if_connected(caller, req, id, find).await.map(drop)
}

/// As [`ask`]. Returns whether the project is connected.
///
/// # Errors
/// As [`ask`].
pub async fn ask_if_connected(
    caller: &Caller,
    req: &HttpRequest,
    id: &str,
    find: impl FnOnce(&mut Conn, &AuthorizedCall, CustomerId) -> Result<Option<CustomerAct>, Error> + Send + 'static,
) -> Result<bool, Error> {
    ask_once(caller, req, id, None, find).await
}

/// As [`ask_if_connected`], for a call with a key by which it is made once.
///
/// # Errors
/// As [`ask`]; also when the key was used for something else.
pub async fn ask_once(
    caller: &Caller,
    req: &HttpRequest,
    id: &str,
    once: Option<Once>,
    find: impl FnOnce(&mut Conn, &AuthorizedCall, CustomerId) -> Result<Option<CustomerAct>, Error> + Send + 'static,
) -> Result<bool, Error> {
    let project = caller.call().ctx.project;
    if caller.read(move |conn, _| Ok(connected(conn, project)?)).await?.is_none() {
        return Ok(false);
    }
    let worker: Data<Worker> = shared(req)?;
    let id = id.to_owned();
    let asked = caller.act(move |conn, call| store(conn, call, &id, once, find)).await?;
    let Some((request, is_deletion)) = asked else { return Ok(true) };
    let begun = Instant::now();
    let mut found = None;
    while begun.elapsed() < LONGEST_WAIT {
        worker.look_now((project, request), LONGEST_WAIT.saturating_sub(begun.elapsed())).await;
        found = caller.read(move |conn, _| Ok(outcome(conn, (project, request))?)).await?;
        // Another one that is to be sent first may be under way.
        let is_to_send = found.as_ref().is_some_and(|(request, _)| request.state == State::Asked);
        if !is_to_send {
            break;
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
    match found {
        Some((request, _)) if request.is_done() => Ok(true),
        Some((request, words)) if !request.state.is_open() => Err(not_done(&request, &words)),
        Some(_) => {
            let message =
                "RevenueCat is asked, and it is not known yet what came of it. Read the customer before you ask again.";
            Err(errors::refuse(StatusCode::BAD_GATEWAY, errors::STORE_PROBLEM, message))
        }
        None if is_deletion => Ok(true),
        None => Err(errors::no_customer()),
    }
}

type Stored = (Vec<crate::audit::Trace>, Option<(RequestId, bool)>);

fn store(
    conn: &mut Conn,
    call: &AuthorizedCall,
    id: &str,
    once: Option<Once>,
    find: impl FnOnce(&mut Conn, &AuthorizedCall, CustomerId) -> Result<Option<CustomerAct>, Error>,
) -> Result<Stored, Error> {
    let customer = customers::require(conn, call, id)?;
    let Some(act) = find(conn, call, customer)? else { return Ok((Vec::new(), None)) };
    let is_deletion = matches!(act, CustomerAct::Delete { .. });
    let ask = CustomerAsk {
        customer,
        app_user_id: id,
        environment: Environment::Production,
        act,
        inverse: None,
        reason: None,
        waits: false,
        once: once.as_ref().map(|(key, hash)| (key.as_str(), hash.clone())),
    };
    let Some(asked) = ask.store(conn, &call.ctx)? else { return Ok((Vec::new(), None)) };
    let asked = asked.map_err(|refusal| refused(&refusal))?;
    let traces = asked.trace.map(|trace| trace.for_customer(customer, id));
    Ok((traces.into_iter().collect(), Some((asked.request, is_deletion))))
}
