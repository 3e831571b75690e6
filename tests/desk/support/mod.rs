//! [`Desk`]: the program with its own database, a clock that only the test advances, and ids that count up.

pub mod accounts;
pub mod acting;
pub mod audit_log;
pub mod canary;
pub mod cast;
pub mod catalogs;
pub mod client;
pub mod connected;
pub mod copied;
pub mod customers;
pub mod database;
pub mod desks;
pub mod events;
pub mod exports;
pub mod forms;
mod frames;
pub mod histories;
pub mod jobs;
pub mod lengths;
pub mod life_cycles;
pub mod operations;
pub mod pages;
pub mod phone;
pub mod processes;
pub mod project;
pub mod receiver;
pub mod refunds;
pub mod samples;
pub mod seed;
pub mod server;
mod service;
pub mod stand_in;
pub mod tables;
pub mod test_store;
pub mod traces;

use std::collections::HashMap;

use actix_web::body::{BoxBody, to_bytes};
use actix_web::cookie::{Cookie, CookieJar};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::TestRequest;
use cast::Person;
use database::{Template, TestDatabase};
use diesel::QueryResult;
use dossier::audit::Ctx;
use dossier::auth::queries::{NewProject, NewSession, insert_project, start_session};
use dossier::auth::sessions::{PERSON, row_of};
use dossier::base::allowlist::Allowlist;
use dossier::base::clock::{Clock, Moment};
use dossier::base::config::{Config, KeyLimits, SessionLimits};
use dossier::base::error::Error;
use dossier::base::ids::{Ids, ProjectId};
use dossier::base::master_key::MasterKeySource;
use dossier::base::random_bytes;
use dossier::db::{Conn, Db};
use dossier::server::app::Application;

/// The time at which each desk opens: 2026-11-23T17:00:00Z.
pub const NOW: Moment = Moment(1_795_453_200_000);
/// A day in milliseconds.
pub const DAY: i64 = 86_400_000;

/// One running program with its own database, two projects and the cast.
pub struct Desk {
    pub db: Db,
    pub clock: Clock,
    pub ids: Ids,
    /// The id of the project `sundial`.
    pub project: ProjectId,
    pub application: Application,
    // The last field, so that it is dropped after everything that uses it.
    _database: TestDatabase,
}

/// An HTTP response with its whole body.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Desk {
    /// Opens a desk with the public address `http://desk.example`.
    pub async fn open() -> Desk {
        Desk::open_at("http://desk.example").await
    }

    /// Opens a desk with another public address.
    pub async fn open_at(public_url: &str) -> Desk {
        Desk::open_with(|config| config.public_url = public_url.parse().expect("an address")).await
    }

    /// Opens a desk with other settings.
    pub async fn open_with(change: impl FnOnce(&mut Config)) -> Desk {
        Desk::open_in(TestDatabase::make(), change)
    }

    /// Opens a desk with what a template holds.
    pub async fn open_from(template: &Template) -> Desk {
        Desk::open_in(TestDatabase::of(template), |_| {})
    }

    fn open_in(database: TestDatabase, change: impl FnOnce(&mut Config)) -> Desk {
        let (clock, ids) = (Clock::set_to(NOW), Ids::of_node(1));
        let mut config = config(database.url());
        change(&mut config);
        let db = Db::open(&config.database_url, config.connections).expect("the database");
        let application = Application::new(db.clone(), clock.clone(), ids.clone(), config).expect("a site");
        Desk { db, clock, ids, project: seed::SUNDIAL_ID, application, _database: database }
    }

    /// The result of a query.
    pub fn read<T>(&self, query: impl FnOnce(&mut Conn) -> QueryResult<T>) -> T {
        self.db.read_here(|conn| Ok::<_, Error>(query(conn)?)).expect("it reads")
    }

    /// The context in which the program itself does something in the desk's project, now.
    pub fn ctx(&self) -> Ctx {
        self.ctx_in(self.project)
    }

    pub fn ctx_in(&self, project: ProjectId) -> Ctx {
        Ctx::system(project, &self.ids, self.clock.now())
    }

    /// The number that a query counts or reads.
    pub fn count(&self, query: impl FnOnce(&mut Conn) -> QueryResult<i64>) -> i64 {
        self.read(query)
    }

    /// Makes another empty project, for tests that need several. Returns its id.
    pub fn project_of_its_own(&self) -> ProjectId {
        let id = self.ids.next(self.clock.now());
        let new = NewProject { id, slug: &format!("p{id}"), name: "Its own", webhook_secret_hash: "" };
        self.db.write_here(|conn| Ok::<_, Error>(insert_project(conn, &new, NOW)?)).expect("a project");
        id
    }

    /// Gets a page in a new session of this person.
    pub async fn get(&self, person: &Person, path: &str) -> Answer {
        self.call(TestRequest::get().uri(path).insert_header(("cookie", self.cookie(person)))).await
    }

    /// The HTML of a page that opens for this person.
    pub async fn page(&self, person: &Person, path: &str) -> String {
        let answer = self.get(person, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        answer.body
    }

    /// As [`Desk::get`], in the session of this cookie.
    pub async fn get_with(&self, cookie: &str, path: &str) -> Answer {
        self.call(TestRequest::get().uri(path).insert_header(("cookie", cookie))).await
    }

    /// As [`Desk::post_form`], in the session of this cookie.
    pub async fn post_with(&self, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.call(form(path, fields).insert_header(("cookie", cookie))).await
    }

    /// Gets a page without a session.
    pub async fn anonymous_get(&self, path: &str) -> Answer {
        self.call(TestRequest::get().uri(path)).await
    }

    /// Posts a form as a browser does from a page of Dossier, in a new session of this person.
    pub async fn post_form(&self, person: &Person, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.call(form(path, fields).insert_header(("cookie", self.cookie(person)))).await
    }

    /// As [`Desk::post_form`], without a session.
    pub async fn anonymous_post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.call(form(path, fields)).await
    }

    /// Posts the same form `times` times at once.
    pub async fn post_form_at_once(
        &self,
        person: &Person,
        path: &str,
        fields: &[(&str, &str)],
        times: usize,
    ) -> Vec<Answer> {
        let cookie = self.cookie(person);
        let request = || form(path, fields).insert_header(("cookie", cookie.clone()));
        self.call_at_once((0..times).map(|_| request()).collect()).await
    }

    /// Sends any request.
    pub async fn call(&self, request: TestRequest) -> Answer {
        send(&self.application, request).await
    }

    /// Starts a session and returns its cookie as `name=value`.
    pub fn cookie(&self, person: &Person) -> String {
        let key = dossier::base::hex(&random_bytes::<32>().expect("random bytes"));
        let state = HashMap::from([(PERSON.to_owned(), person.id.to_string())]);
        let limits = SessionLimits::default();
        let new = NewSession {
            row: row_of(&key),
            person: Some(person.id),
            person_awaiting_code_id: None,
            browser: String::new(),
            state,
            now: self.clock.now(),
            limits,
        };
        self.db.write_here(|conn| Ok::<_, Error>(start_session(conn, &new)?)).expect("a session");
        let mut jar = CookieJar::new();
        let cookie = Cookie::new(self.application.session_cookie(), key);
        jar.signed_mut(&self.application.session_key()).add(cookie);
        jar.delta().map(|cookie| cookie.encoded().to_string()).collect()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        processes::close(&self.application);
    }
}

