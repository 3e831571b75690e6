//! The second step of a log-in: the code of the second factor. Until the code is right, the session is "half in": it
//! opens no page but this one, and only for five minutes.

use std::sync::Arc;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::device::{Device, KnownAccount};
use super::sessions::ROW;
use super::throttle::{Attempt, ThrottleKey};
use super::{address, browser, next, queries, second_factor, sessions};
use crate::audit::{Action, Everywhere, Trace};
use crate::auth::log_in::see_other;
use crate::base::clock::{Clock, Moment};
use crate::base::error::{Error, address_with_next};
use crate::base::ids::{Ids, PersonId};
use crate::base::monotonic::MonotonicClock;
use crate::db::{Conn, Db};
use crate::web::{Form, Layout, filters, html};

/// How long the second step may take.
const MINUTES: i64 = 5;

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Typed {
    code: String,
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "auth/second_step.html")]
struct CodePage {
    layout: Layout,
    next: String,
    is_wrong: bool,
}

enum Outcome {
    /// The session is not half in, or its five minutes are over.
    Gone,
    Wrong,
    Right(KnownAccount),
}

/// The address of the second step of a log-in that leads to `next`.
pub fn address(next: &str) -> String {
    with_next("/login/code", next)
}

/// `GET /login/code`: the form, or a redirect to the log-in when the session is not half in.
pub async fn show(
    asked: Query<Asked>,
    session: Session,
    db: Data<Db>,
    monotonic: Data<MonotonicClock>,
) -> Result<HttpResponse, Error> {
    let (row, now) = (row_of(&session)?, monotonic.now());
    match db.read(move |conn| half_in_person(conn, &row, now)).await? {
        Some(_) => html(StatusCode::OK, &form(&asked.next, false)),
        None => Ok(see_other(&with_next("/login", &asked.next))),
    }
}

/// `POST /login/code`: logs the person in, or shows the form again.
pub async fn answer(
    req: HttpRequest,
    session: Session,
    Form(typed): Form<Typed>,
    at: (Data<Db>, Data<Clock>, Data<MonotonicClock>, Data<Ids>),
    key: Data<ThrottleKey>,
) -> Result<HttpResponse, Error> {
    let (db, clock, monotonic, ids) = at;
    let (row, now, monotonic) = (row_of(&session)?, clock.now(), monotonic.now());
    let (id, from) = (ids.next(now), address::of_person(&req)?);
    let device = Arc::new(Device::of_request(&req)?);
    let known = device.clone();
    let origin = address::origin(&req)?;
    let next = typed.next.clone();
    let check = move |conn: &mut Conn| {
        let Some(person) = half_in_person(conn, &row, monotonic)? else { return Ok(Outcome::Gone) };
        let everywhere = Everywhere::lock(conn, person, &ids, now, &origin)?;
        let account = queries::known_account(conn, person)?;
        let attempt = Attempt::code(id, &key.0, person, &known.source(Some(account), from));
        attempt.count(conn, monotonic)?;
        if !second_factor::queries::spend(conn, person, &typed.code, now)? {
            let trace = Trace::new(Action::SignInFailed).about("second factor");
            everywhere.append(conn, &trace)?;
            return Ok(Outcome::Wrong);
        }
        attempt.forget(conn)?;
        queries::record_last_seen(conn, person, now)?;
        let by =
            if second_factor::RecoveryCode::parse(&typed.code).is_some() { "recovery code" } else { "second factor" };
        everywhere.append(conn, &Trace::new(Action::SignedIn).about(by))?;
        Ok::<_, Error>(Outcome::Right(account))
    };
    match db.write(check).await? {
        Outcome::Gone => Ok(see_other(&with_next("/login", &next))),
        Outcome::Wrong => html(StatusCode::UNPROCESSABLE_ENTITY, &form(&next, true)),
        Outcome::Right(account) => {
            sessions::begin(&session, account.person, browser::describe(&req))?;
            let mut welcome = see_other(next::path(&next));
            device.remember(&mut welcome, account)?;
            Ok(welcome)
        }
    }
}

/// The person of a session that is half in and not yet over.
fn half_in_person(conn: &mut Conn, row: &str, now: Moment) -> Result<Option<PersonId>, Error> {
    let found = queries::person_awaiting_code(conn, row)?;
    Ok(found.filter(|(_, since)| now.since(*since) <= MINUTES * 60_000).map(|(person, _)| person))
}

/// The key of the session's row; without a cookie the empty text, which no row has.
pub fn row_of(session: &Session) -> Result<String, Error> {
    let row = session.get::<String>(ROW).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(row.unwrap_or_default())
}

fn form(next: &str, is_wrong: bool) -> CodePage {
    CodePage { layout: Layout::bare("Log in"), next: next::path(next).to_owned(), is_wrong }
}

fn with_next(page: &str, next: &str) -> String {
    address_with_next(page, next::path(next))
}
