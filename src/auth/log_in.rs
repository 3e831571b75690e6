//! Logging in and out, and the start page.

use std::net::IpAddr;
use std::sync::Arc;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::device::Device;
use super::password::{Passwords, Verdict};
use super::throttle::{Attempt, ThrottleKey};
use super::{address, browser, next, queries, second_factor, second_step, sessions};
use crate::audit::{Action, Everywhere, Origin, Trace};
use crate::auth::PageRequest;
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::{Ids, PersonId, RowId};
use crate::base::monotonic::MonotonicClock;
use crate::db::Db;
use crate::web::{Form, Layout, filters, html, html_for};
use crate::wording::text;

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

#[derive(Deserialize)]
pub struct Credentials {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    next: String,
    /// Present just after logging out. Whoever has a session was sent here by a link that is not true.
    out: Option<String>,
}

#[derive(Template)]
#[template(path = "auth/login.html")]
struct LogInPage {
    layout: Layout,
    email: String,
    next: String,
    said: Said,
}

/// What the page says above its form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Out,
    Wrong,
    /// After too many tries: the seconds until the next one counts.
    Wait(u64),
}

#[derive(Template)]
#[template(path = "auth/no_projects.html")]
struct NoProjects {
    layout: Layout,
}

/// `GET /login`: asks no database, so it works even when the database does not.
pub async fn log_in_page(asked: Query<Asked>, session: Session) -> Result<HttpResponse, Error> {
    let has_session =
        session.get::<String>(sessions::ROW).map_err(|error| Error::Internal(error.to_string()))?.is_some();
    let said = if asked.out.is_some() && !has_session { Said::Out } else { Said::Nothing };
    html(StatusCode::OK, &log_in_form(String::new(), &asked.next, said))
}

/// `POST /login`: begins a session with a new key, or shows the form again. It never reveals whether the account
/// exists.
pub async fn log_in(
    req: HttpRequest,
    session: Session,
    Form(typed): Form<Credentials>,
    at: (Data<Db>, Data<MonotonicClock>, Data<Ids>),
    locks: (Data<Passwords>, Data<ThrottleKey>),
) -> Result<HttpResponse, Error> {
    let ((db, monotonic, ids), (passwords, key)) = (at, locks);
    let (email, now) = (address_of_account(&typed.email), monotonic.now());
    let device = Arc::new(Device::of_request(&req)?);
    let comes = Comes { device: device.clone(), from: address::of_person(&req)?, id: ids.next(now), key };
    let (account, attempt) = match find_account(&db, comes, email, now).await {
        Err(Error::TooManyRequests { retry_after, .. }) => return wait(typed, retry_after),
        found => found?,
    };
    let (known, kept) = account.map(|account| (account.known(), account.password_hash)).unzip();
    let verdict = passwords.check(typed.password, kept).await?;
    let origin = address::origin(&req)?;
    let Some(account) = known.filter(|_| verdict != Verdict::Wrong) else {
        actix_web::rt::spawn(record_refusal(db, ids, known.map(|account| account.person), origin, now));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &log_in_form(typed.email, &typed.next, Said::Wrong));
    };
    if accept_password(&db, attempt, verdict, account.person, ids, now, origin).await? {
        sessions::begin_awaiting_code(&session, account.person)?;
        return Ok(see_other(&second_step::address(&typed.next)));
    }
    sessions::begin(&session, account.person, browser::describe(&req))?;
    let mut welcome = see_other(next::path(&typed.next));
    device.remember(&mut welcome, account)?;
    Ok(welcome)
}

