//! Authorizes calls of v2: they need a secret key of the project that the path names.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;
use serde::Serialize;

use crate::api::{AuthorizedCall, Caller, Needs, errors};
use crate::audit::Trace;
use crate::base::clock::Moment;
use crate::base::error::{CALLS_LIMIT, CALLS_USED, Error};
use crate::db::Conn;
use crate::db::schema::projects;

/// The project of the key.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = projects)]
pub struct Project {
    pub slug: String,
    pub name: String,
    pub created_at: Moment,
}

/// An authorized call, and the project of its key, which is the one in the path.
pub struct ProjectCall<'a> {
    pub authorized: &'a AuthorizedCall<'a>,
    pub project: Project,
}

/// Authorizes the call, then runs `work` on one snapshot of the database.
///
/// # Errors
/// As [`Caller::read`], and [`Error::Client`] with status 404 when the key belongs to another project.
pub async fn read<T, W>(caller: &Caller, work: W) -> Result<T, Error>
where
    T: Send + 'static,
    W: FnOnce(&mut Conn, &ProjectCall<'_>) -> Result<T, Error> + Send + 'static,
{
    let named = caller.parameter("project")?.to_owned();
    let inner = move |conn: &mut Conn, call: &AuthorizedCall<'_>| {
        let project_call = authorize(conn, call, &named)?;
        work(conn, &project_call)
    };
    caller.read(Needs::Secret, inner).await
}

/// Authorizes the call, runs `work` in one write transaction and adds its traces to the audit log.
///
/// # Errors
/// As [`read`].
pub async fn act<T, W>(caller: &Caller, work: W) -> Result<T, Error>
where
    T: Send + 'static,
    W: FnOnce(&mut Conn, &ProjectCall<'_>) -> Result<(Vec<Trace>, T), Error> + Send + 'static,
{
    let named = caller.parameter("project")?.to_owned();
    let inner = move |conn: &mut Conn, call: &AuthorizedCall<'_>| {
        let project_call = authorize(conn, call, &named)?;
        work(conn, &project_call)
    };
    caller.act(Needs::Secret, inner).await
}

/// Authorizes the call and does nothing else. It comes before the body is read.
///
/// # Errors
/// As [`read`].
pub async fn authenticate(caller: &Caller) -> Result<(), Error> {
    read(caller, |_, _| Ok(())).await
}

/// A JSON answer, with headers for the used and the allowed calls of the key's minute.
pub fn answer(caller: &Caller, status: StatusCode, body: &impl Serialize) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    if let Some(spent) = caller.spent() {
        answer.insert_header((CALLS_USED, spent.calls));
        answer.insert_header((CALLS_LIMIT, spent.limit));
    }
    answer.json(body)
}

fn authorize<'a>(conn: &mut Conn, call: &'a AuthorizedCall<'a>, named: &str) -> Result<ProjectCall<'a>, Error> {
    let project: Project = projects::table.find(call.project).select(Project::as_select()).first(conn)?;
    match project.slug == named {
        true => Ok(ProjectCall { authorized: call, project }),
        // The answer does not reveal whether another team has a project with this name.
        false => Err(errors::missing("The key does not belong to this project.")),
    }
}
