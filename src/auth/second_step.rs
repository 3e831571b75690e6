//! The second step of a log-in: the code. Until it is right the session is only "half in", which opens no page but this,
//! and for five minutes.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::sessions::ROW;
use super::throttle::{Attempt, ThrottleKey};
use super::{address, browser, next, queries, second_factor, sessions};
use crate::audit::{Action, Everywhere, Trace};
use crate::auth::log_in::see;
use crate::base::clock::{Clock, Moment};
use crate::base::error::{Error, address_with_next};
use crate::base::ids::Ids;
use crate::base::monotonic::MonotonicClock;
use crate::db::{Conn, Db};
use crate::web::{Form, Layout, html};

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
    /// Nobody is half in, or not any more.
    Gone,
    Wrong,
    Right(i64),
}

/// Where the second step of a log-in is that leads on to `next`.
pub fn address(next: &str) -> String {
    with_next("/login/code", next)
}

/// `GET /login/code`
pub async fn show(
    asked: Query<Asked>,
    session: Session,
    db: Data<Db>,
    monotonic: Data<MonotonicClock>,
) -> Result<HttpResponse, Error> {
    let (row, now) = (row_of(&session)?, monotonic.now());
    match db.read(move |conn| who(conn, &row, now)).await? {
        Some(_) => html(StatusCode::OK, &form(&asked.next, false)),
        None => Ok(see(&with_next("/login", &asked.next))),
    }
}

/// `POST /login/code`: logged in, or the form again.
pub async fn answer(
    req: HttpRequest,
    session: Session,
    Form(typed): Form<Typed>,
    at: (Data<Db>, Data<Clock>, Data<MonotonicClock>, Data<Ids>),
    key: Data<ThrottleKey>,
) -> Result<HttpResponse, Error> {
    let (db, clock, monotonic, ids) = at;
    let (row, now, monotonic) = (row_of(&session)?, clock.now(), monotonic.now());
    let (id, from) = (ids.next(now), address::of_client(&req)?.to_string());
    let origin = address::origin(&req)?;
    let next = typed.next.clone();
    let check = move |conn: &mut Conn| {
        let Some(person) = who(conn, &row, monotonic)? else { return Ok(Outcome::Gone) };
        let everywhere = Everywhere::lock(conn, person)?;
        let attempt = Attempt::code(id, &key.0, person, &from);
        attempt.count(conn, monotonic)?;
        if !second_factor::queries::spend(conn, person, &typed.code, now)? {
            let trace = Trace::new(Action::SignInFailed).about("second factor");
            everywhere.append(conn, (&ids, now), &origin, &trace)?;
            return Ok(Outcome::Wrong);
        }
        attempt.forget(conn)?;
        queries::see_person(conn, person, now)?;
        let by =
            if second_factor::RecoveryCode::parse(&typed.code).is_some() { "recovery code" } else { "second factor" };
        everywhere.append(conn, (&ids, now), &origin, &Trace::new(Action::SignedIn).about(by))?;
        Ok::<_, Error>(Outcome::Right(person))
    };
    match db.write(check).await? {
        Outcome::Gone => Ok(see(&with_next("/login", &next))),
        Outcome::Wrong => html(StatusCode::UNPROCESSABLE_ENTITY, &form(&next, true)),
        Outcome::Right(person) => {
            sessions::begin(&session, person, browser::describe(&req))?;
            Ok(see(next::path(&next)))
        }
    }
}

/// Who is half in.
fn who(conn: &mut Conn, row: &str, now: Moment) -> Result<Option<i64>, Error> {
    let found = queries::half_in(conn, row)?;
    Ok(found.filter(|(_, since)| now.since(*since) <= MINUTES * 60_000).map(|(person, _)| person))
}

/// The row of the session; the empty one, which does not exist, without a cookie.
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
