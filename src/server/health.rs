//! Health checks for load balancers and supervisors: is the process alive, and can it serve?

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde_json::json;

use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::db::schema::secrets;
use crate::db::{Both, Conn, Db, Unavailable, durability, migrate};
use crate::web::request_record::RequestRecord;
use crate::web::{Face, Routes, log};

/// The database is checked at most once in this time, however often strangers ask.
const FRESH: Duration = Duration::from_secs(1);

/// The `Retry-After` of a server that is not ready, in seconds.
const RETRY_SECONDS: u64 = 5;

const PROBE: &str = "readiness";

/// The warnings of the last check that succeeded, and its time.
#[derive(Clone, Default)]
pub struct Readiness(Arc<Mutex<Option<Answer>>>);

type Answer = (Instant, Vec<String>);

pub fn routes(routes: &mut Routes) {
    routes.face("/healthz", Face::Program);
    routes.public_get("/healthz", healthz);
    routes.face("/readyz", Face::Program);
    routes.public_get("/readyz", readyz);
    routes.public_get("/robots.txt", robots);
}

/// Says that the process is alive, without asking the database.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

/// Says whether the tables are up to date and a change can be stored: yes or no. Why not, and which settings are unsafe, is for
/// the log alone.
async fn readyz(
    req: HttpRequest,
    db: Data<Db>,
    clock: Data<Clock>,
    readiness: Data<Readiness>,
) -> Result<HttpResponse, Error> {
    if readiness.is_fresh() {
        return Ok(ready());
    }
    match check(&db, clock.now()).await {
        Ok(warnings) => {
            readiness.keep(warnings);
            Ok(ready())
        }
        Err(error) => Ok(not_ready(&req, &error)),
    }
}

fn ready() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ready" }))
}

fn not_ready(req: &HttpRequest, error: &Error) -> HttpResponse {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    log::failure(&RequestRecord::from_request(req), status, error.cause().unwrap_or("unknown"));
    HttpResponse::build(status).insert_header((RETRY_AFTER, RETRY_SECONDS)).json(json!({ "status": "not ready" }))
}

async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}

async fn check(db: &Data<Db>, now: Moment) -> Result<Vec<String>, Error> {
    let tables = db.clone();
    let is_done = tokio::task::spawn_blocking(move || migrate::is_done(&tables)).await;
    match is_done.unwrap_or_else(|error| Err(Unavailable(error.to_string())))? {
        true => db.write(move |conn| Ok(probe(conn, now)?)).await,
        false => Err(Error::Unavailable("the tables do not match this version of the program".into())),
    }
}

/// Writes a row: only a write notices a full disk or a file that became read-only.
fn probe(conn: &mut Conn, now: Moment) -> QueryResult<Vec<String>> {
    let value = now.millis().to_be_bytes().to_vec();
    let row = (secrets::name.eq(PROBE), secrets::value.eq(value.clone()));
    let insert = diesel::insert_into(secrets::table).values(row);
    Both(insert.on_conflict(secrets::name).do_update().set(secrets::value.eq(value))).execute(conn)?;
    durability::warnings(conn)
}

impl Readiness {
    fn is_fresh(&self) -> bool {
        self.lock().as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH)
    }

    /// Keeps what was found, and logs it when it differs from what was found before.
    fn keep(&self, warnings: Vec<String>) {
        let mut last = self.lock();
        let before = last.take().map(|(_, before)| before).unwrap_or_default();
        warnings
            .iter()
            .filter(|one| !before.contains(one))
            .for_each(|warning| tracing::warn!(warning, "unsafe setting"));
        *last = Some((Instant::now(), warnings));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
