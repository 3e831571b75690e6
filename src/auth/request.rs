//! The door of a project's pages. [`PageRequest`] takes from a request what can be known without the database;
//! [`PageRequest::authorize`] then asks, on the page's own connection, who this is and whether they may.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_session::SessionExt;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, dev};
use diesel::prelude::*;

use super::queries;
use super::queries::SessionLine;
use super::sessions::{Age, Pass, ROW, is_proven};
use crate::base::clock::{Clock, Moment};
use crate::base::config::{Config, SessionLimits};
use crate::base::error::Error;
use crate::base::monotonic::MonotonicClock;
use crate::base::{Permission, Role};
use crate::db::schema::projects;
use crate::db::{Conn, Db};
use crate::web::routes::Matched;
use crate::web::trail::{Asking, Trail};
use crate::web::{Access, Frame, Layout, ProjectLink, Section, path};
use crate::wording::Preferences;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: i64,
    pub name: String,
    pub email: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = projects)]
pub struct Project {
    pub id: i64,
    pub slug: String,
    pub name: String,
    /// Whether support and developers may delete customers as well.
    pub others_may_delete: bool,
    pub requires_second_factor: bool,
}

/// What an admin must be told on every page.
#[derive(Debug, Clone, Default)]
pub struct Warnings(pub Arc<[String]>);

/// Before the door.
pub struct PageRequest {
    /// The moment at which the request is answered.
    pub now: Moment,
    access: Access,
    parameters: Vec<(String, String)>,
    monotonic: Moment,
    limits: SessionLimits,
    return_to: String,
    warnings: Arc<[String]>,
    pass: Arc<Pass>,
    trail: Arc<Trail>,
}

/// Somebody who is logged in, and their projects by name.
pub struct LoggedIn {
    pub person: Person,
    /// Whether they proved lately who they are.
    pub is_proven: bool,
    pub has_second_factor: bool,
    pub preferences: Preferences,
    pub projects: Vec<(Project, Role)>,
}

/// Inside: a person in a project.
#[derive(Debug, Clone)]
pub struct Member {
    pub person: Person,
    pub project: Project,
    pub role: Role,
    /// Whether they proved lately who they are: what cannot be taken back asks for that.
    pub is_proven: bool,
    pub has_second_factor: bool,
    frame: Arc<Frame>,
}

/// The answer to addresses that no route knows. Below a project its members see it in their frame; to everybody else
/// all such addresses look the same, whether or not there is a project.
pub async fn nowhere(req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    if !req.path().starts_with("/projects/") {
        return Err(Error::NotFound);
    }
    let line = Matched { method: req.method().clone(), pattern: "/projects/{p}".into(), access: Access::Person };
    Trail::from_request(&req).matched.get_or_init(|| Arc::new(line));
    let error = match PageRequest::before(&req) {
        Ok(request) => request.refuse(&db, Error::NotFound).await,
        Err(error) => error,
    };
    Err(if matches!(error, Error::LogIn(_)) { Error::NotFound } else { error })
}

impl FromRequest for PageRequest {
    type Error = Error;
    type Future = Ready<Result<PageRequest, Error>>;

    fn from_request(req: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(PageRequest::before(req))
    }
}

impl PageRequest {
    fn before(req: &HttpRequest) -> Result<PageRequest, Error> {
        let lost = |what: &str| Error::Internal(format!("{what} is missing from the request"));
        let trail = Trail::from_request(req);
        let matched = trail.matched.get().ok_or_else(|| lost("its route"))?.clone();
        let return_to = return_address(req);
        let row = req.get_session().get::<String>(ROW).map_err(|error| Error::Internal(error.to_string()))?;
        let row = row.ok_or_else(|| Error::LogIn(return_to.clone()))?;
        let parameters = path::named(&matched.pattern, req.uri().path()).ok_or(Error::NotFound)?;
        let pass = Arc::new(Pass::new(row));
        req.extensions_mut().insert(pass.clone());
        let request = PageRequest {
            now: req.app_data::<Data<Clock>>().ok_or_else(|| lost("the clock"))?.now(),
            monotonic: req.app_data::<Data<MonotonicClock>>().ok_or_else(|| lost("the clock"))?.now(),
            limits: req.app_data::<Data<Config>>().map(|config| config.session_limits).unwrap_or_default(),
            access: matched.access,
            parameters,
            return_to,
            warnings: req.app_data::<Data<Warnings>>().map(|warnings| warnings.0.clone()).unwrap_or_default(),
            pass,
            trail,
        };
        if let Ok(id) = request.parameter("id") {
            request.trail.sought.get_or_init(|| id.to_owned());
        }
        Ok(request)
    }

    /// The same door at a later moment: for an answer that goes on and on.
    #[must_use]
    pub fn at(&self, now: Moment, monotonic: Moment) -> PageRequest {
        PageRequest {
            now,
            monotonic,
            access: self.access,
            parameters: self.parameters.clone(),
            limits: self.limits,
            return_to: self.return_to.clone(),
            warnings: self.warnings.clone(),
            pass: self.pass.clone(),
            trail: self.trail.clone(),
        }
    }

