//! Who may in: a secret key, and of the project that the path names.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;
use serde::Serialize;

use crate::api::{Caller, Inside, Needs, errors};
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

/// A call that was let in, and the project it is about.
pub struct Within<'a> {
    pub inside: &'a Inside<'a>,
    pub project: Project,
}

/// Runs `work` on one snapshot.
///
/// # Errors
/// [`crate::base::error::ApiError`] for a key that is not good for this project; what `work` returned.
pub async fn read<T, W>(caller: &Caller, work: W) -> Result<T, Error>
where
    T: Send + 'static,
    W: FnOnce(&mut Conn, &Within<'_>) -> Result<T, Error> + Send + 'static,
{
    let named = caller.parameter("project")?.to_owned();
    let inner = move |conn: &mut Conn, inside: &Inside<'_>| {
        let within = enter(conn, inside, &named)?;
        work(conn, &within)
    };
    caller.read(Needs::Secret, inner).await
}

/// Runs `work` as one action of whoever holds the key, and leaves its traces.
///
/// # Errors
/// As [`read`].
pub async fn act<T, W>(caller: &Caller, work: W) -> Result<T, Error>
where
    T: Send + 'static,
    W: FnOnce(&mut Conn, &Within<'_>) -> Result<(Vec<Trace>, T), Error> + Send + 'static,
{
    let named = caller.parameter("project")?.to_owned();
    let inner = move |conn: &mut Conn, inside: &Inside<'_>| {
        let within = enter(conn, inside, &named)?;
        work(conn, &within)
    };
    caller.act(Needs::Secret, inner).await
}

/// Asks for nothing but the right to call, before a body is read.
///
/// # Errors
/// As [`read`].
pub async fn authenticate(caller: &Caller) -> Result<(), Error> {
    read(caller, |_, _| Ok(())).await
}

/// An answer, with what is left of the key's minute.
pub fn answer(caller: &Caller, status: StatusCode, body: &impl Serialize) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    if let Some(spent) = caller.spent() {
        answer.insert_header((CALLS_USED, spent.calls));
        answer.insert_header((CALLS_LIMIT, spent.limit));
    }
    answer.json(body)
}

fn enter<'a>(conn: &mut Conn, inside: &'a Inside<'a>, named: &str) -> Result<Within<'a>, Error> {
    let project: Project = projects::table.find(inside.project).select(Project::as_select()).first(conn)?;
    match project.slug == named {
        true => Ok(Within { inside, project }),
        // Whether others have a project of this name is nobody's business.
        false => Err(errors::missing("The project of this key is not called so.")),
    }
}
