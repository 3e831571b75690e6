//! Requests for pages. [`PageRequest`] holds what the program knows of a request before it asks the database. Then
//! [`PageRequest::authorize`] finds out, on the connection of the page, who asks and whether they may.

use std::future::{Ready, ready};
use std::sync::{Arc, OnceLock};

use actix_session::SessionExt;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, dev};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::project_roles::ProjectRoles;
use super::queries;
use super::queries::SessionLine;
use super::sessions::{Age, CheckedSession, ROW, is_proven};
use super::untrusted_proxy::UntrustedProxy;
use crate::audit::{Actor, Ctx, Everywhere, Origin};
use crate::auth::address;
use crate::base::clock::{Clock, Moment};
use crate::base::config::{Config, SessionLimits};
use crate::base::error::Error;
use crate::base::ids::{Ids, PersonId, ProjectId};
use crate::base::monotonic::MonotonicClock;
use crate::base::{Permission, Role};
use crate::db::schema::{people, projects};
use crate::db::{Conn, Db};
use crate::operations::requests;
use crate::stores::Lines;
use crate::web::request_record::{RequestRecord, Requester};
use crate::web::routes::RouteEntry;
use crate::web::{Access, Face, Frame, Layout, ProjectLink, Proof, Section, path, shared};
use crate::wording::{Preferences, text, times};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = people)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    pub email: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = projects)]
pub struct Project {
    pub id: ProjectId,
    pub slug: String,
    pub name: String,
    #[diesel(embed)]
    pub roles: ProjectRoles,
    pub requires_second_factor: bool,
    /// How many requests wait for somebody.
    #[diesel(select_expression = sql::<BigInt>(WAITING), select_expression_type = SqlLiteral<BigInt>)]
    pub waiting: i64,
    /// Since when no webhook has come although many used to.
    #[diesel(column_name = webhooks_silent_since)]
    pub silent_since: Option<Moment>,
    #[diesel(column_name = webhooks_usual_gap)]
    usual_gap: Option<i64>,
}

/// A scalar subquery on the small index of open requests.
const WAITING: &str =
    "(SELECT count(*) FROM requests WHERE requests.project_id = projects.id AND requests.open_as IS NOT NULL
    AND (requests.state = 'waiting' OR requests.state = 'unknown' AND requests.due_at IS NULL))";

/// The warnings that admins see on every page.
#[derive(Debug, Clone, Default)]
pub struct Warnings(pub Arc<[String]>);

/// What the program knows of a request for a page before it asks the database.
pub struct PageRequest {
    /// The moment at which the request is answered.
    pub now: Moment,
    config: Arc<Config>,
    lines: Lines,
    ids: Ids,
    origin: Origin,
    access: Access,
    /// Whether the page is shown only to people who proved recently who they are. For a form, its action asks.
    asks_proof: bool,
    parameters: Vec<(String, String)>,
    monotonic: Moment,
    limits: SessionLimits,
    return_to: String,
    warnings: Arc<[String]>,
    session: Arc<CheckedSession>,
    /// Set when the person proves with this very request who they are.
    proven_now: OnceLock<()>,
    record: Arc<RequestRecord>,
}

/// A person with a session, and their projects, ordered by name.
pub struct LoggedIn {
    pub person: Person,
    /// Whether they proved recently who they are.
    pub is_proven: bool,
    pub has_second_factor: bool,
    pub preferences: Preferences,
    pub projects: Vec<(Project, Role)>,
}

/// A person with a role in the project that was asked for.
#[derive(Debug, Clone)]
pub struct Member {
    pub person: Person,
    pub project: Project,
    pub role: Role,
    /// Whether they proved recently who they are; actions that cannot be undone require it.
    pub is_proven: bool,
    pub has_second_factor: bool,
    frame: Arc<Frame>,
}

