//! Health checks for load balancers and supervisors: is the process alive, and can it serve?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::web::Data;
use diesel::prelude::*;

use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::db::schema::secrets;
use crate::db::{Both, Conn, Db, Unavailable, durability, migrate};
use crate::web::{Face, Routes};

/// The database is checked at most once in this time, however often strangers ask.
const FRESH: Duration = Duration::from_secs(1);

const PROBE: &str = "readiness";

/// The last answer and its time.
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
    HttpResponse::Ok().json(serde_json::json!({ "status": "alive" }))
}

/// Says whether the tables are up to date and a change can be stored.
async fn readyz(db: Data<Db>, clock: Data<Clock>, readiness: Data<Readiness>) -> Result<HttpResponse, Error> {
    let warnings = match readiness.recent() {
        Some(warnings) => warnings,
        None => readiness.keep(check(&db, clock.now()).await?),
    };
    Ok(HttpResponse::Ok().json(serde_json::json!({ "status": "ready", "warnings": warnings })))
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
    fn recent(&self) -> Option<Vec<String>> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(at, _)| at.elapsed() < FRESH).map(|(_, warnings)| warnings.clone())
    }

    fn keep(&self, warnings: Vec<String>) -> Vec<String> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((Instant::now(), warnings.clone()));
        warnings
    }
}
