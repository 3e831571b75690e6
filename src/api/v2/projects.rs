//! `GET /v2/projects`: the project of the key. Clients that export in bulk start here.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::answer;
use super::list::{List, Window};
use crate::api::Caller;
use crate::auth::api_keys::KeyProject;
use crate::base::clock::Moment;
use crate::base::error::Error;

#[derive(Debug, Serialize)]
struct Shown {
    object: &'static str,
    id: String,
    name: String,
    created_at: Moment,
}

pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let window = Window::parse(&caller.query, "/v2/projects".into())?;
    let KeyProject { slug, name, created_at, .. } = caller.call().key.project.clone();
    let shown = vec![Shown { object: "project", id: slug, name, created_at }];
    let list: List<Shown> = window.cut(shown, |project| project.id.clone())?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}