/// Answers addresses that match no route. Members of a project see the error in the frame of the project. For
/// everybody else all these addresses look the same, whether the project exists or not.
pub async fn unknown_address(req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    if !req.path().starts_with("/projects/") {
        return Err(Error::NotFound);
    }
    let (method, pattern) = (req.method().clone(), "/projects/{p}".to_owned());
    let line = RouteEntry { method, pattern, access: Access::Person, face: Face::Page, proof: Proof::Never };
    RequestRecord::from_request(&req).matched.get_or_init(|| Arc::new(line));
    let error = match PageRequest::new(&req) {
        Ok(request) => request.refuse(&db, Error::NotFound).await,
        Err(error) => error,
    };
    Err(if matches!(error, Error::LogIn(_)) { Error::NotFound } else { error })
}

impl FromRequest for PageRequest {
    type Error = Error;
    type Future = Ready<Result<PageRequest, Error>>;

    fn from_request(req: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(PageRequest::new(req))
    }
}

impl PageRequest {
    fn new(req: &HttpRequest) -> Result<PageRequest, Error> {
        let missing = |what: &str| Error::Internal(format!("{what} is missing from the request"));
        let record = RequestRecord::from_request(req);
        let matched = record.matched.get().ok_or_else(|| missing("its route"))?.clone();
        let return_to = return_address(req);
        let row = req.get_session().get::<String>(ROW).map_err(|error| Error::Internal(error.to_string()))?;
        let row = row.ok_or_else(|| Error::LogIn(return_to.clone()))?;
        let parameters = path::named(&matched.pattern, req.uri().path()).ok_or(Error::NotFound)?;
        let session = Arc::new(CheckedSession::new(row));
        req.extensions_mut().insert(session.clone());
        let request = PageRequest {
            now: req.app_data::<Data<Clock>>().ok_or_else(|| missing("the clock"))?.now(),
            config: shared::<Config>(req)?.into_inner(),
            lines: shared::<requests::Worker>(req)?.lines.clone(),
            ids: shared::<Ids>(req)?.as_ref().clone(),
            origin: address::origin(req)?,
            monotonic: req.app_data::<Data<MonotonicClock>>().ok_or_else(|| missing("the clock"))?.now(),
            limits: shared::<Config>(req)?.session_limits,
            access: matched.access,
            asks_proof: matched.proof == Proof::Always && req.method().is_safe(),
            parameters,
            return_to,
            warnings: warnings(req)?,
            session,
            proven_now: OnceLock::new(),
            record,
        };
        if let Ok(id) = request.parameter("id") {
            request.record.requested_id.get_or_init(|| id.to_owned());
        }
        Ok(request)
    }

    /// The same request at a later moment, for an answer that stays open.
    #[must_use]
    pub fn at(&self, now: Moment, monotonic: Moment) -> PageRequest {
        PageRequest {
            now,
            config: self.config.clone(),
            lines: self.lines.clone(),
            ids: self.ids.clone(),
            origin: self.origin.clone(),
            monotonic,
            access: self.access,
            asks_proof: self.asks_proof,
            parameters: self.parameters.clone(),
            limits: self.limits,
            return_to: self.return_to.clone(),
            warnings: self.warnings.clone(),
            session: self.session.clone(),
            proven_now: self.proven_now.clone(),
            record: self.record.clone(),
        }
    }