/// `POST /logout`: deletes the row of the session, so that no copy of its cookie works any more. The cookie of the device
/// stays: it opens nothing.
pub async fn log_out(
    req: HttpRequest,
    session: Session,
    at: (Data<Db>, Data<Clock>, Data<Ids>),
) -> Result<HttpResponse, Error> {
    let (db, clock, ids) = at;
    let row = second_step::row_of(&session)?;
    let origin = address::origin(&req)?;
    db.write(move |conn| {
        let Some(person) = queries::person_of_session(conn, &row)? else { return Ok(()) };
        let trace = Trace::new(Action::SignedOut);
        Everywhere::lock(conn, person, &ids, clock.now(), &origin)?.append(conn, &trace)
    })
    .await?;
    session.purge();
    let mut response = see_other("/login?out=1");
    let everything = HeaderValue::from_static(r#""cache", "storage""#);
    response.headers_mut().insert(CLEAR_SITE_DATA, everything);
    Ok(response)
}

/// `GET /`: redirects to the customers of the person's first project.
pub async fn start(request: PageRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let logged_in = db.read(move |conn| request.authenticate(conn)).await?;
    let frame = logged_in.frame("");
    match frame.projects.first() {
        Some(project) => Ok(see_other(&project.customers())),
        None => {
            html_for(logged_in.preferences, StatusCode::OK, &NoProjects { layout: logged_in.layout("No project yet") })
        }
    }
}

fn log_in_form(email: String, next: &str, said: Said) -> LogInPage {
    let next = next::path(next).to_owned();
    LogInPage { layout: Layout::bare("Log in"), email, next, said }
}

/// The form after too many tries, which were not checked: it says for how long to wait.
fn wait(typed: Credentials, seconds: u64) -> Result<HttpResponse, Error> {
    let form = log_in_form(typed.email, &typed.next, Said::Wait(seconds));
    let mut response = html(StatusCode::TOO_MANY_REQUESTS, &form)?;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    Ok(response)
}

impl LogInPage {
    fn is_wrong(&self) -> bool {
        self.said == Said::Wrong
    }

    fn is_out(&self) -> bool {
        self.said == Said::Out
    }

    /// `30 seconds`, after too many tries.
    fn wait(&self) -> Option<String> {
        match self.said {
            Said::Wait(seconds) => Some(text::wait(seconds)),
            Said::Nothing | Said::Out | Said::Wrong => None,
        }
    }
}

/// Where a try to log in comes from, and what counts it.
struct Comes {
    device: Arc<Device>,
    from: IpAddr,
    id: RowId,
    key: Data<ThrottleKey>,
}

/// Counts the try. Returns the account, and what is counted.
async fn find_account(
    db: &Db,
    comes: Comes,
    email: String,
    now: Moment,
) -> Result<(Option<queries::OpenAccount>, Attempt), Error> {
    db.write(move |conn| {
        let account = queries::account(conn, &email)?;
        let source = comes.device.source(account.as_ref().map(queries::OpenAccount::known), comes.from);
        let attempt = Attempt::password(comes.id, &comes.key.0, &email, &source);
        attempt.count(conn, now)?;
        Ok((account, attempt))
    })
    .await
}

/// Handles a right password; returns whether the second factor must follow.
async fn accept_password(
    db: &Db,
    attempt: Attempt,
    verdict: Verdict,
    person: PersonId,
    ids: Data<Ids>,
    now: Moment,
    origin: Origin,
) -> Result<bool, Error> {
    db.write(move |conn| {
        let everywhere = Everywhere::lock(conn, person, &ids, now, &origin)?;
        if let Verdict::Outdated(hash) = verdict {
            queries::set_password(conn, person, &hash)?;
        }
        attempt.forget(conn)?;
        let has_second_factor = second_factor::queries::on_since(conn, person)?.is_some();
        if !has_second_factor {
            queries::record_last_seen(conn, person, now)?;
            everywhere.append(conn, &Trace::new(Action::SignedIn))?;
        }
        Ok(has_second_factor)
    })
    .await
}

/// Records a refused log-in. It runs after the answer, so that the answer takes no longer for an account that exists.
async fn record_refusal(db: Data<Db>, ids: Data<Ids>, known: Option<PersonId>, origin: Origin, now: Moment) {
    let Some(person) = known else { return };
    let recorded = db.write(move |conn| {
        Everywhere::lock(conn, person, &ids, now, &origin)?.append(conn, &Trace::new(Action::SignInFailed))
    });
    if let Err(error) = recorded.await {
        tracing::warn!(cause = error.cause(), "a refused log-in could not be recorded in the audit log");
    }
}

/// The e-mail address as accounts store it: in lower case. A text that cannot be an address becomes the empty one,
/// which no account has; PostgreSQL would reject NUL in a query.
pub fn address_of_account(typed: &str) -> String {
    let email = typed.trim().to_lowercase();
    if email.contains('\0') || email.len() > 320 { String::new() } else { email }
}

/// Redirects with 303, so that the browser asks for `path` with GET.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}
