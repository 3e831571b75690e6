//! `GET /v2/projects`: the project of the key. Clients that export in bulk start here.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;
use serde::Serialize;

use super::list::{List, Window};
use crate::api::v2::project_call::{self, Project};
use crate::api::{Caller, Needs};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::schema::projects;

#[derive(Debug, Serialize)]
struct Shown {
    object: &'static str,
    id: String,
    name: String,
    created_at: Moment,
}

pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let window = Window::parse(&caller.query, "/v2/projects".into())?;
    let project: Project = caller
        .read(Needs::Secret, |conn, call| {
            Ok(projects::table.find(call.project).select(Project::as_select()).first(conn)?)
        })
        .await?;
    let Project { slug, name, created_at } = project;
    let shown = vec![Shown { object: "project", id: slug, name, created_at }];
    let list: List<Shown> = window.cut(shown, |project| project.id.clone())?;
    Ok(project_call::answer(&caller, StatusCode::OK, &list))
}