    /// A `{name}` of the route's path, decoded once.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the route has none of that name.
    pub fn parameter(&self, name: &str) -> Result<&str, Error> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).ok_or(Error::NotFound)
    }

    /// The row of the session that asks.
    pub fn session_row(&self) -> &str {
        &self.pass.row
    }

    /// Sessions used and made since these moments are not over.
    pub fn open_since(&self) -> (Moment, Moment) {
        (self.limits.last_used(self.monotonic), self.limits.first_made(self.monotonic))
    }

    /// The customer's app user id in the path.
    ///
    /// # Errors
    /// [`Error::NotFound`] on a route without one.
    pub fn app_user_id(&self) -> Result<&str, Error> {
        self.parameter("id")
    }

    /// Remembers for the page of the error that the id in the path is blocked.
    pub fn is_to_blocked(&self, may_unblock: bool) {
        self.trail.blocked.get_or_init(|| may_unblock);
    }

    /// Lets in whoever may use this route. One query.
    ///
    /// # Errors
    /// [`Error::LogIn`]; [`Error::NotFound`] for a project that does not exist or is not this person's;
    /// [`Error::SecondFactor`] for one that requires what this person has not; [`Error::Forbidden`] without the permission.
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
        }
        let LoggedIn { person, is_proven, has_second_factor, .. } = logged_in;
        let member = Member { person, project, role, is_proven, has_second_factor, frame: Arc::new(frame) };
        self.trail.frame.get_or_init(|| member.frame.clone());
        self.trail.asking.get_or_init(|| Asking {
            project: member.project.id,
            person: member.person.id,
            role: member.role.name(),
        });
        match self.access {
            Access::Needs(permission) if !member.may(permission) => Err(Error::Forbidden(permission)),
            _ => Ok(member),
        }
    }

    /// An error to be told inside the frame; who may not come in learns that instead.
    pub async fn refuse(self, db: &Db, error: Error) -> Error {
        db.read(move |conn| self.authorize(conn).map(drop)).await.err().unwrap_or(error)
    }

    /// Finds out who this is, whatever the project. One query.
    ///
    /// # Errors
    /// [`Error::LogIn`] when the session is over or its person gone.
    pub fn authenticate(&self, conn: &mut Conn) -> Result<LoggedIn, Error> {
        let lines = queries::lines_of_session(conn, &self.pass.row)?;
        let (created_at, used_at, proved_at) = match lines.first() {
            Some(line) => (line.created_at, line.used_at, line.proved_at),
            None => return Err(Error::LogIn(self.return_to.clone())),
        };
        let age = self.limits.age(self.monotonic, created_at, used_at);
        self.pass.found(age);
        match age {
            Age::Over => Err(Error::LogIn(self.return_to.clone())),
            Age::Fresh | Age::Stale => {
                LoggedIn::new(lines, is_proven(self.monotonic, proved_at)).ok_or(Error::NotFound)
            }
        }
    }
}

/// A change cannot be repeated by a redirect, so after a log-in it is the start page.
fn return_address(req: &HttpRequest) -> String {
    let path = req.uri().path_and_query().map_or("/", |path| path.as_str());
    if req.method().is_safe() { path.to_owned() } else { "/".to_owned() }
}

impl LoggedIn {
    fn new(lines: Vec<SessionLine>, is_proven: bool) -> Option<LoggedIn> {
        let first = lines.first()?;
        let (id, name, email) = first.person.clone();
        let (theme, zone) = &first.preferences;
        let (preferences, has_second_factor) =
            (Preferences::parse(theme, zone.as_deref()), first.second_factor_at.is_some());
        let mut projects: Vec<_> = lines.into_iter().filter_map(project_of).collect();
        projects.sort_by_cached_key(|(project, _)| (project.name.to_lowercase(), project.slug.clone()));
        Some(LoggedIn { person: Person { id, name, email }, is_proven, has_second_factor, preferences, projects })
    }

    /// What surrounds a page that belongs to no project.
    pub fn layout(&self, title: &str) -> Layout {
        Layout::new(title, Some(Arc::new(self.frame(""))), Section::Elsewhere)
    }

    /// The frame of the pages of the project `slug`; of pages without a project where there is none.
    pub fn frame(&self, slug: &str) -> Frame {
        let place = |project: &Project| ProjectLink { slug: project.slug.clone(), name: project.name.clone() };
        let here = self.projects.iter().find(|(project, _)| project.slug == slug);
        Frame {
            name: self.person.name.clone(),
            email: self.person.email.clone(),
            role: here.map_or("", |(_, role)| role.name()),
            project: here.map(|(project, _)| place(project)).unwrap_or_default(),
            projects: self.projects.iter().map(|(project, _)| place(project)).collect(),
            has_settings: here.is_some_and(|(_, role)| role.may(Permission::ReadSettings)),
            warnings: Arc::default(),
            preferences: self.preferences,
        }
    }
}

fn project_of(line: SessionLine) -> Option<(Project, Role)> {
    Some((line.project?, Role::parse(&line.role?)?))
}

impl Member {
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may_in(self.project.others_may_delete, permission)
    }

    /// What surrounds a page for this member.
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