    /// The connections to stores, which know whether a store answers.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The settings of the operator.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A `{name}` of the route's path, decoded once.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the route has no such parameter.
    pub fn parameter(&self, name: &str) -> Result<&str, Error> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).ok_or(Error::NotFound)
    }

    /// The project of the route, which is the lock that an action of this request waits for; empty for an account's own page.
    pub fn turn(&self) -> &str {
        self.parameter("p").unwrap_or_default()
    }

    /// The context of what this member does by the request.
    pub fn ctx(&self, member: &Member) -> Ctx {
        let actor = Actor::person(member.person.id, member.role.name()).with_origin(self.origin.clone());
        Ctx::new(member.project.id, &self.ids, self.now, actor)
    }

    /// Locks all projects of this person, for a change to their account.
    pub fn everywhere(&self, conn: &mut Conn, person: PersonId) -> QueryResult<Everywhere> {
        Everywhere::lock(conn, person, &self.ids, self.now, &self.origin)
    }

    /// An id for a new row.
    pub fn next_id<Id: From<i64>>(&self) -> Id {
        self.ids.next(self.now)
    }

    /// The key of the session's row in the table.
    pub fn session_row(&self) -> &str {
        &self.session.row
    }

    /// A session is not over when it was used since the first moment and begun since the second.
    pub fn open_since(&self) -> (Moment, Moment) {
        (self.limits.last_used(self.monotonic), self.limits.first_made(self.monotonic))
    }

    /// The customer's app user id in the path.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the route has no such parameter.
    pub fn app_user_id(&self) -> Result<&str, Error> {
        self.parameter("id")
    }

    /// Records that the person has just proved who they are: the session's new key is stored only after the answer.
    pub fn mark_proven(&self) {
        self.proven_now.get_or_init(|| ());
    }

    /// Records, for the error page, that the id in the path is blocked.
    pub fn mark_blocked(&self, may_unblock: bool) {
        self.record.blocked.get_or_init(|| may_unblock);
    }

    /// Finds the person, their project and their role, and checks the permission of the route. One query.
    ///
    /// # Errors
    /// [`Error::LogIn`] when the session is over. [`Error::NotFound`] when the project does not exist or the person is
    /// not a member. [`Error::SecondFactor`] when the project requires one and the person has none.
    /// [`Error::Forbidden`] when the role does not have the permission. [`Error::Unproven`] when the page asks for a proof.
    pub fn authorize(&self, conn: &mut Conn) -> Result<Member, Error> {
        let logged_in = self.authenticate(conn)?;
        let slug = self.parameter("p")?;
        let mut frame = logged_in.frame(slug);
        let found = logged_in.projects.iter().find(|(project, _)| project.slug == slug);
        let (project, role) = found.cloned().ok_or(Error::NotFound)?;
        if project.requires_second_factor && !logged_in.has_second_factor {
            return Err(Error::SecondFactor(self.return_to.clone()));
        }
        if role == Role::Admin {
            frame.warnings = self.warnings.clone();
            frame.silence = self.silence_of(&project);
        }
        let LoggedIn { person, is_proven, has_second_factor, .. } = logged_in;
        let member = Member { person, project, role, is_proven, has_second_factor, frame: Arc::new(frame) };
        self.record.frame.get_or_init(|| member.frame.clone());
        self.record.requester.get_or_init(|| Requester {
            project: member.project.id,
            slug: member.project.slug.clone(),
            person: member.person.id,
            role: member.role.name(),
        });
        match self.access {
            Access::Needs(permission) if !member.may(permission) => Err(Error::Forbidden(permission)),
            Access::Needs(_) | Access::Person if self.asks_proof && !member.is_proven => {
                Err(Error::Unproven(self.return_to.clone()))
            }
            Access::Needs(_) | Access::Person => Ok(member),
            Access::Public | Access::Key(_) => Err(Error::Internal("the route is not one for members".into())),
        }
    }

    /// That the project gets no webhooks any more, and what to look at.
    fn silence_of(&self, project: &Project) -> Option<String> {
        let since = project.silent_since?;
        let usual = project.usual_gap.map_or_else(String::new, |gap| {
            format!(" Usually one comes every {}.", text::count((gap / 60_000).max(1), "minute", "minutes"))
        });
        Some(format!(
            "since {}.{usual} Look in RevenueCat under Integrations, Webhooks: is the webhook on, is its \
             address {}, and how were its last deliveries answered? What came with a wrong value, or could not be read, stands \
             under Settings, Rejected deliveries.",
            times::day_and_time(since, self.now),
            self.config.address_of(&format!("/webhooks/revenuecat/{}", project.slug)),
        ))
    }

    /// Prepares `error` to be shown in the frame of the project. For somebody who may not use the route, returns the
    /// error of [`PageRequest::authorize`] instead.
    pub async fn refuse(self, db: &Db, error: Error) -> Error {
        db.read(move |conn| self.authorize(conn).map(drop)).await.err().unwrap_or(error)
    }

    /// Finds the person of the session, whatever the project. One query.
    ///
    /// # Errors
    /// [`Error::LogIn`] when the session is over or the account is closed.
    pub fn authenticate(&self, conn: &mut Conn) -> Result<LoggedIn, Error> {
        let lines = queries::lines_of_session(conn, &self.session.row)?;
        let (created_at, used_at, proved_at) = match lines.first() {
            Some(line) => (line.created_at, line.used_at, line.proved_at),
            None => return Err(Error::LogIn(self.return_to.clone())),
        };
        let age = self.limits.age(self.monotonic, created_at, used_at);
        self.session.found(age);
        match age {
            Age::Over => Err(Error::LogIn(self.return_to.clone())),
            Age::Fresh | Age::Stale => {
                let is_proven = self.proven_now.get().is_some() || is_proven(self.monotonic, proved_at);
                LoggedIn::new(lines, is_proven).ok_or(Error::NotFound)
            }
        }
    }
}