/// Sends a request to a process.
async fn send(application: &Application, request: TestRequest) -> Answer {
    let response = match service::of(application).await.call(request.to_request()).await {
        Ok(response) => ServiceResponse::into_parts(response).1,
        Err(error) => error.as_response_error().error_response(),
    };
    Answer::new(response).await
}

impl Answer {
    async fn new(response: actix_web::HttpResponse<BoxBody>) -> Answer {
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body()).await.unwrap_or_else(|error| panic!("{error}"));
        Answer { status, headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// The header's value, or an empty text where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a plain header"))
    }

    /// The path and the fragment of the redirect, without the `done` parameter.
    pub fn location(&self) -> String {
        let location = self.header("location");
        let (path, fragment) = location.split_once('#').unwrap_or((location, ""));
        let path = path.split(['?', '&']).filter(|part| !part.starts_with("done=")).collect::<Vec<_>>().join("?");
        format!("{path}#{fragment}")
    }

    /// The `done` parameter of the redirect: the id of the submission.
    pub fn submission(&self) -> String {
        let query = self.header("location").split_once("done=").map_or("", |(_, rest)| rest);
        query.split(['&', '#']).next().unwrap_or_default().to_owned()
    }

    /// The session that it sets, as `name=value`.
    pub fn cookie(&self) -> String {
        let session = self.set_cookie("session");
        session.split(';').next().unwrap_or_default().to_owned()
    }

    /// The header that sets the cookie of this name, with or without `__Host-`; empty where there is none.
    pub fn set_cookie(&self, name: &str) -> &str {
        let all = self.headers.get_all("set-cookie").map(|value| value.to_str().expect("a plain header"));
        let mut own = all.filter(|value| value.trim_start_matches("__Host-").starts_with(&format!("{name}=")));
        own.next().unwrap_or_default()
    }
}

/// The post of a form, as a browser sends it from a page of Dossier.
pub fn form(path: &str, fields: &[(&str, &str)]) -> TestRequest {
    let request = TestRequest::post().uri(path).insert_header(("sec-fetch-site", "same-origin"));
    request.set_form(fields)
}

fn config(database_url: String) -> Config {
    Config {
        database_url,
        bind: "127.0.0.1:0".parse().expect("an address"),
        public_url: "http://desk.example".parse().expect("an address"),
        trusted_proxies: Vec::new(),
        geoip: None,
        workers: 1,
        connections: 4,
        session_limits: SessionLimits::default(),
        key_limits: KeyLimits::default(),
        allowlist: Allowlist::default(),
        master_key: MasterKeySource::Given(server::MASTER_KEY.into()),
        place: None,
        test_store_delay: std::time::Duration::ZERO,
        log: "off".into(),
    }
}