/// The warnings about settings, and about a proxy that is not trusted.
fn warnings(req: &HttpRequest) -> Result<Arc<[String]>, Error> {
    let settings = shared::<Warnings>(req)?.0.clone();
    match shared::<UntrustedProxy>(req)?.warning(shared::<Clock>(req)?.now()) {
        None => Ok(settings),
        Some(warning) => Ok(settings.iter().cloned().chain([warning]).collect()),
    }
}

/// Where to return to after logging in. A redirect cannot repeat a change, so after one this is the start page.
fn return_address(req: &HttpRequest) -> String {
    let path = req.uri().path_and_query().map_or("/", |path| path.as_str());
    if req.method().is_safe() { path.to_owned() } else { "/".to_owned() }
}

impl LoggedIn {
    fn new(lines: Vec<SessionLine>, is_proven: bool) -> Option<LoggedIn> {
        let first = lines.first()?;
        let person = first.person.clone();
        let preferences = Preferences::parse(&first.theme, first.time_zone.as_deref());
        let has_second_factor = first.second_factor_at.is_some();
        let mut projects: Vec<_> = lines.into_iter().filter_map(project_of).collect();
        projects.sort_by_cached_key(|(project, _)| (project.name.to_lowercase(), project.slug.clone()));
        Some(LoggedIn { person, is_proven, has_second_factor, preferences, projects })
    }

    /// The layout of a page that belongs to no project.
    pub fn layout(&self, title: &str) -> Layout {
        Layout::new(title, Some(Arc::new(self.frame(""))), Section::Elsewhere)
    }

    /// The frame for pages of the project `slug`. Without such a project, the frame for pages that belong to no
    /// project.
    pub fn frame(&self, slug: &str) -> Frame {
        let link = |project: &Project| ProjectLink { slug: project.slug.clone(), name: project.name.clone() };
        let here = self.projects.iter().find(|(project, _)| project.slug == slug);
        Frame {
            name: self.person.name.clone(),
            email: self.person.email.clone(),
            role: here.map_or("", |(_, role)| role.name()),
            project: here.map(|(project, _)| link(project)).unwrap_or_default(),
            projects: self.projects.iter().map(|(project, _)| link(project)).collect(),
            has_settings: here.is_some_and(|(_, role)| role.may(Permission::ReadSettings)),
            requests: here
                .filter(|(_, role)| role.may(Permission::ChangePurchases))
                .map(|(project, _)| project.waiting),
            warnings: Arc::default(),
            silence: None,
            preferences: self.preferences,
        }
    }
}

fn project_of(line: SessionLine) -> Option<(Project, Role)> {
    Some((line.project?, line.role?))
}

impl Member {
    pub fn may(&self, permission: Permission) -> bool {
        self.project.roles.allow(self.role, permission)
    }

    /// The layout of a page of the project.
    pub fn layout(&self, title: impl Into<String>, section: Section) -> Layout {
        Layout::new(title, Some(self.frame.clone()), section)
    }

    pub fn preferences(&self) -> Preferences {
        self.frame.preferences
    }

    /// All projects of the person, for the switcher.
    pub fn projects(&self) -> &[ProjectLink] {
        &self.frame.projects
    }
}
